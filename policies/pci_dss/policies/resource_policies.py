"""Whom policies of keys, secrets and APIs let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pci_dss.openapi import definition
from pci_dss.policy import policy
from pci_dss.statements import CALLER_KEYS, matches_any, statements, statements_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.statements import Statement
    from pci_dss.subject import Subject

_KEYS = (
    "aws_kms_external_key",
    "aws_kms_key",
    "aws_kms_key_policy",
    "aws_kms_replica_external_key",
    "aws_kms_replica_key",
)
_SECRETS = ("aws_secretsmanager_secret", "aws_secretsmanager_secret_policy")
_REST_API = "aws_api_gateway_rest_api"
_OF_DEFINITION = "x-amazon-apigateway-policy"


def _has_policy(subject: Subject) -> bool:
    return bool(_statements(subject))


@policy(
    "PCI_10",
    "Policies of keys, secrets and APIs name who may",
    requirements=("3.6.1.3", "7.2.5", "7.3.3"),
    types=(*_KEYS, *_SECRETS, _REST_API, "aws_api_gateway_rest_api_policy"),
    fix="Name roles or accounts; or hold everyone to an organization, account or endpoint by a"
    " condition that fails where the key is absent, such as StringEquals aws:PrincipalOrgID.",
    applies=_has_policy,
)
def principals_are_scoped(subject: Subject) -> Iterator[str]:
    """Fail on statements that let everyone in whom no condition holds to an identity."""
    everything = _statements(subject)
    denials = [each for each in everything if not each.allows]
    for statement in everything:
        if not statement.allows or not statement.anyone or statement.bound_by(CALLER_KEYS):
            continue
        if any(_refuses_strangers(each, statement) for each in denials):
            continue
        weak = ", ".join(sorted({each.key for each in statement.conditions}))
        yield f"{statement} lets everyone in{f', for {weak} is no identity' if weak else ''}"


def _statements(subject: Subject) -> tuple[Statement, ...]:
    """Read what is set: what isn't, AWS fills in, with a key's account or an API's definition."""
    found = statements(subject, "policy") if subject.configures("policy") else ()
    if subject.type == _REST_API and subject.configures("body"):
        within = definition(subject).get(_OF_DEFINITION) or {}
        subject.note("body", _OF_DEFINITION, value=within)
        found += statements_of(within, f"{subject.address}: {_OF_DEFINITION}")
    return found


def _refuses_strangers(denial: Statement, allowed: Statement) -> bool:
    """Whether a `Deny` leaves of those who are let in only the ones that it names."""
    return (
        denial.anyone
        and not denial.excludes_principals
        and all(each.spares and each.key in CALLER_KEYS for each in denial.conditions)
        and all(map(denial.concerns, allowed.actions))
        and all(
            denial.covers_everything or matches_any(denial.resources, each)
            for each in allowed.resources
        )
    )
