"""Judges OSCAL assessment results that we wrote, by what others published.

NIST's JSON schema says what a document may hold; compliance-trestle reads it into its own models
and looks for ids that are there twice. References between the parts nobody else checks: here they
must lead somewhere. Runs in an environment of its own: ``make .venv-oscal/.installed``.
"""
