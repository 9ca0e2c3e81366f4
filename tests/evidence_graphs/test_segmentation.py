"""Which nodes reach those of the CDE: in one network of a function, a laboratory and an edge."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from evidence_graphs.documents import CDE, CONNECTED, Values, root, rows
from harness.testing import pci
from pci_dss.evidence.model import Row, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

PAY, LAB, EDGE = "aws_lambda_function.pay", "aws_instance.lab", "aws_lb.edge"
CHECKS = ("GRAPH_SEGMENTATION", "GRAPH_UNTRUSTED_NETWORKS", "GRAPH_EGRESS")
VPC = {"vpc_id": "vpc-1"}
ANYWHERE, ACQUIRER = "0.0.0.0/0", "203.0.113.0/24"


def rule(group: str, port: int | None, **other: Any) -> dict[str, Any]:
    ports = {"from_port": port, "to_port": port}
    return {
        "security_group_id": f"sg-{group}",
        "ip_protocol": "tcp" if port else "-1",
        **ports,
        **other,
    }


def ingress(name: str, group: str, port: int | None = 443, **other: Any) -> Values:
    return {f"aws_vpc_security_group_ingress_rule.{name}": rule(group, port, **other)}


def egress(name: str, group: str, port: int | None = 443, **other: Any) -> Values:
    return {f"aws_vpc_security_group_egress_rule.{name}": rule(group, port, **other)}


def subnet(number: int) -> dict[str, Any]:
    return {**VPC, "id": f"subnet-{number}", "cidr_block": f"10.0.{number}.0/24"}


def route(table: str, destination: str, gateway: str) -> dict[str, Any]:
    named = {"route_table_id": f"rtb-{table}", "destination_cidr_block": destination}
    return {**named, gateway.partition("-")[0] + "_id": gateway}


SHOP: Values = {
    "aws_vpc.shop": {"id": "vpc-1", "cidr_block": "10.0.0.0/16"},
    "aws_subnet.pay": subnet(1),
    "aws_subnet.lab": subnet(2),
    "aws_subnet.edge": subnet(3),
    "aws_default_security_group.closed": {**VPC, "id": "sg-default"},
    "aws_security_group.pay": {**VPC, "id": "sg-pay"},
    "aws_security_group.lab": {**VPC, "id": "sg-lab"},
    "aws_security_group.edge": {**VPC, "id": "sg-edge"},
    "aws_internet_gateway.shop": {**VPC, "id": "igw-1"},
    "aws_route_table.edge": {**VPC, "id": "rtb-edge"},
    "aws_route_table_association.edge": {"subnet_id": "subnet-3", "route_table_id": "rtb-edge"},
    "aws_route.edge": {
        "route_table_id": "rtb-edge",
        "destination_cidr_block": ANYWHERE,
        "gateway_id": "igw-1",
    },
    PAY: {
        "function_name": "pay",
        "vpc_config": [{"security_group_ids": ["sg-pay"], "subnet_ids": ["subnet-1"]}],
        "tags_all": CDE,
    },
    LAB: {"subnet_id": "subnet-2", "vpc_security_group_ids": ["sg-lab"], "tags_all": {}},
    EDGE: {
        "internal": False,
        "load_balancer_type": "application",
        "security_groups": ["sg-edge"],
        "subnets": ["subnet-3"],
        "tags_all": CDE,
    },
    **ingress("edge", "edge", cidr_ipv4=ANYWHERE),
    **egress("edge", "edge", referenced_security_group_id="sg-pay"),
    **ingress("pay", "pay", referenced_security_group_id="sg-edge"),
    **egress("lab", "lab", None, cidr_ipv4="10.0.0.0/16"),
}


def found(
    check: str,
    added: Values | None = None,
    changed: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Row]:
    """Give a check's rows of the network, with resources added and some attributes changed."""
    values = deepcopy(SHOP) | (added or {})
    for address, attributes in (changed or {}).items():
        values[address] = {**values[address], **attributes}
    return rows(root(values), check=check)


@pci("1.3.1", "1.3.2", "1.4.2", "1.4.4")
@pytest.mark.parametrize("check", CHECKS)
def test_a_segmented_network_passes(check: str) -> None:
    assert {address: row.status for address, row in found(check).items()} == {
        PAY: Status.PASS,
        EDGE: Status.PASS,
    }


