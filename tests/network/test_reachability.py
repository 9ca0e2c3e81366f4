"""The analysis itself, on small configurations: what it reads, and what it refuses to guess."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reachability import Member, Network, Traffic, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.testing import Planner

    Read = Callable[..., Network]

INNER = """
variable "zones" {
  type = map(string)
}

resource "aws_vpc" "inner" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_subnet" "room" {
  for_each   = var.zones
  vpc_id     = aws_vpc.inner.id
  cidr_block = each.value
}

resource "aws_security_group" "door" {
  for_each = var.zones
  name     = each.key
  vpc_id   = aws_vpc.inner.id
}

output "group_ids" {
  value = { for zone, group in aws_security_group.door : zone => group.id }
}

output "subnet_ids" {
  value = { for zone, subnet in aws_subnet.room : zone => subnet.id }
}

output "vpc_id" {
  value = aws_vpc.inner.id
}
"""
CALL = """
module "network" {
  source = "./inner"
  zones  = { a = "10.1.0.0/24", b = "10.1.1.0/24" }
}

resource "aws_vpc_security_group_ingress_rule" "in" {
  security_group_id            = module.network.group_ids["b"]
  referenced_security_group_id = module.network.group_ids["a"]
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 90
}

resource "aws_security_group_rule" "out" {
  type                     = "egress"
  security_group_id        = module.network.group_ids["a"]
  source_security_group_id = module.network.group_ids["b"]
  protocol                 = "tcp"
  from_port                = 85
  to_port                  = 99
}

module "function" {
  source   = "./function"
  for_each = toset(["a", "b"])
  name     = each.key
  vpc = {
    group  = module.network.group_ids[each.key]
    subnet = module.network.subnet_ids[each.key]
  }
}
"""
FUNCTION = """
variable "name" {
  type = string
}

variable "vpc" {
  type = object({ group = string, subnet = string })
}

resource "aws_lambda_function" "one" {
  function_name = var.name
  role          = "arn:aws:iam::555555555555:role/one"
  handler       = "one.handle"
  runtime       = "python3.13"
  filename      = "one.zip"

  vpc_config {
    security_group_ids = [var.vpc.group]
    subnet_ids         = [var.vpc.subnet]
  }
}
"""
VPC = """
resource "aws_vpc" "only" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.only.id
  cidr_block = "10.1.0.0/24"
}

