"""Warm providers: Terraform talks to a proxy instead of launching hashicorp/aws three times.

`client.py` leases, `server.py` is the process that serves, `proxy.py` binds connections to
provider processes, and `guard.py` refuses what lands in a wrong account.
"""

from harness.terraform.warm.client import WarmProviders, shared

__all__ = ["WarmProviders", "shared"]