@pci("1.3.1")
def test_who_reaches_a_node_is_told() -> None:
    assert found("GRAPH_SEGMENTATION")[PAY].evaluated == {f"{PAY}: reached by": {EDGE: "tcp 443"}}
    outside = found("GRAPH_UNTRUSTED_NETWORKS")[EDGE].evaluated[f"{EDGE}: reached from outside"]
    assert set(outside.values()) == {"tcp 443"}


@pci("1.3.1")
def test_a_link_past_the_groups_is_told() -> None:
    enforced = "enforce_security_group_inbound_rules_on_private_link_traffic"
    link: Values = {"aws_api_gateway_vpc_link.api": {"target_arns": ["arn:of:edge"]}}
    for value, linked in (("off", True), ("on", False)):
        row = found("GRAPH_SEGMENTATION", link, {EDGE: {enforced: value, "arn": "arn:of:edge"}})
        told = row[EDGE].evaluated[f"{EDGE}: reached by"]
        assert ("aws_api_gateway_vpc_link.api" in told) is linked


FROM_THE_LABORATORY: dict[str, tuple[Values, str]] = {
    "by_group": (
        ingress("lab", "pay", 8080, referenced_security_group_id="sg-lab"),
        "aws_vpc_security_group_ingress_rule.lab",
    ),
    "by_addresses": (
        ingress("lab", "pay", 22, cidr_ipv4="10.0.2.0/24"),
        "aws_vpc_security_group_ingress_rule.lab",
    ),
    "on_everything": (
        ingress("lab", "pay", None, cidr_ipv4="10.0.0.0/8"),
        "reaches it on everything",
    ),
}


@pci("1.3.1")
@pytest.mark.parametrize("name", FROM_THE_LABORATORY)
def test_a_node_out_of_scope_that_reaches_the_cde_is_found(name: str) -> None:
    added, words = FROM_THE_LABORATORY[name]
    row = found("GRAPH_SEGMENTATION", added)[PAY]
    assert row.status is Status.FAIL
    assert row.reasons[0].startswith(f"{LAB}, not tagged as in scope, reaches it on ")
    assert words in row.reasons[0]


@pci("1.3.1")
def test_a_tag_of_another_scope_is_told() -> None:
    added = FROM_THE_LABORATORY["by_group"][0]
    row = found("GRAPH_SEGMENTATION", added, {LAB: {"tags_all": {"scope": "tests"}}})[PAY]
    assert row.reasons[0].startswith(f"{LAB}, tagged scope = tests, reaches it on tcp 8080")
    served = found("GRAPH_SEGMENTATION", added, {LAB: {"tags_all": CONNECTED}})[PAY]
    assert served.status is Status.PASS


@pci("1.3.1")
def test_what_nobody_gave_a_group_must_not_reach_the_cde() -> None:
    added = {
        **ingress("within", "pay", cidr_ipv4="10.0.0.0/16"),
        **egress("default", "default", None, cidr_ipv4=ANYWHERE),
    }
    row = found("GRAPH_SEGMENTATION", added)[PAY]
    assert row.status is Status.FAIL
    assert any("aws_default_security_group.closed" in reason for reason in row.reasons)


ROUTE_IN: Values = {
    "aws_route_table.pay": {**VPC, "id": "rtb-pay"},
    "aws_route_table_association.pay": {"subnet_id": "subnet-1", "route_table_id": "rtb-pay"},
    "aws_route.pay": {
        "route_table_id": "rtb-pay",
        "destination_cidr_block": ANYWHERE,
        "gateway_id": "igw-1",
    },
}
FROM_OUTSIDE: dict[str, tuple[str, Values, dict[str, dict[str, Any]]]] = {
    "a_node_with_a_route": (PAY, ROUTE_IN | ingress("any", "pay", cidr_ipv4=ANYWHERE), {}),
    "a_peer": (
        PAY,
        {
            **ROUTE_IN,
            "aws_route.pay": {
                "route_table_id": "rtb-pay",
                "destination_cidr_block": "10.9.0.0/16",
                "vpc_peering_connection_id": "pcx-1",
            },
            **ingress("peer", "pay", 5432, cidr_ipv4="10.9.0.0/16"),
        },
        {},
    ),
    "the_edge_on_another_port": (EDGE, ingress("ssh", "edge", 22, cidr_ipv4=ANYWHERE), {}),
    "an_inner_balancer": (EDGE, {}, {EDGE: {"internal": True}}),
    "a_network_balancer_without_groups": (
        EDGE,
        {},
        {EDGE: {"load_balancer_type": "network", "security_groups": []}},
    ),
}


