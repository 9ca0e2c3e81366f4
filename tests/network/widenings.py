"""Ways to widen the network module, each as files beside its own and what must be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from network import claims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from network.claims import Payments


@dataclass(frozen=True)
class Widening:
    """A change of the module that must not pass unnoticed."""

    change: str
    """What is merged into blocks of the module, as Terraform does with override files."""
    found_by: Callable[[Payments], Iterator[str]]
    words: str
    """What the finding must name: the element that was widened, or where it leads."""
    added: str = ""
    """Blocks that the module hasn't."""
    egress: bool = False

    @property
    def files(self) -> dict[str, str]:
        """The files that widen the module, by name."""
        return {"widened_override.tf": self.change, "widened.tf": self.added}


def _policy(endpoint: str, policy: str) -> str:
    return f'resource "aws_vpc_endpoint" "{endpoint}" {{\n  policy = {policy}\n}}\n'


def _statement(**changes: str) -> str:
    """Write an endpoint's policy of one statement, open but for what is given."""
    named = {"Action": '"*"', "Resource": '"*"', "Principal": '"*"', "Effect": '"Allow"', **changes}
    inner = ", ".join(f"{name} = {value}" for name, value in named.items())
    return f'jsonencode({{ Version = "2012-10-17", Statement = [{{ {inner} }}] }})'


def _open_acl(name: str) -> str:
    ways = "\n".join(
        f"""
  {way} {{
    rule_no    = 90
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }}"""
        for way in ("ingress", "egress")
    )
    return f'resource "aws_network_acl" "{name}" {{{ways}\n}}\n'


def _rule(way: str, name: str, **changes: str) -> str:
    lines = "\n".join(f"  {key} = {value}" for key, value in changes.items())
    return f'resource "aws_vpc_security_group_{way}_rule" "{name}" {{\n{lines}\n}}\n'


_INTERNET_GATEWAY = """
resource "aws_internet_gateway" "added" {
  vpc_id = aws_vpc.network.id
}
"""
_ANYWHERE = {"referenced_security_group_id": "null", "cidr_ipv4": '"0.0.0.0/0"'}
_WITHIN = {"referenced_security_group_id": "null", "cidr_ipv4": "var.cidr_block"}
_EVERY_PORT = {"from_port": "1", "to_port": "65535"}
_FROM_FUNCTIONS = """
resource "aws_vpc_security_group_egress_rule" "past" {
  security_group_id            = aws_security_group.functions.id
  referenced_security_group_id = aws_security_group.service["fraud"].id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
}

resource "aws_vpc_security_group_ingress_rule" "past" {
  security_group_id            = aws_security_group.service["fraud"].id
  referenced_security_group_id = aws_security_group.functions.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
}
"""

ROUTES = {
    "a route of the services to an internet gateway": Widening(
        "",
        claims.nothing_leads_out_of_service_and_data_subnets,
        "aws_route_table.service -> aws_route.added -> aws_internet_gateway.added -> 0.0.0.0/0",
        added=_INTERNET_GATEWAY
        + """
resource "aws_route" "added" {
  route_table_id         = aws_route_table.service.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.added.id
}
""",
    ),
    "the same, written in the table": Widening(
        """
resource "aws_route_table" "data" {
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.added.id
  }
}
""",
        claims.nothing_leads_out_of_service_and_data_subnets,
        "aws_route_table.data: route 1 -> aws_internet_gateway.added -> 0.0.0.0/0",
        added=_INTERNET_GATEWAY,
    ),
    "a route of the services to the NAT gateways": Widening(
        "",
        claims.nothing_leads_out_of_service_and_data_subnets,
        'aws_nat_gateway.egress["eu-west-1a"]',
        added="""
resource "aws_route" "added" {
  route_table_id             = aws_route_table.service.id
  destination_prefix_list_id = aws_ec2_managed_prefix_list.acquirer[0].id
  nat_gateway_id             = aws_nat_gateway.egress["eu-west-1a"].id
}
""",
        egress=True,
    ),
    "a route of the stores to another network": Widening(
        "",
        claims.nothing_leads_out_of_service_and_data_subnets,
        "aws_vpc_peering_connection.added -> 10.99.0.0/16",
        added="""
resource "aws_vpc_peering_connection" "added" {
  vpc_id      = aws_vpc.network.id
  peer_vpc_id = "vpc-0123456789abcdef0"
}

resource "aws_route" "added" {
  route_table_id            = aws_route_table.data.id
  destination_cidr_block    = "10.99.0.0/16"
  vpc_peering_connection_id = aws_vpc_peering_connection.added.id
}
""",
    ),
    "stores in the table of the egress tier": Widening(
        """
resource "aws_route_table_association" "data" {
  route_table_id = aws_route_table.egress[each.key].id
}
""",
        claims.nothing_leads_out_of_service_and_data_subnets,
        'aws_route_table.egress["eu-west-1b"]',
        egress=True,
    ),
    "stores left to a main table with a way out": Widening(
        """
resource "aws_route_table_association" "data" {
  for_each = {}
}
""",
        claims.nothing_leads_out_of_service_and_data_subnets,
        "aws_default_route_table.closed -> aws_route.added",
        added=_INTERNET_GATEWAY
        + """
resource "aws_route" "added" {
  route_table_id         = aws_default_route_table.closed.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.added.id
}
""",
    ),
    "a default route in the egress tier": Widening(
        """
resource "aws_route" "egress_to_acquirer" {
  destination_prefix_list_id = null
  destination_cidr_block     = "0.0.0.0/0"
}

resource "aws_route" "public_to_acquirer" {
  destination_prefix_list_id = null
  destination_cidr_block     = "0.0.0.0/0"
}
""",
        claims.nothing_leads_further_than_the_acquirer,
        "aws_internet_gateway.egress[0] -> 0.0.0.0/0",
        egress=True,
    ),
    "public addresses on launch": Widening(
        """
resource "aws_subnet" "service" {
  map_public_ip_on_launch = true
}
""",
        claims.no_subnet_gives_public_addresses,
        'aws_subnet.service["eu-west-1c"]',
    ),
}

