"""What VPC endpoints let through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.testing import pci
from pci_dss.policy import Result, Verdict

from .documents import planned, verdicts

ENDPOINT, POLICY = "aws_vpc_endpoint.s3", "aws_vpc_endpoint_policy.s3"
OWN = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorg", "aws:ResourceOrgID": "o-exampleorg"}}
SERVICE = {"id": "vpce-1", "service_name": "com.amazonaws.eu-west-1.s3"}

pytestmark = pci("1.3.2")


def statement(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", **elements}


def judge(*statements: dict[str, Any], **attributes: Any) -> Verdict | None:
    values = {**SERVICE, "vpc_endpoint_type": "Gateway", **attributes}
    if statements:
        values["policy"] = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return verdicts("PCI_29", planned({ENDPOINT: values})).get(ENDPOINT)


def refusal(operator: str = "StringNotEquals", **elements: Any) -> dict[str, Any]:
    condition = {operator: {"aws:ResourceOrgID": "o-exampleorg"}}
    return statement(Effect="Deny", Action="*", Condition=condition, **elements)


@pytest.mark.parametrize(
    "statements",
    [
        [statement(Condition=OWN)],
        [statement(Condition={"StringEquals": {"aws:ResourceAccount": "111111111111"}})],
        [statement(Condition={"StringLike": {"aws:PrincipalOrgPaths": "o-example/r-1/*"}})],
        [statement(Principal={"AWS": "arn:aws:iam::111111111111:role/tasks"})],
        [statement(Resource=["arn:aws:s3:::payments", "arn:aws:s3:::payments/*"])],
        [statement(), refusal()],
        [statement(), refusal("StringNotEqualsIfExists")],
    ],
)
def test_owners_calls_and_resources_pass(statements: list[dict[str, Any]]) -> None:
    found = judge(*statements)
    assert found
    assert found.result == Result.PASS


@pytest.mark.parametrize(
    "statements",
    [
        [statement(Sid="Open")],
        [statement(Principal={"AWS": "*"}, Action="s3:GetObject", Sid="Open")],
        [statement(Resource="arn:aws:s3:::*", Sid="Open")],
        [statement(Resource="arn:aws:dynamodb:*:*:table/*", Sid="Open")],
        [statement(NotResource="arn:aws:s3:::secrets/*", Resource=None, Sid="Open")],
        [statement(Condition={"StringEquals": {"aws:PrincipalOrgID": "*"}}, Sid="Open")],
        [statement(Condition={"StringLike": {"aws:UserAgent": "payments"}}, Sid="Open")],
        [statement(Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, Sid="Open")],
        [statement(Condition=OWN), statement(Sid="Open")],
        [statement(Sid="Open"), refusal(Resource="arn:aws:s3:::secrets/*")],
        [statement(Sid="Open"), refusal("StringEquals")],
        [statement(Sid="Open"), refusal() | {"Action": "s3:DeleteObject"}],
    ],
)
def test_a_strangers_call_to_a_strangers_resource_does_not_pass(
    statements: list[dict[str, Any]],
) -> None:
    found = judge(*statements)
    assert found
    assert found.result == Result.FAIL
    assert found.reasons == ("statement Open lets anybody's calls to anybody's resources through",)


def test_what_has_no_policy_has_awss_own() -> None:
    for attributes in ({}, {"policy": ""}, {"vpc_endpoint_type": "Interface"}):
        found = judge(**attributes)
        assert found
        assert found.result == Result.FAIL
    before_the_apply = planned({ENDPOINT: SERVICE}, unknown={ENDPOINT: {"policy": True}})
    assert verdicts("PCI_29", before_the_apply)[ENDPOINT].result == Result.FAIL


def test_a_policy_of_its_own_resource_is_judged_there() -> None:
    resources = planned(
        {ENDPOINT: SERVICE, POLICY: {"policy": json.dumps({"Statement": statement()})}},
        unknown={ENDPOINT: {"policy": True}, POLICY: {"vpc_endpoint_id": True}},
        references={POLICY: {"vpc_endpoint_id": ["aws_vpc_endpoint.s3.id", ENDPOINT]}},
    )
    results = {name: each.result for name, each in verdicts("PCI_29", resources).items()}
    assert results == {ENDPOINT: Result.PASS, POLICY: Result.FAIL}


def test_services_that_take_no_policy_are_no_concern() -> None:
    assert judge(vpc_endpoint_type="GatewayLoadBalancer") is None
    service = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
    assert judge(service_name=service, vpc_endpoint_type="Interface") is None


def test_a_policy_that_is_not_known_is_not_decided() -> None:
    resources = planned(
        {ENDPOINT: SERVICE},
        unknown={ENDPOINT: {"policy": True}},
        references={ENDPOINT: {"policy": ["aws_s3_bucket.payments.arn", "aws_s3_bucket.payments"]}},
    )
    assert verdicts("PCI_29", resources)[ENDPOINT].result == Result.NOT_EVALUATED
    broken = judge(policy="{")
    assert broken
    assert broken.result == Result.NOT_EVALUATED