@pci("1.4.2", "1.4.4")
@pytest.mark.parametrize("name", FROM_OUTSIDE)
def test_a_node_that_is_reached_from_outside_is_found(name: str) -> None:
    address, added, changed = FROM_OUTSIDE[name]
    row = found("GRAPH_UNTRUSTED_NETWORKS", added, changed)[address]
    assert row.status is Status.FAIL
    assert row.reasons[0].startswith("it is reached from ")


WAYS_OUT: dict[str, tuple[Values, dict[str, dict[str, Any]], str]] = {
    "to_anywhere": (ROUTE_IN | egress("out", "pay", cidr_ipv4=ANYWHERE), {}, "names nobody"),
    "to_half_of_it": (ROUTE_IN | egress("out", "pay", cidr_ipv4="128.0.0.0/1"), {}, "names nobody"),
    "outside_a_vpc": ({}, {PAY: {"vpc_config": []}}, "outside a VPC"),
}


@pci("1.3.2")
@pytest.mark.parametrize("name", WAYS_OUT)
def test_a_node_that_reaches_anywhere_is_found(name: str) -> None:
    added, changed, words = WAYS_OUT[name]
    row = found("GRAPH_EGRESS", added, changed)[PAY]
    assert row.status is Status.FAIL
    assert words in row.reasons[0]


@pci("1.3.2")
def test_a_node_may_reach_a_named_network() -> None:
    row = found("GRAPH_EGRESS", ROUTE_IN | egress("out", "pay", cidr_ipv4=ACQUIRER))[PAY]
    assert row.status is Status.PASS
    assert row.evaluated == {f"{PAY}: reaches outside": {ACQUIRER: "tcp 443"}}


UNKNOWN: dict[str, tuple[str, Values, str]] = {
    "an_unread_kind": (
        "aws_db_instance.cards",
        {"aws_db_instance.cards": {"vpc_security_group_ids": ["sg-pay"], "tags_all": CDE}},
        "the analysis doesn't know what an aws_db_instance reaches",
    ),
    "an_offer_to_others": (
        EDGE,
        {
            "aws_vpc_endpoint_service.edge": {"network_load_balancer_arns": ["arn:of:edge"]},
            EDGE: {**SHOP[EDGE], "arn": "arn:of:edge"},
        },
        "aws_vpc_endpoint_service.edge offers it",
    ),
    "no_scope": (
        "aws_vpc.shop",
        {address: {**SHOP[address], "tags_all": {}} for address in (PAY, EDGE)},
        "nothing in it is tagged scope = pci-cde",
    ),
    "addresses_of_version_six": (
        "aws_vpc.shop",
        {"aws_vpc.shop": {**SHOP["aws_vpc.shop"], "ipv6_cidr_block": "2001:db8::/56"}},
        "has IPv6",
    ),
}


@pci("1.4.2")
@pytest.mark.parametrize("name", UNKNOWN)
def test_what_isnt_followed_is_not_evaluated(name: str) -> None:
    address, added, words = UNKNOWN[name]
    row = found("GRAPH_UNTRUSTED_NETWORKS", added)[address]
    assert row.status is Status.NOT_EVALUATED
    assert words in row.reasons[0]


def test_before_the_apply_a_place_that_isnt_told_leaves_the_network_open() -> None:
    values = deepcopy(SHOP)
    values[PAY]["vpc_config"] = [{}]
    unknown = {PAY: {"vpc_config": [{"security_group_ids": True, "subnet_ids": True}]}}
    for check in CHECKS:
        row = rows(root(values, unknown), check=check)["aws_vpc.shop"]
        assert row.status is Status.NOT_EVALUATED
        assert "doesn't tell what vpc_config.0.subnet_ids names" in row.reasons[0]
