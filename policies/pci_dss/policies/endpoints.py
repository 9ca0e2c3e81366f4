"""What VPC endpoints let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pci_dss.policy import policy
from pci_dss.statements import Statement, is_definite, statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

_ENDPOINT, _POLICY = "aws_vpc_endpoint", "aws_vpc_endpoint_policy"
_OWNERS_KEYS = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "s3:resourceaccount",
)
"""Whose call it is, or whose resource."""


def _may_have_policy(subject: Subject) -> bool:
    """Leave out what AWS takes no policy on: appliances, and services of others."""
    if subject.type == _POLICY:
        return True
    kind = subject.get("vpc_endpoint_type", default="Gateway")
    return kind in ("Gateway", "Interface") and ".vpce-svc-" not in subject.get(
        "service_name", default=""
    )


@policy(
    "PCI_29",
    "Endpoints let through only the calls and resources of somebody named",
    requirements=("1.3.2",),
    types=(_ENDPOINT, _POLICY),
    fix="Give the endpoint a policy that names callers or resources, or holds them to "
    "aws:PrincipalOrgID and aws:ResourceOrgID.",
    applies=_may_have_policy,
)
def endpoint_policy_scoped(subject: Subject) -> Iterator[str]:
    """Fail on AWS's own policy, which lets everything through, and on what is as open."""
    chosen_by_aws = not subject.known("policy") and not subject.configures("policy")
    if chosen_by_aws or not subject.get("policy"):
        if subject.type == _POLICY or not any(subject.naming(_POLICY, "vpc_endpoint_id")):
            yield "it has AWS's own policy, which lets everything through"
        return
    found = statements(subject, "policy")
    if any(map(_refuses_strangers, found)):
        return
    for statement in found:
        if statement.allows and _is_open(statement):
            yield f"{statement} lets anybody's calls to anybody's resources through"


def _is_open(statement: Statement) -> bool:
    anyone = statement.anyone or not statement.principals
    anything = statement.covers_everything or not all(map(is_definite, statement.resources))
    return anyone and anything and not statement.bound_by(_OWNERS_KEYS)


def _refuses_strangers(statement: Statement) -> bool:
    """Whether whatever else is allowed stays with the owners that a refusal spares."""
    everything = statement.covers_everything and "*" in statement.actions
    spared = [each for each in statement.conditions if each.spares and each.key in _OWNERS_KEYS]
    return (
        not statement.allows
        and statement.anyone
        and everything
        and bool(spared)
        and len(spared) == len(statement.conditions)
    )