RULES = {
    "anybody may call a service": Widening(
        _rule("ingress", "service_from_load_balancer", **_ANYWHERE),
        claims.only_its_load_balancer_reaches_a_service,
        'aws_vpc_security_group_ingress_rule.service_from_load_balancer["fraud"]',
    ),
    "the whole VPC may call the endpoints": Widening(
        _rule("ingress", "endpoints_from_functions", **_WITHIN),
        claims.only_functions_and_services_reach_the_endpoints,
        "aws_vpc_security_group_ingress_rule.endpoints_from_functions",
    ),
    "functions may call anybody": Widening(
        _rule("egress", "functions_to_endpoints", **_ANYWHERE),
        claims.rules_name_groups_and_one_port,
        "aws_vpc_security_group_egress_rule.functions_to_endpoints names 0.0.0.0/0",
    ),
    "a load balancer listens on every port": Widening(
        _rule("egress", "functions_to_load_balancer", **_EVERY_PORT)
        + _rule("ingress", "load_balancer_from_functions", **_EVERY_PORT),
        claims.functions_reach_load_balancers_on_their_listener_port_only,
        "functions reaches load balancer of fraud on tcp 1-65535, not tcp 443",
    ),
    "one side of a rule is wider": Widening(
        _rule("ingress", "service_from_load_balancer", **_EVERY_PORT),
        claims.rules_name_groups_and_one_port,
        "opens tcp 1-65535",
    ),
    "every protocol": Widening(
        _rule(
            "ingress",
            "endpoints_from_service",
            ip_protocol='"-1"',
            from_port="null",
            to_port="null",
        ),
        claims.rules_name_groups_and_one_port,
        'aws_vpc_security_group_ingress_rule.endpoints_from_service["dashboard"] opens everything',
    ),
    "functions go past the load balancer": Widening(
        "",
        claims.only_its_load_balancer_reaches_a_service,
        "aws_vpc_security_group_ingress_rule.past",
        added=_FROM_FUNCTIONS,
    ),
    "functions call a service that they needn't": Widening(
        """
resource "aws_vpc_security_group_egress_rule" "functions_to_load_balancer" {
  for_each = var.services
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer_from_functions" {
  for_each = var.services
}
""",
        claims.functions_reach_load_balancers_on_their_listener_port_only,
        "functions reaches load balancer of dashboard on tcp 443, not nothing",
    ),
    "a rule inside a group": Widening(
        """
resource "aws_security_group" "functions" {
  ingress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["10.0.0.0/8"]
  }
}
""",
        claims.rules_name_groups_and_one_port,
        "aws_security_group.functions: ingress 1 names 10.0.0.0/8",
    ),
    "the acquirer's clients call anybody": Widening(
        _rule(
            "egress",
            "acquirer_client_to_acquirer",
            prefix_list_id="null",
            cidr_ipv4='"0.0.0.0/0"',
        ),
        claims.rules_name_groups_and_one_port,
        "acquirer_client_to_acquirer[0] names 0.0.0.0/0",
        egress=True,
    ),
    "the acquirer is called on every port": Widening(
        _rule("egress", "acquirer_client_to_acquirer", **_EVERY_PORT),
        claims.rules_name_groups_and_one_port,
        "acquirer_client_to_acquirer[0] opens tcp 1-65535",
        egress=True,
    ),
    "functions without the second group call the acquirer": Widening(
        _rule(
            "egress",
            "acquirer_client_to_acquirer",
            security_group_id="aws_security_group.endpoints.id",
        )
        + 'resource "aws_vpc_endpoint" "interface" {\n'
        "  subnet_ids = [for subnet in aws_subnet.egress : subnet.id]\n}\n",
        claims.only_acquirer_clients_reach_the_acquirer,
        "acquirer clients reaches nothing",
        egress=True,
    ),
    "a default group with AWS's own rules": Widening(
        'resource "aws_default_security_group" "closed" {\n  count = 0\n}\n',
        claims.the_default_group_lets_nothing_pass,
        "AWS's own rule",
    ),
    "a default group with rules": Widening(
        """
resource "aws_default_security_group" "closed" {
  ingress {
    protocol  = "-1"
    from_port = 0
    to_port   = 0
    self      = true
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
""",
        claims.the_default_group_lets_nothing_pass,
        "aws_default_security_group.closed: egress 1",
    ),
}

