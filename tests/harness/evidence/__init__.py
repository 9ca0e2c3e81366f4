"""`make evidence`: the platform applied, looked at and attacked, and all that was found in a pack.

What a pack says and how it is written is in :mod:`pci_dss.evidence`; here it is found out.
"""