resource "aws_subnet" "b" {
  vpc_id     = aws_vpc.only.id
  cidr_block = "10.1.1.0/24"
}
"""
ACL = """
resource "aws_network_acl" "b" {
  vpc_id     = aws_vpc.only.id
  subnet_ids = [aws_subnet.b.id]

  egress {
    rule_no    = 1
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
}

resource "aws_network_acl_rule" "allow" {
  network_acl_id = aws_network_acl.b.id
  rule_number    = 20
  rule_action    = "allow"
  protocol       = "tcp"
  cidr_block     = "10.1.0.0/16"
  from_port      = 1
  to_port        = 1000
}

resource "aws_network_acl_rule" "deny" {
  network_acl_id = aws_network_acl.b.id
  rule_number    = 10
  rule_action    = "deny"
  protocol       = "tcp"
  cidr_block     = "DENIED"
  from_port      = 100
  to_port        = 200
}
"""
A, B = "aws_subnet.a", "aws_subnet.b"


@pytest.fixture
def read(plan: Planner, tmp_path: Path) -> Read:
    def read(text: str, **modules: str) -> Network:
        (tmp_path / "main.tf").write_text(text)
        for name, inner in modules.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / "main.tf").write_text(inner)
        return Network.read(plan(tmp_path).document)

    return read


def test_references_are_followed_through_modules_by_key(read: Read) -> None:
    network = read(CALL, inner=INNER, function=FUNCTION)
    a, b = (
        network.members[f'module.function["{key}"].aws_lambda_function.one'] for key in ("a", "b")
    )
    assert a.groups == ('module.network.aws_security_group.door["a"]',)
    assert b.subnets == ('module.network.aws_subnet.room["b"]',)
    assert network.reach(a, b) == Traffic.tcp((85, 90))
    assert not network.reach(b, a)


def test_what_a_plan_does_not_tell_is_no_guess(read: Read) -> None:
    hidden = """
locals {
  group = module.network.group_ids["a"]
}

resource "aws_vpc_security_group_egress_rule" "hidden" {
  security_group_id = local.group
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
"""
    with pytest.raises(UnresolvedError, match="without a local in between"):
        read(CALL + hidden, inner=INNER, function=FUNCTION)


def test_one_of_several_is_no_guess(read: Read) -> None:
    several = """
resource "aws_vpc_security_group_egress_rule" "several" {
  for_each          = { first = "a", second = "b" }
  security_group_id = module.network.group_ids[each.value]
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
"""
    with pytest.raises(UnresolvedError, match=r'could be .*door\["a"\], .*door\["b"\]'):
        read(CALL + several, inner=INNER, function=FUNCTION)


def test_what_nobody_adopted_is_as_open_as_aws_makes_it(read: Read) -> None:
    network = read(VPC)
    left_alone = network.unassigned([A, B])
    assert network.reach(left_alone, left_alone) == Traffic.everything()
    assert not network.ways_out(A)
    assert network.reach_from_outside(network.stranger([A])) == {}


@pytest.mark.parametrize(
    ("denied", "left"),
    [("0.0.0.0/0", Traffic.tcp((1, 99), (201, 1000))), ("10.1.0.0/25", Traffic.tcp((1, 1000)))],
    ids=["all", "a-part"],
)
def test_the_first_rule_of_a_network_acl_decides_what_it_covers(
    read: Read, denied: str, left: Traffic
) -> None:
    network = read(VPC + ACL.replace("DENIED", denied))
    start, end = network.stranger([A]), network.stranger([B])
    assert network.reach(start, end) == left
    assert not network.reach(end, start), "answers to b's own calls don't come in"
    assert "answers by ingress" in network.explain(end, start, 443).refused_by


def test_a_refusal_names_the_element(read: Read) -> None:
    network = read(VPC + ACL.replace("DENIED", "0.0.0.0/0"))
    verdict = network.explain(network.stranger([A]), network.stranger([B]), 150)
    assert not verdict
    assert "network ACL aws_network_acl.b, ingress (10.1.0.0/24)" in verdict.refused_by
    allowed = network.explain(network.stranger([A]), network.stranger([B]), 80)
    assert "aws_network_acl_rule.allow" in str(allowed)


def test_a_public_subnet_is_reached_where_its_rules_let_in(read: Read) -> None:
    network = read(
        VPC
        + """
resource "aws_internet_gateway" "out" {
  vpc_id = aws_vpc.only.id
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.only.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.out.id
  }
}

resource "aws_main_route_table_association" "public" {
  vpc_id         = aws_vpc.only.id
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.only.id

  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["198.51.100.0/24"]
  }
}
"""
    )
    web = Member("web", groups=["aws_security_group.web"], subnets=[A])
    assert network.reach_from_outside(web) == {IPv4Network("198.51.100.0/24"): Traffic.tcp(443)}
    assert network.reach_outside(web) == {}
    assert network.explain_outside(network.stranger([A]), "192.0.2.1", 443)
    (way,) = network.ways_out(A)
    assert way.steps[-1] == "aws_internet_gateway.out"


def test_a_policy_of_its_own_takes_the_endpoints_place(read: Read) -> None:
    network = read(
        VPC
        + """
resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.only.id
  service_name = "com.amazonaws.eu-west-1.s3"
}

resource "aws_vpc_endpoint_policy" "s3" {
  vpc_endpoint_id = aws_vpc_endpoint.s3.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "*" }]
  })
}
"""
    )
    s3 = network.endpoints["aws_vpc_endpoint.s3"]
    accounts = {"principal_account": "1" * 12, "resource_account": "2" * 12}
    assert s3.admits("s3:GetObject", **accounts)
    assert not s3.admits("s3:PutObject", **accounts)


def test_two_vpcs_must_be_told_apart(read: Read) -> None:
    with pytest.raises(ValueError, match=r"name one VPC of: aws_vpc\.only, aws_vpc\.other"):
        read(VPC + 'resource "aws_vpc" "other" {\n  cidr_block = "10.2.0.0/16"\n}\n')


def test_ipv6_is_refused_rather_than_overlooked(read: Read) -> None:
    block = 'cidr_block = "10.1.0.0/16"\n'
    with pytest.raises(ValueError, match="has IPv6"):
        read(VPC.replace(block, f"{block}  assign_generated_ipv6_cidr_block = true\n"))


def test_no_subnet_is_no_proof(read: Read) -> None:
    with pytest.raises(LookupError, match=r"no subnet is aws_subnet\.c"):
        read(VPC).in_subnets("aws_subnet.c")


PORTS = st.tuples(st.integers(0, 30), st.integers(0, 30))
TRAFFIC = st.lists(PORTS, max_size=4).map(lambda ranges: Traffic.tcp(*ranges))


def ports(traffic: Traffic) -> set[int]:
    return {
        port
        for _, ranges in traffic.ranges
        for first, last in ranges
        for port in range(first, last + 1)
    }


@given(TRAFFIC, TRAFFIC)
def test_traffic_is_a_set_of_ports(one: Traffic, other: Traffic) -> None:
    assert ports(one | other) == ports(one) | ports(other)
    assert ports(one & other) == ports(one) & ports(other)
    assert ports(one - other) == ports(one) - ports(other)
    assert one.covers(other) == (ports(other) <= ports(one))
    assert (one == other) == (ports(one) == ports(other))
