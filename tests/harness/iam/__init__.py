"""Decides what IAM's policies allow: documents in, decisions out, without any AWS behind it.

The edge asks it for each request; tests ask it what a role of some account may do.
"""

from harness.iam.conditions import Lookup
from harness.iam.entities import Permissions, read_role, read_user
from harness.iam.policies import (
    AccessRequest,
    Decision,
    Policy,
    PolicyError,
    Principal,
    Statement,
    authorize,
    evaluate,
)

__all__ = [
    "AccessRequest",
    "Decision",
    "Lookup",
    "Permissions",
    "Policy",
    "PolicyError",
    "Principal",
    "Statement",
    "authorize",
    "evaluate",
    "read_role",
    "read_user",
]
