"""The elements of a VPC as a plan or state has them: subnets, routes, network ACLs, groups."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from harness.reachability.endpoints import Endpoint, parse_policy
from harness.reachability.paths import ANYWHERE
from harness.reachability.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from terraform_plan.references import Instance, Resources

_KINDS = {"aws_internet_gateway": "internet", "igw": "internet", "aws_nat_gateway": "nat"}
_TARGETS = (
    "carrier_gateway_id",
    "core_network_arn",
    "egress_only_gateway_id",
    "gateway_id",
    "local_gateway_id",
    "nat_gateway_id",
    "network_interface_id",
    "transit_gateway_id",
    "vpc_endpoint_id",
    "vpc_peering_connection_id",
)
_TARGET_TYPES = (
    "aws_dx_gateway",
    "aws_ec2_carrier_gateway",
    "aws_ec2_transit_gateway",
    "aws_egress_only_internet_gateway",
    "aws_instance",
    "aws_internet_gateway",
    "aws_nat_gateway",
    "aws_network_interface",
    "aws_vpc_endpoint",
    "aws_vpc_peering_connection",
    "aws_vpn_gateway",
)
_GROUPS = ("aws_security_group", "aws_default_security_group")
_LISTS = ("aws_ec2_managed_prefix_list", "aws_vpc_endpoint")


@dataclass(frozen=True)
class Subnet:
    """A subnet with the table and network ACL that are in force in it."""

    address: str
    network: IPv4Network
    zone: str
    public_address_on_launch: bool
    route_table: str
    network_acl: str


@dataclass(frozen=True)
class Route:
    """One route out of the VPC."""

    address: str
    destinations: tuple[IPv4Network, ...]
    kind: str
    """`internet`, `nat` or `other`, which is taken to lead out as well."""
    target: str


@dataclass(frozen=True)
class AclRule:
    """One rule of a network ACL."""

    name: str
    number: int
    egress: bool
    allows: bool
    network: IPv4Network
    traffic: Traffic


@dataclass(frozen=True)
class GroupRule:
    """One rule of a security group; the other side is a group, a prefix list or networks."""

    address: str
    group: str
    egress: bool
    traffic: Traffic
    other_group: str = ""
    prefix_list: str = ""
    networks: tuple[IPv4Network, ...] = ()


@dataclass(frozen=True)
class Elements:
    """Everything of one VPC, by address."""

    vpc: str
    network: IPv4Network
    subnets: Mapping[str, Subnet]
    routes: Mapping[str, tuple[Route, ...]]
    """By route table."""
    nat_subnets: Mapping[str, str]
    acl_rules: Mapping[str, tuple[AclRule, ...]]
    """By network ACL, in the order in which they are tried."""
    groups: tuple[str, ...]
    default_group: str
    group_rules: tuple[GroupRule, ...]
    endpoints: Mapping[str, Endpoint]


def read_elements(resources: Resources, vpc: str) -> Elements:
    """Read the elements of a VPC.

    Raises:
        UnresolvedError: the plan doesn't tell what belongs to what.
        ValueError: the VPC isn't understood.
    """
    reader = _Reader(resources, vpc)
    item = resources.all[vpc]
    if item.values.get("assign_generated_ipv6_cidr_block") or item.values.get("ipv6_cidr_block"):
        raise ValueError(f"{vpc} has IPv6, of which this analysis knows nothing")
    return Elements(
        vpc=vpc,
        network=IPv4Network(item.values["cidr_block"]),
        subnets=reader.subnets(),
        routes=reader.routes(),
        nat_subnets={
            item.address: resources.one(item, "subnet_id", "aws_subnet")
            for item in resources.of("aws_nat_gateway")
        },
        acl_rules=reader.acl_rules(),
        groups=reader.groups(),
        default_group=reader.default_group(),
        group_rules=tuple(reader.group_rules()),
        endpoints=reader.endpoints(),
    )


class _Reader:
    def __init__(self, resources: Resources, vpc: str) -> None:
        self._resources = resources
        self._vpc = vpc

    def own(self, *types: str) -> Iterator[Instance]:
        """Yield the resources of some types that belong to the VPC."""
        for item in self._resources.of(*types):
            if self._belongs(item):
                yield item

    def _belongs(self, item: Instance) -> bool:
        part = {
            "aws_default_network_acl": "default_network_acl_id",
            "aws_default_route_table": "default_route_table_id",
        }.get(item.type, "vpc_id")
        told = "vpc_id" if item.values.get("vpc_id") else part
        return self._vpc in self._resources.named(item, (told,), "aws_vpc")

    def subnets(self) -> dict[str, Subnet]:
        tables, acls = self._tables_of_subnets(), self._acls_of_subnets()
        return {
            item.address: Subnet(
                address=item.address,
                network=IPv4Network(item.values["cidr_block"]),
                zone=item.values.get("availability_zone") or "",
                public_address_on_launch=bool(item.values.get("map_public_ip_on_launch")),
                route_table=tables.get(item.address, self._main_table()),
                network_acl=acls.get(item.address, self._default_acl()),
            )
            for item in self.own("aws_subnet")
        }

    def _tables_of_subnets(self) -> dict[str, str]:
        one = self._resources.one
        return {
            one(item, "subnet_id", "aws_subnet"): one(
                item, "route_table_id", "aws_route_table", "aws_default_route_table"
            )
            for item in self._resources.of("aws_route_table_association")
            if self._resources.named(item, ("subnet_id",), "aws_subnet")
        }

    def _acls_of_subnets(self) -> dict[str, str]:
        found = {}
        for item in self.own("aws_network_acl", "aws_default_network_acl"):
            for subnet in self._resources.named(item, ("subnet_ids",), "aws_subnet"):
                found[subnet] = item.address
        for item in self._resources.of("aws_network_acl_association"):
            subnet = self._resources.one(item, "subnet_id", "aws_subnet")
            found[subnet] = self._resources.one(item, "network_acl_id", "aws_network_acl")
        return found

    def _main_table(self) -> str:
        for item in self._resources.of("aws_main_route_table_association"):
            if self._belongs(item):
                return self._resources.one(item, "route_table_id", "aws_route_table")
        defaults = [item.address for item in self.own("aws_default_route_table")]
        return defaults[0] if defaults else f"{self._vpc}: main route table"

    def _default_acl(self) -> str:
        defaults = [item.address for item in self.own("aws_default_network_acl")]
        return defaults[0] if defaults else f"{self._vpc}: default network ACL"

    def routes(self) -> dict[str, tuple[Route, ...]]:
        found: dict[str, list[Route]] = defaultdict(list)
        for table in self.own("aws_route_table", "aws_default_route_table"):
            found[table.address] += self._inline_routes(table)
        for item in self._resources.of("aws_route"):
            table_types = ("aws_route_table", "aws_default_route_table", "aws_vpc")
            name = self._resources.one(item, "route_table_id", *table_types)
            name = self._main_table() if name == self._vpc else name
            found[name].append(self._route(item, item.values, item.address, ()))
        return {name: tuple(routes) for name, routes in found.items()}

    def _inline_routes(self, table: Instance) -> Iterator[Route]:
        for index, values in enumerate(table.values.get("route") or ()):
            if values.get("gateway_id") != "local":
                name = f"{table.address}: route {index + 1}"
                yield self._route(table, values, name, ("route", index))

    def _route(
        self, item: Instance, values: Mapping[str, Any], name: str, start: tuple[str | int, ...]
    ) -> Route:
        lists = self._resources.named(item, (*start, "destination_prefix_list_id"), *_LISTS)
        cidr = values.get("destination_cidr_block") or values.get("cidr_block")
        networks = [IPv4Network(cidr)] if cidr else []
        for prefix_list in lists:
            networks += self._entries(prefix_list)
        targets = [
            target
            for attribute in _TARGETS
            for target in self._resources.named(item, (*start, attribute), *_TARGET_TYPES)
        ]
        shown = ", ".join(targets) or "an unknown target"
        kind = self._kind(targets[0]) if len(targets) == 1 else "other"
        return Route(name, tuple(networks or [ANYWHERE]), kind, shown)

    def _kind(self, target: str) -> str:
        item = self._resources.all.get(target)
        return _KINDS.get(item.type if item else target.partition("-")[0], "other")

    def _entries(self, prefix_list: str) -> list[IPv4Network]:
        """List the networks of a prefix list; one that isn't told may hold any."""
        item = self._resources.all.get(prefix_list)
        if item is None or item.type != "aws_ec2_managed_prefix_list":
            return [ANYWHERE]
        cidrs = [entry["cidr"] for entry in item.values.get("entry") or ()]
        cidrs += [
            entry.values["cidr"]
            for entry in self._resources.of("aws_ec2_managed_prefix_list_entry")
            if prefix_list in self._resources.named(entry, ("prefix_list_id",), item.type)
        ]
        return [IPv4Network(cidr) for cidr in cidrs]

    def acl_rules(self) -> dict[str, tuple[AclRule, ...]]:
        found: dict[str, list[AclRule]] = defaultdict(list)
        for acl in self.own("aws_network_acl", "aws_default_network_acl"):
            found[acl.address] = [*_inline_acl_rules(acl)]
        for item in self._resources.of("aws_network_acl_rule"):
            types = ("aws_network_acl", "aws_default_network_acl", "aws_vpc")
            name = self._resources.one(item, "network_acl_id", *types)
            name = self._default_acl() if name == self._vpc else name
            found[name] += _acl_rule(item.address, item.values, bool(item.values.get("egress")))
        if self._default_acl() not in found:  # AWS's own, which nobody has adopted
            found[self._default_acl()] = [
                AclRule("AWS's own rule", 100, way, True, ANYWHERE, Traffic.everything())
                for way in (True, False)
            ]
        return {
            name: tuple(sorted(rules, key=lambda rule: rule.number))
            for name, rules in found.items()
        }

    def groups(self) -> tuple[str, ...]:
        adopted = (item.address for item in self.own(*_GROUPS))
        return tuple(dict.fromkeys((*adopted, self.default_group())))

    def default_group(self) -> str:
        defaults = [item.address for item in self.own("aws_default_security_group")]
        return defaults[0] if defaults else f"{self._vpc}: default security group"

    def group_rules(self) -> Iterator[GroupRule]:
        default, everything = self.default_group(), Traffic.everything()
        if default not in self._resources.all:  # AWS's own, which nobody has adopted
            yield GroupRule("AWS's own rule", default, False, everything, other_group=default)
            yield GroupRule("AWS's own rule", default, True, everything, networks=(ANYWHERE,))
        for group in self.own(*_GROUPS):
            yield from self._inline_group_rules(group)
        for way in ("ingress", "egress"):
            for item in self._resources.of(f"aws_vpc_security_group_{way}_rule"):
                yield self._group_rule(item, way == "egress")
        for item in self._resources.of("aws_security_group_rule"):
            yield from self._old_group_rules(item)

    def _group_rule(self, item: Instance, egress: bool) -> GroupRule:
        values = item.values
        others = self._resources.named(item, ("referenced_security_group_id",), *_GROUPS)
        lists = self._resources.named(item, ("prefix_list_id",), *_LISTS)
        return GroupRule(
            address=item.address,
            group=self._resources.one(item, "security_group_id", *_GROUPS),
            egress=egress,
            traffic=Traffic.of_rule(
                values["ip_protocol"], values.get("from_port"), values.get("to_port")
            ),
            other_group=others[0] if others else "",
            prefix_list=lists[0] if lists else "",
            networks=_networks([values.get("cidr_ipv4")]) + self._listed(lists),
        )

    def _listed(self, lists: tuple[str, ...]) -> tuple[IPv4Network, ...]:
        """List the networks of managed prefix lists; AWS's own are known by their endpoint."""
        managed = [name for name in lists if ".aws_vpc_endpoint." not in f".{name}"]
        return tuple(network for name in managed for network in self._entries(name))

    def _old_group_rules(self, item: Instance) -> Iterator[GroupRule]:
        group = self._resources.one(item, "security_group_id", *_GROUPS)
        others = self._resources.named(item, ("source_security_group_id",), *_GROUPS)
        egress = item.values["type"] == "egress"
        yield from self._rules_of(
            item, item.values, item.address, (group, egress), others, ("prefix_list_ids",)
        )

    def _inline_group_rules(self, group: Instance) -> Iterator[GroupRule]:
        for way in ("ingress", "egress"):
            if group.unknown.get(way) is True and not self._resources.configures(group, way):
                continue
            for index, values in enumerate(group.values.get(way) or ()):
                others = self._resources.named(group, (way, index, "security_groups"), *_GROUPS)
                name = f"{group.address}: {way} {index + 1}"
                place = (group.address, way == "egress")
                lists: tuple[str | int, ...] = (way, index, "prefix_list_ids")
                yield from self._rules_of(group, values, name, place, others, lists)

    def _rules_of(
        self,
        item: Instance,
        values: Mapping[str, Any],
        name: str,
        place: tuple[str, bool],
        others: tuple[str, ...],
        lists: tuple[str | int, ...],
    ) -> Iterator[GroupRule]:
        """Yield a rule for each other side of one that has several."""
        group, egress = place
        traffic = Traffic.of_rule(values["protocol"], values["from_port"], values["to_port"])
        itself = (group,) if values.get("self") else ()
        for other in (*others, *itself):
            yield GroupRule(name, group, egress, traffic, other_group=other)
        for prefix_list in self._resources.named(item, lists, *_LISTS):
            networks = self._listed((prefix_list,))
            yield GroupRule(
                name, group, egress, traffic, prefix_list=prefix_list, networks=networks
            )
        if networks := _networks(values.get("cidr_blocks") or ()):
            yield GroupRule(name, group, egress, traffic, networks=networks)

    def endpoints(self) -> dict[str, Endpoint]:
        policies = {
            self._resources.one(item, "vpc_endpoint_id", "aws_vpc_endpoint"): item
            for item in self._resources.of("aws_vpc_endpoint_policy")
        }
        found = {}
        for item in self.own("aws_vpc_endpoint"):
            tables = {*self._resources.named(item, ("route_table_ids",), "aws_route_table")}
            for link in self._resources.of("aws_vpc_endpoint_route_table_association"):
                if item.address == self._resources.one(link, "vpc_endpoint_id", item.type):
                    tables.add(self._resources.one(link, "route_table_id", "aws_route_table"))
            text = self._policy(policies.get(item.address, item))
            found[item.address] = Endpoint(
                address=item.address,
                service=item.values["service_name"].partition("amazonaws.")[2].split(".", 1)[-1],
                kind=item.values.get("vpc_endpoint_type") or "Gateway",
                route_tables=tuple(sorted(tables)),
                subnets=self._resources.named(item, ("subnet_ids",), "aws_subnet"),
                groups=self._resources.named(item, ("security_group_ids",), *_GROUPS),
                policy=parse_policy(text),
            )
        return found

    def _policy(self, item: Instance) -> str | None:
        if item.values.get("policy") is None and self._resources.configures(item, "policy"):
            raise ValueError(f"{item.address}: the policy is known only after the apply")
        return item.values.get("policy")


def _inline_acl_rules(acl: Instance) -> Iterator[AclRule]:
    for way in ("ingress", "egress"):
        for values in acl.values.get(way) or ():
            name = f"{acl.address}: {way} {values['rule_no']}"
            yield from _acl_rule(name, values, way == "egress")


def _acl_rule(name: str, values: Mapping[str, Any], egress: bool) -> Iterator[AclRule]:
    if cidr := values.get("cidr_block"):
        yield AclRule(
            name=name,
            number=values.get("rule_no") or values.get("rule_number") or 0,
            egress=egress,
            allows=(values.get("action") or values.get("rule_action")) == "allow",
            network=IPv4Network(cidr),
            traffic=Traffic.of_rule(
                str(values["protocol"]), values.get("from_port"), values.get("to_port")
            ),
        )


def _networks(cidrs: Any) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(cidr) for cidr in cidrs if cidr)
