"""What is next to the internet, and what of it keeps data."""

from __future__ import annotations

from typing import Any

import pytest

from harness.testing import pci
from pci_dss.policy import Result, Verdict

from .documents import planned, verdicts

ROUTE, TABLE, MAIN = "aws_route.out", "aws_route_table.services", "aws_default_route_table.main"
IN_SUBNET = {"subnets": ["subnet-1"], "subnet_ids": ["subnet-1"]}
TASKS = {"network_configuration": [IN_SUBNET]}
TO_INTERNET = {"destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}
TO_NAT = {"destination_cidr_block": "0.0.0.0/0", "nat_gateway_id": "nat-1"}
VPC: dict[str, dict[str, Any]] = {
    "aws_vpc.main": {"id": "vpc-1", "main_route_table_id": "rtb-main"},
    "aws_internet_gateway.out": {"id": "igw-1"},
    "aws_subnet.services": {"id": "subnet-1", "vpc_id": "vpc-1"},
    "aws_subnet.forgotten": {"id": "subnet-2", "vpc_id": "vpc-1"},
    TABLE: {"id": "rtb-1", "route": [], "vpc_id": "vpc-1"},
    MAIN: {"id": "rtb-main", "route": [], "vpc_id": "vpc-1"},
    "aws_route_table_association.a": {"subnet_id": "subnet-1", "route_table_id": "rtb-1"},
    "aws_ec2_managed_prefix_list.acquirer": {"id": "pl-1", "entry": [{"cidr": "203.0.113.0/24"}]},
    "aws_ec2_managed_prefix_list.everyone": {"id": "pl-2", "entry": [{"cidr": "0.0.0.0/1"}]},
}

pytestmark = pci("1.4.4")


def judge(
    route: dict[str, Any],
    placed: dict[str, dict[str, Any]],
    *,
    table: str = "rtb-1",
    address: str = ROUTE,
) -> Verdict:
    """Judge a route of a table, with what is placed in the VPC by type."""
    values = {**VPC, address: {"route_table_id": table, **route}}
    values |= {f"{kind}.it": attributes for kind, attributes in placed.items()}
    return verdicts("PCI_28", planned(values))[address]


@pytest.mark.parametrize(
    "route",
    [
        TO_INTERNET,
        {"destination_ipv6_cidr_block": "::/0", "gateway_id": "igw-1"},
        {"destination_cidr_block": "128.0.0.0/1", "gateway_id": "igw-of-elsewhere"},
        {"destination_prefix_list_id": "pl-2", "gateway_id": "igw-1"},
        {"destination_cidr_block": "0.0.0.0/0", "carrier_gateway_id": "cagw-1"},
    ],
)
def test_services_are_not_next_to_the_internet(route: dict[str, Any]) -> None:
    found = judge(route, {"aws_ecs_service": TASKS})
    assert found.result == Result.FAIL
    assert found.reasons == ("aws_ecs_service.it is in aws_subnet.services, next to the internet",)


@pytest.mark.parametrize(
    ("kind", "placed", "result"),
    [
        ("aws_nat_gateway", {"subnet_id": "subnet-1"}, Result.PASS),
        ("aws_lb", {"subnets": ["subnet-1"], "internal": False}, Result.PASS),
        ("aws_lb", {"subnets": ["subnet-1"], "internal": True}, Result.FAIL),
        ("aws_db_subnet_group", IN_SUBNET, Result.FAIL),
        ("aws_lambda_function", {"vpc_config": [IN_SUBNET]}, Result.FAIL),
        ("aws_lambda_function", {"vpc_config": []}, Result.NOT_EVALUATED),
        ("aws_db_subnet_group", {"subnet_ids": ["subnet-2"]}, Result.NOT_EVALUATED),
    ],
)
def test_the_edge_alone_is_next_to_the_internet(
    kind: str, placed: dict[str, Any], result: Result
) -> None:
    assert judge(TO_INTERNET, {kind: placed}).result == result
    inline = {"id": "rtb-1", "route": [{"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}]}
    assert judge(inline, {kind: placed}, address=TABLE).result == result


@pytest.mark.parametrize(
    "route",
    [
        {"destination_prefix_list_id": "pl-1", "gateway_id": "igw-1"},
        {"destination_cidr_block": "203.0.113.0/24", "gateway_id": "igw-1"},
        {"destination_cidr_block": "10.0.0.0/8", "transit_gateway_id": "tgw-1"},
        TO_NAT,
        {"destination_cidr_block": "0.0.0.0/0", "gateway_id": "vgw-1"},
    ],
)
def test_services_may_reach_who_is_named_and_through_translation(route: dict[str, Any]) -> None:
    assert judge(route, {"aws_ecs_service": TASKS}).result == Result.PASS


@pytest.mark.parametrize(
    ("route", "result"),
    [
        (TO_NAT, Result.FAIL),
        ({"destination_ipv6_cidr_block": "::/0", "egress_only_gateway_id": "eigw-1"}, Result.FAIL),
        (
            {"destination_cidr_block": "0.0.0.0/0", "transit_gateway_id": "tgw-1"},
            Result.NOT_EVALUATED,
        ),
        ({"destination_cidr_block": "10.0.0.0/8", "nat_gateway_id": "nat-1"}, Result.PASS),
    ],
)
@pytest.mark.parametrize("kind", ["aws_db_subnet_group", "aws_elasticache_subnet_group"])
def test_stores_have_no_way_out(kind: str, route: dict[str, Any], result: Result) -> None:
    assert judge(route, {kind: IN_SUBNET}).result == result


@pytest.mark.parametrize("table", ["rtb-main", "rtb-1"])
def test_a_forgotten_subnet_is_not_next_to_the_internet(table: str) -> None:
    values = {
        **VPC,
        ROUTE: {"route_table_id": table, **TO_INTERNET},
        "aws_main_route_table_association.a": {"vpc_id": "vpc-1", "route_table_id": "rtb-1"},
    }
    found = verdicts("PCI_28", planned(values))[ROUTE]
    assert found.reasons == ("every subnet without a table of its own is next to the internet",)


def test_a_store_in_a_forgotten_subnet_has_no_way_out() -> None:
    placed = {"subnet_ids": ["subnet-2"]}
    found = judge(TO_NAT, {"aws_db_subnet_group": placed}, table="rtb-main")
    assert found.result == Result.FAIL
    found = judge(TO_NAT, {"aws_db_subnet_group": IN_SUBNET}, table="rtb-main")
    assert found.result == Result.PASS


def test_an_unadopted_main_table_is_told_by_its_vpc() -> None:
    values = {name: each for name, each in VPC.items() if name != MAIN}
    values[ROUTE] = {"route_table_id": "rtb-main", **TO_INTERNET}
    assert verdicts("PCI_28", planned(values))[ROUTE].result == Result.FAIL


def test_a_plan_before_the_apply_is_judged_by_references() -> None:
    values = {**VPC, ROUTE: {"destination_cidr_block": "0.0.0.0/0"}, "aws_ecs_service.it": TASKS}
    resources = planned(
        values,
        unknown={ROUTE: {"gateway_id": True, "route_table_id": True, "nat_gateway_id": False}},
        references={
            ROUTE: {
                "gateway_id": ["aws_internet_gateway.out.id", "aws_internet_gateway.out"],
                "route_table_id": ["aws_route_table.services.id", "aws_route_table.services"],
            }
        },
    )
    assert verdicts("PCI_28", resources)[ROUTE].result == Result.FAIL


@pytest.mark.parametrize("name", ["destination_cidr_block", "gateway_id", "route_table_id"])
def test_what_is_not_known_is_not_decided(name: str) -> None:
    values = {**VPC, ROUTE: {"route_table_id": "rtb-1", **TO_INTERNET}, "aws_ecs_service.it": TASKS}
    resources = planned(
        values, unknown={ROUTE: {name: True}}, references={ROUTE: {name: ["local.of_the_plan"]}}
    )
    assert verdicts("PCI_28", resources)[ROUTE].result == Result.NOT_EVALUATED


def test_routes_that_are_not_known_are_not_decided() -> None:
    resources = planned(VPC, unknown={TABLE: {"route": True}})
    found = verdicts("PCI_28", resources)
    assert (found[TABLE].result, found[MAIN].result) == (Result.NOT_EVALUATED, Result.PASS)
