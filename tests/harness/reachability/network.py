"""Questions about a VPC: who reaches whom on which ports, and what leads out of it."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from ipaddress import IPv4Network, collapse_addresses
from typing import TYPE_CHECKING, Any

from harness.reachability.elements import AclRule, Elements, GroupRule, Route, Subnet, read_elements
from harness.reachability.paths import ANYWHERE, Course, Gate, Member, Verdict, Way
from harness.reachability.traffic import Traffic
from terraform_plan.references import Instance, Resources

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from harness.reachability.endpoints import Endpoint

_GROUPS = ("aws_security_group", "aws_default_security_group")
PLACES: Mapping[str, tuple[tuple[str | int, ...], str, str]] = {
    "aws_ecs_service": (("network_configuration", 0), "security_groups", "subnets"),
    "aws_instance": ((), "vpc_security_group_ids", "subnet_id"),
    "aws_lambda_function": (("vpc_config", 0), "security_group_ids", "subnet_ids"),
    "aws_lb": ((), "security_groups", "subnets"),
    "aws_vpc_endpoint": ((), "security_group_ids", "subnet_ids"),
}
"""Where resources say which groups they carry and which subnets they are in."""


class Network:
    """One VPC of a plan or state; everything is named by its address."""

    def __init__(self, elements: Elements, resources: Resources) -> None:
        """Ask about elements that were read; `Network.read` does both."""
        self.elements = elements
        self._resources = resources

    @classmethod
    def read(cls, document: Mapping[str, Any], vpc: str | None = None) -> Network:
        """Read a plan as `terraform show -json` gives it, or an applied root's `found.document`.

        Args:
            document: `PlannedRoot.document`, `Plan.document` or a state as `planned_values`.
            vpc: address of the VPC, if there are several.

        Raises:
            UnresolvedError: the plan doesn't tell what an attribute names.
            ValueError: there isn't just one VPC, or it has IPv6.
        """
        resources = Resources(document)
        known = [item.address for item in resources.of("aws_vpc")]
        chosen = [vpc] if vpc else known
        if len(chosen) != 1 or chosen[0] not in known:
            raise ValueError(f"name one VPC of: {', '.join(known) or 'none is planned'}")
        return cls(read_elements(resources, chosen[0]), resources)

    @property
    def subnets(self) -> Mapping[str, Subnet]:
        """The subnets."""
        return self.elements.subnets

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """The VPC endpoints."""
        return self.elements.endpoints

    def in_subnets(self, start: str) -> tuple[str, ...]:
        """List the subnets whose addresses begin so: the instances of a resource.

        Raises:
            LookupError: there is none, and a proof about none would prove nothing.
        """
        found = tuple(
            name for name in self.subnets if name == start or name.startswith(f"{start}[")
        )
        if not found:
            raise LookupError(f"no subnet is {start}; there are: {', '.join(self.subnets)}")
        return found

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """What is placed in the VPC: functions, ECS services, load balancers, endpoints."""
        placed = (self._placed(item) for item in self._resources.of(*PLACES))
        return {member.name: member for member in placed if member}

    def _placed(self, item: Instance) -> Member | None:
        start, groups, subnets = PLACES[item.type]
        where = self._resources.named(item, (*start, subnets), "aws_subnet")
        if not set(where) & set(self.subnets):
            return None
        carried = self._resources.named(item, (*start, groups), *_GROUPS)
        if not carried and item.values.get("load_balancer_type") in ("gateway", "network"):
            return Member(item.address, groups=None, subnets=where)
        return Member(item.address, groups=carried or [self.elements.default_group], subnets=where)

    def stranger(self, subnets: Collection[str]) -> Member:
        """Make something in subnets that no security group holds back and no rule names."""
        return Member(f"a stranger in {', '.join(subnets)}", groups=None, subnets=subnets)

    def unassigned(self, subnets: Collection[str]) -> Member:
        """Make something in subnets that nobody gave a group: it has the VPC's default one."""
        default = self.elements.default_group
        return Member(f"something with {default}", groups=[default], subnets=subnets)

    # Inside the VPC

    def reach(self, source: Member, target: Member) -> Traffic:
        """What may pass from one member to another, between any two of their subnets."""
        total = Traffic.nothing()
        for course in self._courses(source, target):
            total |= course.traffic
        return total

    def reach_everywhere(self, source: Member, target: Member) -> Traffic:
        """What passes from one member to another whichever their subnets are."""
        total = Traffic.everything()
        for course in self._courses(source, target):
            total &= course.traffic
        return total

    def matrix(self, members: Iterable[Member]) -> dict[tuple[str, str], Traffic]:
        """What may pass between members, by their names; pairs without any are left out."""
        listed = list(members)
        pairs = {
            (source.name, target.name): self.reach(source, target)
            for source in listed
            for target in listed
        }
        return {pair: traffic for pair, traffic in pairs.items() if traffic}

    def explain(self, source: Member, target: Member, port: int, protocol: str = "tcp") -> Verdict:
        """Say which rules let a port pass, or which element refuses it."""
        wanted = Traffic.of_rule(protocol, port, port)
        verdicts = [course.explain(wanted) for course in self._courses(source, target)]
        return next((verdict for verdict in verdicts if verdict), verdicts[0])

    def _courses(self, source: Member, target: Member) -> Iterator[Course]:
        for start in source.subnets:
            for end in target.subnets:
                gates = [*self._gates(source, self.subnets[start], target, self.subnets[end])]
                yield Course(f"{source} in {start}", f"{target} in {end}", tuple(gates))

    def _gates(self, source: Member, start: Subnet, target: Member, end: Subnet) -> Iterator[Gate]:
        yield self._group_gate(source, True, target.groups or (), end.network)
        if start is not end:
            yield from self._acl_gates(start, True, end.network)
            yield from self._acl_gates(end, False, start.network)
        yield self._group_gate(target, False, source.groups or (), start.network)

    # Out of the VPC, and into it

    def ways_out(self, subnet: str) -> tuple[Way, ...]:
        """What leads out of the VPC from a subnet: to the internet, or to another network."""
        return tuple(self._ways(self.subnets[subnet], ANYWHERE, ()))

    def reach_outside(self, source: Member) -> dict[IPv4Network, Traffic]:
        """What may pass from a member to networks outside the VPC; answers to it included."""
        return self._outside(source, out=True)

    def reach_from_outside(self, target: Member) -> dict[IPv4Network, Traffic]:
        """What may pass to a member from networks outside the VPC, if it has a public address."""
        return self._outside(target, out=False)

    def explain_outside(self, source: Member, address: str, port: int) -> Verdict:
        """Say by which elements a member reaches an address outside, or which refuses it."""
        wanted, place = Traffic.tcp(port), IPv4Network(address)
        verdicts = [course.explain(wanted) for course in self._courses_out(source, place)]
        return next((verdict for verdict in verdicts if verdict), verdicts[0])

    def reach_services(self, source: Member) -> dict[str, Traffic]:
        """What may pass from a member to gateway endpoints, by the endpoints' addresses."""
        found = {}
        for endpoint in self.endpoints.values():
            if endpoint.kind == "Gateway":
                total = Traffic.nothing()
                for name in source.subnets:
                    total |= self._to_service(source, self.subnets[name], endpoint).traffic
                if total:
                    found[endpoint.address] = total
        return found

    def _outside(self, member: Member, *, out: bool) -> dict[IPv4Network, Traffic]:
        found: dict[Traffic, list[IPv4Network]] = defaultdict(list)
        for cell in self._cells:
            courses = self._courses_out if out else self._courses_in
            total = Traffic.nothing()
            for course in courses(member, cell[0]):
                total |= course.traffic
            if total:
                found[total] += cell
        return {
            network: traffic
            for traffic, networks in found.items()
            for network in collapse_addresses(networks)
        }

    def _courses_out(self, source: Member, place: IPv4Network) -> Iterator[Course]:
        for name in source.subnets:
            start = self.subnets[name]
            first = [self._group_gate(source, True, (), place)]
            first += self._acl_gates(start, True, place)
            ways = [*self._ways(start, place, ())]
            if not ways:
                yield Course(f"{source} in {name}", str(place), (*first, _way_gate(start, None)))
            for way in ways:
                gates = [*first, _way_gate(start, way), *self._nat_gates(start, way, place)]
                yield Course(f"{source} in {name}", str(place), tuple(gates))

    def _nat_gates(self, start: Subnet, way: Way, place: IPv4Network) -> Iterator[Gate]:
        for step in way.steps:
            inside = self.subnets.get(self.elements.nat_subnets.get(step, ""))
            if inside and inside is not start:
                yield from self._acl_gates(inside, False, start.network)
                yield from self._acl_gates(inside, True, place)

    def _courses_in(self, target: Member, place: IPv4Network) -> Iterator[Course]:
        for name in target.subnets:
            end = self.subnets[name]
            last = [*self._acl_gates(end, False, place)]
            last.append(self._group_gate(target, False, (), place))
            for route in self._routes(end):
                if route.kind != "nat" and _common(route.destinations, (place,)):
                    steps = (route.target, route.address, end.route_table)
                    gate = _way_gate(end, Way(route.destinations, steps))
                    yield Course(str(place), f"{target} in {name}", (gate, *last))

    def _to_service(self, source: Member, start: Subnet, endpoint: Endpoint) -> Course:
        routed = start.route_table in endpoint.route_tables
        steps = (start.address, start.route_table, endpoint.address)
        gates = [
            self._group_gate(source, True, (), None, prefix_list=endpoint.address),
            *self._acl_gates(start, True, ANYWHERE),
            _way_gate(start, Way((), steps) if routed else None),
        ]
        return Course(f"{source} in {start.address}", endpoint.address, tuple(gates))

    def _ways(self, subnet: Subnet, towards: IPv4Network, before: tuple[str, ...]) -> Iterator[Way]:
        for route in self._routes(subnet):
            destinations = _common(route.destinations, (towards,))
            steps = (*before, subnet.address, subnet.route_table, route.address, route.target)
            if not destinations or route.target in before:
                continue
            if route.kind != "nat":
                yield Way(destinations, steps)
                continue
            inside = self.subnets[self.elements.nat_subnets[route.target]]
            for way in self._ways(inside, towards, steps):
                if common := _common(way.destinations, destinations):
                    yield Way(common, way.steps)

    def _routes(self, subnet: Subnet) -> tuple[Route, ...]:
        return self.elements.routes.get(subnet.route_table, ())

    @cached_property
    def _cells(self) -> list[list[IPv4Network]]:
        """Parts of the space outside the VPC that no rule or route tells apart."""
        elements = self.elements
        told = {ANYWHERE, elements.network}
        for routes in elements.routes.values():
            told.update(network for route in routes for network in route.destinations)
        for rules in elements.acl_rules.values():
            told.update(rule.network for rule in rules)
        for rule in elements.group_rules:
            told.update(rule.networks)
        cells = (_without_inner(network, told) for network in sorted(told))
        return [cell for cell in cells if cell and not cell[0].subnet_of(elements.network)]

    # Gates

    def _group_gate(
        self,
        member: Member,
        egress: bool,
        others: Collection[str],
        network: IPv4Network | None,
        prefix_list: str = "",
    ) -> Gate:
        way = "egress" if egress else "ingress"
        if member.groups is None:
            return Gate(f"{member}, {way}", ((Traffic.everything(), "nothing holds it back"),))
        rules = [
            (rule.traffic, rule.address)
            for rule in self.elements.group_rules
            if rule.egress == egress
            and rule.group in member.groups
            and _concerns(rule, others, network, prefix_list)
        ]
        towards = ", ".join(others) or prefix_list or str(network)
        name = f"security group {', '.join(member.groups)}, {way} ({towards})"
        return Gate(name, tuple(rules))

    def _acl_gates(self, subnet: Subnet, egress: bool, other: IPv4Network) -> Iterator[Gate]:
        """Yield the gate of what passes a network ACL, and that of what can be answered."""
        forth, back = self._acl_passes(subnet, egress, other), Traffic.nothing()
        for traffic, _ in self._acl_passes(subnet, not egress, other):
            back |= traffic
        ways = ("egress", "ingress") if egress else ("ingress", "egress")
        name = f"network ACL {subnet.network_acl}"
        yield Gate(f"{name}, {ways[0]} ({other})", forth)
        answered = Traffic.everything().answered_by(back)
        yield Gate(f"{name}, answers by {ways[1]} ({other})", ((answered, "answers pass"),))

    def _acl_passes(
        self, subnet: Subnet, egress: bool, other: IPv4Network
    ) -> tuple[tuple[Traffic, str], ...]:
        decided, passes = Traffic.nothing(), []
        for rule in self.elements.acl_rules.get(subnet.network_acl, ()):
            if rule.egress != egress or not rule.network.overlaps(other):
                continue
            if rule.allows:
                passes.append((rule.traffic - decided, rule.name))
            if _decides(rule, other):
                decided |= rule.traffic
        return tuple(passes)


