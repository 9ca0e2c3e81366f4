"""modules/network: a closed VPC, its endpoints, groups and flow logs.

What it lets reach what is tested in tests/network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from harness.testing import PlannedRoot, Planner
    from harness.testing.examples import ExamplePlanner

MODULE = "modules/network"
GOOD = {"name": "payments-dev", "cidr_block": "10.20.0.0/16"}
ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]


@dataclass(frozen=True)
class Refused:
    """One wrong value, and the words of its refusal."""

    variable: str
    value: Any
    words: str


def service(**changes: Any) -> dict[str, Any]:
    return {"fraud": changes}


def prefixes(**named: str) -> dict[str, Any]:
    return {"prefixes": named}


MANY_PREFIXES = {f"acquirer-{n}": f"203.0.113.{n}/32" for n in range(9)}

REFUSED = {
    "underscored_name": Refused("name", "payments_dev", "lower-case letters, digits"),
    "no_network": Refused("cidr_block", "10.20.0.0", "an IPv4 network by its first address"),
    "inner_address": Refused("cidr_block", "10.20.0.1/16", "an IPv4 network by its first address"),
    "huge": Refused("cidr_block", "10.0.0.0/8", "a network of /16 to /22"),
    "tiny": Refused("cidr_block", "10.20.0.0/24", "a network of /16 to /22"),
    "public_addresses": Refused("cidr_block", "203.0.0.0/16", "Use private addresses"),
    "two_zones": Refused("availability_zones", ZONES[:2], "three different availability zones"),
    "one_zone_twice": Refused(
        "availability_zones", [*ZONES[:2], ZONES[0]], "three different availability zones"
    ),
    "capital_service": Refused("services", {"Fraud": {}}, "A service is named with"),
    "no_listener": Refused("services", service(listener_port=0), "A listener has one port"),
    "root_port": Refused("services", service(task_port=80), "they don't run as root"),
    "no_store_port": Refused("data_ports", {"cache": 70000}, "A store has one port"),
    "many_stores": Refused("data_ports", {f"s{n}": 6379 for n in range(6)}, "at most 5 stores"),
    "unknown_organization": Refused("organization_id", "payments", 'id is "o-" and 10 to 32'),
    "gateway_as_interface": Refused(
        "interface_endpoints", {"dynamodb": ["dynamodb:Query"]}, "gateway endpoints already"
    ),
    "any_action": Refused("interface_endpoints", {"kms": ["kms:*"]}, "wildcards hide"),
    "no_action": Refused("interface_endpoints", {"kms": []}, "wildcards hide"),
    "any_item": Refused("gateway_endpoints", {"dynamodb": ["dynamodb:*"]}, "wildcards hide"),
    "no_object": Refused("gateway_endpoints", {"s3": []}, "wildcards hide"),
    "no_prefix": Refused("egress", prefixes(), "Name 1 to 8 networks"),
    "many_prefixes": Refused("egress", {"prefixes": MANY_PREFIXES}, "Name 1 to 8 networks"),
    "anywhere": Refused("egress", prefixes(all="0.0.0.0/0"), "leads to the acquirer alone"),
    "inner_prefix": Refused("egress", prefixes(a="203.0.113.7/24"), "by their first address"),
    "capital_prefix": Refused("egress", prefixes(A="203.0.113.0/24"), "lower-case letters"),
    "short_flow_logs": Refused("flow_logs", {"retention_days": 7}, "three months at hand"),
    "odd_aggregation": Refused("flow_logs", {"aggregation_seconds": 90}, "60 or 600 seconds"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    refused = REFUSED[case]
    with rejects(variable=refused.variable, match=re.escape(refused.words)):
        plan(MODULE, {**GOOD, refused.variable: refused.value})


@pytest.fixture
def planned(plan_example: ExamplePlanner) -> PlannedRoot:
    return plan_example("modules/network/README.md")


def test_example_has_no_gateway_out(planned: PlannedRoot) -> None:
    planned.expect_counts(
        aws_internet_gateway=0, aws_nat_gateway=0, aws_eip=0, aws_route=0, aws_route_table=2
    )


def test_tiers_and_zones_share_the_addresses(planned: PlannedRoot) -> None:
    blocks = {
        tier: [subnet["cidr_block"] for subnet in planned.all(f"aws_subnet.{tier}")]
        for tier in ("service", "data")
    }
    assert blocks == {
        "service": ["10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20"],
        "data": ["10.20.64.0/20", "10.20.80.0/20", "10.20.96.0/20"],
    }


def test_zones_keep_the_order_in_which_they_are_named(plan: Planner) -> None:
    planned = plan(MODULE, GOOD, availability_zones=["eu-west-1c", "eu-west-1a", "eu-west-1b"])
    planned.one('aws_subnet.service["eu-west-1c"]').expect(cidr_block="10.20.0.0/20")


@pci("10.2.1", "10.2.2")
def test_all_traffic_is_logged(planned: PlannedRoot) -> None:
    log = planned.one("aws_flow_log").expect(
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        max_aggregation_interval=60,
    )
    fields = set(log["log_format"].split())
    assert fields >= {"${interface-id}", "${pkt-srcaddr}", "${dstport}", "${start}", "${action}"}


def test_flow_logs_role_is_for_this_accounts_flow_logs_alone(planned: PlannedRoot) -> None:
    (trust,) = planned.one("aws_iam_role").json("assume_role_policy")["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "555555555555"}
    write, find = planned.one("aws_iam_role_policy").json("policy")["Statement"]
    group = "arn:aws:logs:eu-west-1:555555555555:log-group:/aws/vpc/payments-dev/flow"
    assert write["Resource"] == [group, f"{group}:*"]
    assert find["Action"] == "logs:DescribeLogGroups"


@pci("10.5.1")
def test_flow_logs_are_kept(planned: PlannedRoot) -> None:
    planned.one("aws_cloudwatch_log_group").expect(retention_in_days=365)


@pci("3.5.1")
def test_flow_logs_are_encrypted(planned: PlannedRoot, plan: Planner) -> None:
    key = planned.one("aws_kms_key").expect(enable_key_rotation=True)
    _, logs = key.json("policy")["Statement"]
    assert logs["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert logs["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"].endswith(
        ":log-group:/aws/vpc/payments-dev/flow"
    )
    shared = "arn:aws:kms:eu-west-1:555555555555:key/1"
    planned = plan(MODULE, GOOD, kms_key={"arn": shared})
    planned.one("aws_cloudwatch_log_group").expect(kms_key_id=shared)
    planned.expect_counts(aws_kms_key=0, aws_kms_alias=0)


def test_boundary_bounds_the_flow_logs_role(plan: Planner) -> None:
    boundary = "arn:aws:iam::555555555555:policy/payments-boundary"
    planned = plan(MODULE, GOOD, permissions_boundary_arn=boundary)
    planned.one("aws_iam_role").expect(permissions_boundary=boundary)


def test_endpoints_answer_under_the_services_own_names(planned: PlannedRoot) -> None:
    names = {
        endpoint["service_name"].removeprefix("com.amazonaws.eu-west-1.")
        for endpoint in planned.all("aws_vpc_endpoint.interface")
        if endpoint["private_dns_enabled"]
    }
    assert names >= {"ecr.api", "ecr.dkr", "kms", "lambda", "logs", "secretsmanager", "sts"}


def test_acquirer_is_known_by_one_prefix_list(plan: Planner) -> None:
    planned = plan(MODULE, GOOD, egress=prefixes(acquirer="203.0.113.0/24"))
    planned.one("aws_ec2_managed_prefix_list").expect(
        entry=[{"cidr": "203.0.113.0/24", "description": "acquirer"}]
    )
    planned.expect_counts(aws_nat_gateway=3, aws_eip=3, aws_route=4)


def test_stores_of_others_are_let_through_by_their_port(plan: Planner) -> None:
    planned = plan(MODULE, GOOD, data_ports={"cache": 6379})
    for acl, way in (("service", "egress"), ("data", "ingress")):
        ports = {rule["from_port"] for rule in planned.one(f"aws_network_acl.{acl}")[way]}
        assert 6379 in ports, f"{acl} {way}"
