"""What the policies say of control policies and trails of an organization."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci
from pci_dss.policies.organization import EVERYWHERE, IN_THE_ARCHIVE
from pci_dss.policy import Result

from .documents import planned, verdicts

if TYPE_CHECKING:
    from pci_dss.policy import Verdict

ALL = sorted(EVERYWHERE | IN_THE_ARCHIVE)
GUARD = "aws_organizations_policy.guard"
WORKLOADS = "aws_organizations_organizational_unit.workloads"
PRODUCTION = "aws_organizations_organizational_unit.production"
SHOP = "aws_organizations_account.shop"
TREE: dict[str, dict[str, Any]] = {
    "aws_organizations_organization.us": {
        "id": "o-a1",
        "enabled_policy_types": ["SERVICE_CONTROL_POLICY"],
    },
    WORKLOADS: {"id": "ou-workloads", "parent_id": "r-a1"},
    PRODUCTION: {"id": "ou-production", "parent_id": "ou-workloads"},
    SHOP: {"id": "111111111111", "parent_id": "ou-production"},
}


def denying(actions: Any, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": actions, "Resource": "*", **elements}


def control(name: str, *statements: dict[str, Any]) -> dict[str, dict[str, Any]]:
    content = json.dumps({"Statement": list(statements)})
    return {
        f"aws_organizations_policy.{name}": {
            "id": f"p-{name}",
            "type": "SERVICE_CONTROL_POLICY",
            "content": content,
        }
    }


def attached(name: str, target: str) -> dict[str, dict[str, Any]]:
    address = f'aws_organizations_policy_attachment.a["{name}/{target}"]'
    return {address: {"policy_id": f"p-{name}", "target_id": target}}


def judged(*resources: dict[str, dict[str, Any]]) -> dict[str, Verdict]:
    values = {**TREE}
    for each in resources:
        values |= each
    return verdicts("PCI_12", planned(values))


def but(role: str) -> dict[str, Any]:
    return {"ArnNotLike": {"aws:PrincipalArn": role}}


@pci("10.2.1.6", "10.3.2")
@pytest.mark.parametrize(
    "resources",
    [
        [control("guard", denying(ALL)), attached("guard", "r-a1")],
        [control("guard", denying("*")), attached("guard", "111111111111")],
        [
            control("guard", denying(ALL, Condition=but("arn:aws:iam::*:role/deploy"))),
            attached("guard", "ou-workloads"),
        ],
        [
            control("guard", denying(sorted(EVERYWHERE - {"logs:Unmask"}))),
            attached("guard", "r-a1"),
            control("mask", denying("logs:Un*")),
            attached("mask", "ou-workloads"),
            control("archive", denying("s3:*", Resource="arn:aws:s3:::logs*")),
            attached("archive", "ou-production"),
        ],
    ],
)
def test_what_is_complete_above_every_account_passes(
    resources: list[dict[str, dict[str, Any]]],
) -> None:
    found = judged(*resources)
    assert GUARD in found
    assert {verdict.result for verdict in found.values() if verdict.reasons} == set()


@pci("10.2.1.6", "10.3.2")
@pytest.mark.parametrize(
    "statement",
    [
        denying("cloudtrail:StopLogging"),
        denying([each for each in ALL if each != "logs:Unmask"]),
        denying(ALL, Condition=but("arn:aws:iam::*:role/*")),
        denying(ALL, Condition=but("*")),
        denying(ALL, Condition={"StringNotEquals": {"aws:PrincipalTag/team": "us"}}),
        denying(ALL, Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        denying(ALL, Resource="arn:aws:logs:*:*:log-group:payments*"),
        {"Effect": "Deny", "NotAction": ["logs:*", "s3:*"], "Resource": "*"},
    ],
)
def test_what_leaves_a_way_to_tamper_fails(statement: dict[str, Any]) -> None:
    verdict = judged(control("guard", statement), attached("guard", "r-a1"))[GUARD]
    assert verdict.result == Result.FAIL
    assert f"in {SHOP} nothing refuses" in verdict.reasons[0]


@pci("10.3.2")
def test_a_policy_that_binds_nobody_fails() -> None:
    assert judged(control("guard", denying(ALL)))[GUARD].reasons == ("it is attached to nothing",)


@pci("10.3.2")
def test_an_account_beside_the_guarded_ones_is_named() -> None:
    other = "aws_organizations_account.other"
    found = judged(
        {other: {"id": "222222222222", "parent_id": "r-a1"}},
        control("guard", denying(ALL)),
        attached("guard", "ou-workloads"),
        control("stay", denying("organizations:LeaveOrganization")),
        attached("stay", "r-a1"),
    )
    assert found[GUARD].result == Result.PASS
    (reason,) = found["aws_organizations_policy.stay"].reasons
    assert reason.startswith(f"in {other} nothing refuses cloudtrail:DeleteTrail")
    assert "LeaveOrganization" not in reason


@pci("10.3.2")
def test_the_archives_buckets_need_guards_somewhere() -> None:
    found = judged(control("guard", denying(sorted(EVERYWHERE))), attached("guard", "r-a1"))
    (reason,) = found[GUARD].reasons
    assert reason.startswith("nowhere are all of s3:BypassGovernanceRetention")


def test_units_made_elsewhere_are_below_the_root() -> None:
    found = judged(control("guard", denying(ALL)), attached("guard", "ou-elsewhere"))
    assert found[GUARD].result == Result.PASS


def test_policies_about_other_things_are_none_of_its_concern() -> None:
    found = judged(
        control("functions", denying("lambda:*")),
        attached("functions", "r-a1"),
        control("everything", {"Effect": "Allow", "Action": "*", "Resource": "*"}),
    )
    assert {*found} == {"aws_organizations_organization.us"}


@pci("10.3.2")
@pytest.mark.parametrize(
    ("organization", "wrong"),
    [
        ({"enabled_policy_types": []}, "service control policies aren't enabled"),
        (
            {"enabled_policy_types": ["SERVICE_CONTROL_POLICY"], "feature_set": "X"},
            "an organization for billing alone knows no policies",
        ),
    ],
)
def test_an_organization_must_take_policies(organization: dict[str, Any], wrong: str) -> None:
    address = "aws_organizations_organization.us"
    found = verdicts("PCI_12", planned({address: organization}))
    assert found[address].reasons == (wrong,)


def test_an_organization_whose_policies_are_elsewhere_is_not_evaluated() -> None:
    address = "aws_organizations_organization.us"
    values = {address: {"enabled_policy_types": ["SERVICE_CONTROL_POLICY"]}}
    assert verdicts("PCI_12", planned(values))[address].result == Result.NOT_EVALUATED


def test_what_is_attached_is_not_evaluated_before_the_apply_tells() -> None:
    values = {
        **control("guard", denying(ALL)),
        'aws_organizations_policy.guard["a"]': {"content": json.dumps({"Statement": []})},
        "aws_organizations_policy_attachment.a": {"target_id": "r-a1"},
    }
    resources = planned(
        values,
        {"aws_organizations_policy_attachment.a": {"policy_id": True}},
        {
            "aws_organizations_policy_attachment.a": {
                "policy_id": ["aws_organizations_policy.guard"]
            }
        },
    )
    verdict = verdicts("PCI_12", resources)[GUARD]
    assert verdict.result == Result.NOT_EVALUATED
    assert "may name 2 things before the apply" in verdict.reasons[0]


def test_an_unknown_document_is_not_evaluated() -> None:
    found = verdicts("PCI_12", planned({GUARD: {}}, {GUARD: {"content": True}}))
    assert found[GUARD].result == Result.NOT_EVALUATED


def selected(category: str, **fields: list[str]) -> dict[str, Any]:
    chosen = {"eventCategory": [category], **fields}
    return {
        "field_selector": [{"field": field, "equals": values} for field, values in chosen.items()]
    }


MANAGEMENT = selected("Management")
WHOLE: dict[str, Any] = {
    "is_organization_trail": True,
    "is_multi_region_trail": True,
    "include_global_service_events": True,
    "enable_logging": True,
    "advanced_event_selector": [MANAGEMENT, selected("Data")],
}
READS_AND_WRITES = {"read_write_type": "All", "data_resource": [{"type": "AWS::S3::Object"}]}


def trail(**values: Any) -> Verdict:
    address = "aws_cloudtrail.all"
    return verdicts("PCI_13", planned({address: {**WHOLE, **values}}))[address]


@pci("10.2.1")
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"advanced_event_selector": [MANAGEMENT, selected("Data", readOnly=["true"])]},
        {"advanced_event_selector": [], "event_selector": [READS_AND_WRITES]},
    ],
)
def test_a_trail_of_the_whole_organization_passes(values: dict[str, Any]) -> None:
    assert trail(**values).result == Result.PASS


@pci("10.2.1")
@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"is_organization_trail": False}, "it records one account only"),
        ({"is_multi_region_trail": False}, "it records one region only"),
        ({"include_global_service_events": False}, "it leaves out services without a region"),
        ({"enable_logging": False}, "it is switched off"),
        ({"advanced_event_selector": [MANAGEMENT]}, "it leaves out data events"),
        ({"advanced_event_selector": [selected("Data")]}, "it leaves out management events"),
        (
            {"advanced_event_selector": [MANAGEMENT, selected("Data", readOnly=["false"])]},
            "it records nobody who reads data",
        ),
        ({"advanced_event_selector": []}, "it leaves out data events"),
        (
            {
                "advanced_event_selector": [],
                "event_selector": [{**READS_AND_WRITES, "include_management_events": False}],
            },
            "it leaves out management events",
        ),
        (
            {
                "advanced_event_selector": [],
                "event_selector": [{**READS_AND_WRITES, "read_write_type": "WriteOnly"}],
            },
            "it records nobody who reads data",
        ),
    ],
)
def test_a_trail_that_misses_something_fails(values: dict[str, Any], wrong: str) -> None:
    verdict = trail(**values)
    assert verdict.result == Result.FAIL
    assert verdict.reasons[0].startswith(wrong)


def test_unknown_selectors_are_not_evaluated() -> None:
    address = "aws_cloudtrail.all"
    unknown = {address: {"advanced_event_selector": True}}
    found = verdicts("PCI_13", planned({address: WHOLE}, unknown))
    assert found[address].result == Result.NOT_EVALUATED
