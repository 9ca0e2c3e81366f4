"""The evidence pack: what was found, by requirement and resource, in forms for people and programs.

Everything is made of :mod:`pci_dss.evidence.model`; a pack verifies offline, from itself alone.
"""
