"""modules/organization where an organization is there already, or its accounts have other ids."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import Options, rejects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS
    from harness.testing import Applies, Planner

MODULE = "modules/organization"
OTHER_MANAGEMENT = "888888888888"
EMAIL = "aws+lab@payments.example"
IMPORTS = """
import {{
  to = aws_organizations_organization.organization[0]
  id = "{organization_id}"
}}

import {{
  to = aws_organizations_organizational_unit.unit["Archive"]
  id = "{unit_id}"
}}

import {{
  to = aws_organizations_account.account["lab"]
  id = "{account_id}"
}}
"""


def given(**changes: Any) -> dict[str, Any]:
    return {
        "name": "payments",
        "regions": ["eu-west-1"],
        "accounts": {"lab": {"email": EMAIL, "unit": "Archive", **changes}},
    }


@dataclass(frozen=True)
class Existing:
    """An organization that somebody made by hand."""

    client: Any
    organization_id: str
    root_id: str

    def enable(self, *kinds: str) -> None:
        for kind in kinds:
            self.client.enable_policy_type(RootId=self.root_id, PolicyType=kind)


@pytest.fixture
def existing(aws: EmbeddedAWS) -> Iterator[Existing]:
    client = aws.client("organizations", OTHER_MANAGEMENT)
    made = client.create_organization(FeatureSet="ALL")["Organization"]
    yield Existing(client, made["Id"], client.list_roots()["Roots"][0]["Id"])
    with contextlib.suppress(client.exceptions.AWSOrganizationsNotInUseException):
        client.delete_organization()


def test_what_is_there_is_imported_and_guarded(existing: Existing, applied: Applies) -> None:
    organizations = existing.client
    unit = organizations.create_organizational_unit(Name="Archive", ParentId=existing.root_id)
    account = organizations.create_account(AccountName="lab", Email=EMAIL)
    account_id = account["CreateAccountStatus"]["AccountId"]
    imports = IMPORTS.format(
        organization_id=existing.organization_id,
        unit_id=unit["OrganizationalUnit"]["Id"],
        account_id=account_id,
    )
    options = Options(account_id=OTHER_MANAGEMENT, files={"imports.tf": imports})
    root = applied(MODULE, given(id=account_id), options=options)
    root.assert_idempotent()
    assert root.outputs["organization_id"] == existing.organization_id
    assert root.outputs["account_ids"] == {"lab": account_id}
    (parent,) = organizations.list_parents(ChildId=account_id)["Parents"]
    assert parent["Id"] == unit["OrganizationalUnit"]["Id"]
    root.destroy()


def test_an_organization_of_others_is_only_read(
    existing: Existing, applied: Applies, plan: Planner
) -> None:
    options = Options(account_id=OTHER_MANAGEMENT)
    inputs = {**given(), "organization_exists": True}
    with rejects(match="policy types enabled: RESOURCE_CONTROL_POLICY, SERVICE_CONTROL_POLICY"):
        plan(MODULE, inputs, options=options)
    existing.enable("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
    root = applied(MODULE, inputs, options=options)
    root.assert_idempotent()
    assert root.outputs["organization_id"] == existing.organization_id
    root.destroy()
    described = existing.client.describe_organization()["Organization"]
    assert described["Id"] == existing.organization_id


def test_consolidated_billing_is_not_enough(aws: EmbeddedAWS, plan: Planner) -> None:
    client = aws.client("organizations", OTHER_MANAGEMENT)
    client.create_organization(FeatureSet="CONSOLIDATED_BILLING")
    try:
        with rejects(match="enable all features first"):
            plan(
                MODULE,
                {**given(), "name": "billing", "organization_exists": True},
                options=Options(account_id=OTHER_MANAGEMENT),
            )
    finally:
        client.delete_organization()


def test_another_id_than_was_written_down_is_told(applied: Applies) -> None:
    advice = r"expected: write \d{12} where the id comes from.*and apply again"
    with rejects(match=advice):
        applied(MODULE, given(id="999999999999"), options=Options(account_id=OTHER_MANAGEMENT))