ACLS = {
    "the services' network ACL is opened": Widening(
        _open_acl("service"),
        claims.tiers_let_only_the_named_pass,
        "network ACLs let everything pass from service to service",
    ),
    "the stores' network ACL is opened": Widening(
        _open_acl("data"),
        claims.tiers_let_only_the_named_pass,
        "network ACLs let everything pass from data to data",
    ),
    "the egress tier's network ACL is opened": Widening(
        _open_acl("egress"),
        claims.tiers_let_only_the_named_pass,
        "network ACLs let everything pass from egress to egress",
        egress=True,
    ),
    "the public subnets' network ACL is opened": Widening(
        _open_acl("public"),
        claims.nothing_comes_in_from_outside,
        "is reached from",
        egress=True,
    ),
    "the stores are left to AWS's network ACL": Widening(
        """
resource "aws_network_acl" "data" {
  subnet_ids = []
}

resource "aws_default_network_acl" "closed" {
  count = 0
}
""",
        claims.tiers_let_only_the_named_pass,
        "network ACLs let everything pass from data to data",
    ),
}

_OWN_CALLERS = '{ StringEquals = { "aws:PrincipalAccount" = local.account_id } }'
_OWN_RESOURCES = '{ StringEquals = { "aws:ResourceAccount" = local.account_id } }'

POLICIES = {
    "everything passes to S3": Widening(
        _policy("s3", _statement()),
        claims.endpoints_refuse_foreign_accounts,
        "aws_vpc_endpoint.s3 lets 999999999999 call",
    ),
    "everything passes to DynamoDB": Widening(
        _policy("dynamodb", "null"),
        claims.endpoints_refuse_foreign_accounts,
        "aws_vpc_endpoint.dynamodb lets 999999999999 call",
    ),
    "everything passes the interface endpoints": Widening(
        _policy("interface", _statement()),
        claims.endpoints_refuse_foreign_accounts,
        'aws_vpc_endpoint.interface["kms"] lets 999999999999 call',
    ),
    "foreign resources are reached": Widening(
        _policy("interface", _statement(Action="sort(each.value)", Condition=_OWN_CALLERS)),
        claims.endpoints_refuse_foreign_accounts,
        "lets 555555555555 call sqs:SendMessage on resources of 999999999999",
    ),
    "foreign credentials are used": Widening(
        _policy(
            "dynamodb",
            _statement(Action="var.gateway_endpoints.dynamodb", Condition=_OWN_RESOURCES),
        ),
        claims.endpoints_refuse_foreign_accounts,
        "lets 999999999999 call dynamodb:PutItem on resources of 555555555555",
    ),
    "every action passes": Widening(
        _policy("interface", _statement(Condition="local.own_only")),
        claims.endpoints_admit_only_what_is_named,
        'aws_vpc_endpoint.interface["sts"] lets iam:CreateUser pass',
    ),
    "image layers can't be read": Widening(
        _policy("s3", _statement(Condition="local.own_only")),
        claims.image_layers_can_be_read,
        "refuses image layers",
    ),
}

WIDENINGS = {**ROUTES, **RULES, **ACLS, **POLICIES}
