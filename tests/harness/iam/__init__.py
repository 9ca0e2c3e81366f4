"""Decides what IAM's policies allow: documents in, decisions out, and which statement decided.

The edge asks :func:`authorize` for each request. :class:`Snapshot` answers for the roles, resources
and control policies of an organization: nothing is sent, so nothing can break.
"""

from harness.iam.conditions import Lookup, PolicyError
from harness.iam.context import principal_keys
from harness.iam.decisions import (
    Decision,
    Level,
    Policies,
    PolicyType,
    Verdict,
    authorize,
    evaluate,
)
from harness.iam.entities import Permissions, read_role, read_user
from harness.iam.organization import Member, Organization, read_organization
from harness.iam.policies import AccessRequest, Grant, Policy, Principal, Statement
from harness.iam.snapshot import Snapshot

__all__ = [
    "AccessRequest",
    "Decision",
    "Grant",
    "Level",
    "Lookup",
    "Member",
    "Organization",
    "Permissions",
    "Policies",
    "Policy",
    "PolicyError",
    "PolicyType",
    "Principal",
    "Snapshot",
    "Statement",
    "Verdict",
    "authorize",
    "evaluate",
    "principal_keys",
    "read_organization",
    "read_role",
    "read_user",
]
