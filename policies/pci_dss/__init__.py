"""PCI DSS policies on Terraform plans and modules, and the evidence made of what they find.

:mod:`pci_dss.policies` judges resources and needs nothing but Python. :mod:`pci_dss.scanner` runs
it within checkov, beside the built-in checks of :data:`profile.toml`, in an environment of its own.
"""
