"""The accounts of environments/organization.json, and an organization of them for single roots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.aws import EmbeddedAWS

ORGANIZATION = Path(__file__).resolve().parents[2] / "environments" / "organization.json"
_MANAGEMENT, _ARCHIVE = "management", "log-archive"


def known_organization() -> dict[str, Any]:
    """Return what environments/organization.json says: domain, region and accounts by name."""
    document: dict[str, Any] = json.loads(ORGANIZATION.read_text(encoding="utf-8"))
    return document


def found_organization(aws: EmbeddedAWS, accounts: Mapping[str, str]) -> str:
    """Make an organization of these accounts, and return its id.

    Args:
        aws: made with `account_ids`, so that the accounts get theirs.
        accounts: ids by name, the management account's among them.
    """
    organizations = aws.client("organizations", accounts[_MANAGEMENT])
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]
    for name in sorted(accounts.keys() - {_MANAGEMENT}):
        organizations.create_account(AccountName=name, Email=f"{name}@payments.example")
    return str(organization["Id"])