def _way_gate(subnet: Subnet, way: Way | None) -> Gate:
    taken = ((Traffic.everything(), " -> ".join(way.steps)),) if way else ()
    return Gate(f"route table {subnet.route_table}", taken)


def _decides(rule: AclRule, other: IPv4Network) -> bool:
    """Whether a rule settles all of a network; one that covers a part may leave some to others."""
    return other.subnet_of(rule.network)


def _concerns(
    rule: GroupRule, others: Collection[str], network: IPv4Network | None, prefix_list: str
) -> bool:
    if rule.other_group:
        return rule.other_group in others
    if rule.prefix_list and not rule.networks:
        return rule.prefix_list == prefix_list
    if network is None:  # a service of AWS, whose addresses no plan tells
        return any(not each.is_private for each in rule.networks)
    return any(each.overlaps(network) for each in rule.networks)


def _common(
    some: Iterable[IPv4Network], others: tuple[IPv4Network, ...]
) -> tuple[IPv4Network, ...]:
    """Return the networks that two lists share; of two networks one is in the other, or none."""
    return tuple(a if a.subnet_of(b) else b for a in some for b in others if a.overlaps(b))


def _without_inner(network: IPv4Network, told: Iterable[IPv4Network]) -> list[IPv4Network]:
    """Return what is left of a network without those inside it."""
    left = [network]
    for inner in told:
        if inner != network and inner.subnet_of(network):
            left = [part for each in left for part in _without(each, inner)]
    return sorted(left)


def _without(network: IPv4Network, inner: IPv4Network) -> Iterable[IPv4Network]:
    if inner.subnet_of(network):
        return network.address_exclude(inner)
    return () if network.subnet_of(inner) else (network,)
