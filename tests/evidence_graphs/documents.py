"""Applied roots made by hand: a few resources, with the ids and ARNs that attributes name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.evidence_graphs import Estate, Root, graph_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pci_dss.evidence.model import Row

OURS, TOOLING, ARCHIVE = "444444444444", "333333333333", "222222222222"
THEIRS = "888888888888"
REGION = "eu-west-1"
CDE = {"scope": "pci-cde"}
CONNECTED = {"scope": "pci-connected"}

Values = dict[str, dict[str, Any]]


def root(
    values: Values,
    unknown: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    account_id: str = OURS,
    name: str = "environments/shop",
) -> Root:
    """Make a root of resources by address, all without modules and keys."""
    resources = []
    for address, attributes in values.items():
        kind, _, own_name = address.partition(".")
        resources.append(
            {
                "address": address,
                "mode": "managed",
                "type": kind,
                "name": own_name,
                "values": attributes,
            }
        )
    changes = [
        {"address": address, "change": {"after_unknown": marks}}
        for address, marks in (unknown or {}).items()
    ]
    configured = [
        {"address": address, "expressions": {each: {"references": ["local.it"]} for each in marks}}
        for address, marks in (unknown or {}).items()
    ]
    document = {
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }
    return Root(name, account_id, REGION, document)


def rows(*roots: Root, check: str, archive: str = "") -> dict[str, Row]:
    """Return a check's rows of the first of its requirements, by subject."""
    accounts = {OURS, TOOLING, ARCHIVE}
    found = [row for row in graph_rows(Estate(roots, accounts, archive)) if row.check == check]
    first = found[0].requirement if found else ""
    return {row.subject: row for row in found if row.requirement == first}


def policy(*statements: Mapping[str, Any]) -> str:
    """Write a policy; statements allow unless they say otherwise."""
    written = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": written})


def role(
    name: str,
    trust: Mapping[str, Any],
    *allowed: Mapping[str, Any],
    tags: Mapping[str, str] = CDE,
    account_id: str = OURS,
) -> Values:
    """Make a role, by the statement of whom it trusts and those of what it may do."""
    values: Values = {
        f"aws_iam_role.{name}": {
            "name": name,
            "id": name,
            "arn": f"arn:aws:iam::{account_id}:role/{name}",
            "assume_role_policy": policy({"Action": "sts:AssumeRole", **trust}),
            "tags_all": dict(tags),
        }
    }
    if allowed:
        values[f"aws_iam_role_policy.{name}"] = {
            "id": f"{name}:{name}",
            "role": name,
            "policy": policy(*({"Resource": "*", **each} for each in allowed)),
        }
    return values


def service(name: str) -> dict[str, Any]:
    """Trust a service of AWS."""
    return {"Principal": {"Service": f"{name}.amazonaws.com"}}


def account(account_id: str, **conditions: Mapping[str, str]) -> dict[str, Any]:
    """Trust an account."""
    named: dict[str, Any] = {"Principal": {"AWS": f"arn:aws:iam::{account_id}:root"}}
    return named | ({"Condition": conditions} if conditions else {})
