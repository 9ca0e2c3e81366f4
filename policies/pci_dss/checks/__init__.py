"""For checkov's ``--external-checks-dir``: every policy as a checkov check."""
