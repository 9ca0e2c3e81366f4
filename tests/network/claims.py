"""What the network module promises, each as a function that yields where it isn't so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.reachability import Member, Network, Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from ipaddress import IPv4Network

    from harness.reachability import Endpoint

NOTHING = Traffic.nothing()
HTTPS = Traffic.tcp(443)
ANSWERS = Traffic.tcp((1024, 65535))

ACCOUNT, STRANGERS_ACCOUNT = "555555555555", "999999999999"


@dataclass(frozen=True)
class Service:
    """A service as the module was told of it."""

    called_by_functions: bool = False
    listener_port: int = 443
    task_port: int = 8080


@dataclass(frozen=True)
class Payments:
    """A planned or applied network, and what it was asked for."""

    network: Network
    services: Mapping[str, Service]
    prefixes: frozenset[IPv4Network] = frozenset()
    """The acquirer's networks; without any there is no egress tier."""
    account_id: str = ACCOUNT
    at: str = field(default="", kw_only=True)
    """Address of the module with a dot at its end."""

    def subnets(self, tier: str) -> tuple[str, ...]:
        """List the subnets of a tier."""
        return self.network.in_subnets(f"{self.at}aws_subnet.{tier}")

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers that there are."""
        return ("service", "data", "egress", "public") if self.prefixes else ("service", "data")

    @property
    def functions(self) -> Member:
        """Functions that don't call the acquirer."""
        return self._member("functions", "service", "functions")

    @property
    def acquirer_clients(self) -> Member:
        """Functions that call the acquirer."""
        return self._member("acquirer clients", "egress", "functions", "acquirer_client[0]")

    @property
    def callers(self) -> list[Member]:
        """All functions."""
        return [self.functions, *([self.acquirer_clients] if self.prefixes else [])]

    @property
    def endpoints(self) -> Member:
        """The interface endpoints."""
        return self._member("endpoints", "data", "endpoints")

    def load_balancer(self, service: str) -> Member:
        """The load balancer of a service."""
        return self._member(f"load balancer of {service}", "service", f'load_balancer["{service}"]')

    def tasks(self, service: str) -> Member:
        """The tasks of a service."""
        return self._member(f"tasks of {service}", "service", f'service["{service}"]')

    @property
    def members(self) -> list[Member]:
        """Everything that the module has a group for."""
        balanced = [self.load_balancer(service) for service in self.services]
        tasks = [self.tasks(service) for service in self.services]
        return [*self.callers, *balanced, *tasks, self.endpoints]

    @property
    def strangers(self) -> list[Member]:
        """What nobody has planned: with no group to hold it back, and with the default one."""
        everywhere = [subnet for tier in self.tiers for subnet in self.subnets(tier)]
        return [self.network.stranger(everywhere), self.network.unassigned(everywhere)]

    def _member(self, name: str, tier: str, *groups: str) -> Member:
        carried = [f"{self.at}aws_security_group.{group}" for group in groups]
        return Member(name, groups=carried, subnets=self.subnets(tier))


def nothing_leads_out_of_service_and_data_subnets(payments: Payments) -> Iterator[str]:
    """No subnet of theirs has a route out, by whatever gateway."""
    for tier in ("service", "data"):
        for subnet in payments.subnets(tier):
            ways = payments.network.ways_out(subnet)
            yield from (f"{subnet} has a way out: {way}" for way in ways)


def nothing_comes_in_from_outside(payments: Payments) -> Iterator[str]:
    """Not even something with a public address and without a group is reached."""
    for stranger in payments.strangers:
        found = payments.network.reach_from_outside(stranger)
        if found:
            yield f"{stranger} is reached from {_shown(found)}"


def no_subnet_gives_public_addresses(payments: Payments) -> Iterator[str]:
    """Nothing gets a public address by being there."""
    for subnet in payments.network.subnets.values():
        if subnet.public_address_on_launch:
            yield f"{subnet.address} gives public addresses"


def functions_reach_load_balancers_on_their_listener_port_only(payments: Payments) -> Iterator[str]:
    """And only those of the services that they call."""
    for name, service in payments.services.items():
        wanted = Traffic.tcp(service.listener_port) if service.called_by_functions else NOTHING
        for caller in payments.callers:
            yield from _expect(payments, caller, payments.load_balancer(name), wanted)


def only_its_load_balancer_reaches_a_service(payments: Payments) -> Iterator[str]:
    """On the port of its tasks, and nobody else on any."""
    for name, service in payments.services.items():
        own, tasks = payments.load_balancer(name), payments.tasks(name)
        yield from _expect(payments, own, tasks, Traffic.tcp(service.task_port))
        for other in (*payments.members, *payments.strangers):
            if other.name != own.name:
                yield from _expect(payments, other, tasks, NOTHING)


def load_balancers_reach_nothing_but_their_service(payments: Payments) -> Iterator[str]:
    """Neither other services nor AWS."""
    for name in payments.services:
        balancer = payments.load_balancer(name)
        for other in (*payments.members, *payments.strangers):
            if other.name != f"tasks of {name}":
                yield from _expect(payments, balancer, other, NOTHING)


def functions_are_reached_by_nobody(payments: Payments) -> Iterator[str]:
    """Functions are invoked, not connected to."""
    for function in payments.callers:
        for other in (*payments.members, *payments.strangers):
            yield from _expect(payments, other, function, NOTHING)


def only_functions_and_services_reach_the_endpoints(payments: Payments) -> Iterator[str]:
    """They are all that the data subnets hold."""
    tasks = [payments.tasks(service) for service in payments.services]
    named = [*payments.callers, *tasks]
    for member in named:
        yield from _expect(payments, member, payments.endpoints, HTTPS)
    names = {member.name for member in named}
    for other in (*payments.members, *payments.strangers):
        if other.name not in names:
            yield from _expect(payments, other, payments.endpoints, NOTHING)
        yield from _expect(payments, payments.endpoints, other, NOTHING)


def tiers_let_only_the_named_pass(payments: Payments) -> Iterator[str]:
    """The network ACLs alone, with no group to help: a second wall."""
    called = {s.listener_port for s in payments.services.values() if s.called_by_functions}
    tasks = {service.task_port for service in payments.services.values()}
    wanted = {
        ("service", "service"): Traffic.tcp(*called, *tasks) | ANSWERS,
        ("service", "data"): HTTPS,
    }
    if payments.prefixes:
        wanted |= {
            ("egress", "service"): Traffic.tcp(*called),
            ("egress", "data"): HTTPS,
            ("egress", "public"): HTTPS,
        }
    for source in payments.tiers:
        for target in payments.tiers:
            found = _between(payments, source, target)
            expected = wanted.get((source, target), NOTHING)
            if found != expected:
                yield f"network ACLs let {found} pass from {source} to {target}, not {expected}"


def the_default_group_lets_nothing_pass(payments: Payments) -> Iterator[str]:
    """What nobody assigned a group to is cut off."""
    everywhere, unassigned = payments.strangers
    yield from _expect(payments, unassigned, everywhere, NOTHING)
    yield from _expect(payments, everywhere, unassigned, NOTHING)


def rules_name_groups_and_one_port(payments: Payments) -> Iterator[str]:
    """A rule that is wider than needed is found, even where another wall still stands."""
    for rule in payments.network.elements.group_rules:
        opened = rule.traffic.ranges
        if [(first, last) for _, ((first, last), *_) in opened if first != last] or len(opened) > 1:
            yield f"{rule.address} opens {rule.traffic}"
        named = bool(rule.other_group) or rule.prefix_list in payments.network.endpoints
        if not named and set(rule.networks) != payments.prefixes:
            yield f"{rule.address} names {', '.join(map(str, rule.networks))}"


def services_reach_gateway_endpoints(payments: Payments) -> Iterator[str]:
    """Functions and tasks need DynamoDB and S3; nothing else does."""
    found = {f"{payments.at}aws_vpc_endpoint.{name}": HTTPS for name in ("dynamodb", "s3")}
    for member in payments.members:
        calls_aws = member.name.startswith(("functions", "acquirer", "tasks"))
        reached = payments.network.reach_services(member)
        if reached != (found if calls_aws else {}):
            yield f"{member} reaches {_shown(reached)}"


def only_acquirer_clients_reach_the_acquirer(payments: Payments) -> Iterator[str]:
    """On port 443, and no other network outside."""
    wanted = dict.fromkeys(payments.prefixes, HTTPS)
    for member in payments.members:
        expected = wanted if member.name == "acquirer clients" else {}
        found = payments.network.reach_outside(member)
        if found != expected:
            yield f"{member} reaches {_shown(found)} outside"


def nothing_leads_further_than_the_acquirer(payments: Payments) -> Iterator[str]:
    """Routes and network ACLs alone: whatever group a thing has, it gets no further."""
    for tier in payments.tiers:
        stranger = payments.network.stranger(payments.subnets(tier))
        found = payments.network.reach_outside(stranger)
        allowed = tier in ("egress", "public")
        expected = dict.fromkeys(payments.prefixes if allowed else (), HTTPS)
        if found != expected:
            yield f"{stranger} reaches {_shown(found)} outside"
        for subnet in payments.subnets(tier):
            for way in payments.network.ways_out(subnet):
                if not payments.prefixes.issuperset(way.destinations):
                    yield f"{subnet} has a way further: {way}"


def endpoints_refuse_foreign_accounts(payments: Payments) -> Iterator[str]:
    """Neither foreign credentials nor foreign resources pass an endpoint; one's own do."""
    own, foreign = payments.account_id, STRANGERS_ACCOUNT
    for endpoint in payments.network.endpoints.values():
        for action in _actions(endpoint):
            if not endpoint.admits(action, principal_account=own, resource_account=own):
                yield f"{endpoint.address} refuses {action}"
            for caller, owner in ((foreign, own), (own, foreign), (foreign, foreign)):
                if endpoint.admits(action, principal_account=caller, resource_account=owner):
                    whose = f"{caller} call {action} on resources of {owner}"
                    yield f"{endpoint.address} lets {whose}"


def endpoints_admit_only_what_is_named(payments: Payments) -> Iterator[str]:
    """Not every action of a service passes its endpoint."""
    own = payments.account_id
    for endpoint in payments.network.endpoints.values():
        service = endpoint.service.partition(".")[0]
        for action in (f"{service}:DeleteEverything", "iam:CreateUser"):
            if endpoint.admits(action, principal_account=own, resource_account=own):
                yield f"{endpoint.address} lets {action} pass"


def image_layers_can_be_read(payments: Payments) -> Iterator[str]:
    """ECR's bucket is AWS's own: read by anybody through the S3 endpoint, and nothing more."""
    layer = "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/a/layer"
    (s3,) = (each for each in payments.network.endpoints.values() if each.service == "s3")
    amazon = {"principal_account": STRANGERS_ACCOUNT, "resource_account": STRANGERS_ACCOUNT}
    if not s3.admits("s3:GetObject", layer, **amazon):
        yield f"{s3.address} refuses image layers"
    for action, thing in (("s3:PutObject", layer), ("s3:GetObject", "arn:aws:s3:::other/thing")):
        if s3.admits(action, thing, **amazon):
            yield f"{s3.address} lets {action} on {thing} pass"


def _expect(payments: Payments, source: Member, target: Member, wanted: Traffic) -> Iterator[str]:
    """Yield the path of what passes and shouldn't, and what should pass and doesn't."""
    network = payments.network
    found = network.reach(source, target)
    if surplus := found - wanted:
        protocol, ((port, _), *_) = surplus.ranges[0]
        path = network.explain(source, target, port, protocol)
        yield f"{source} reaches {target} on {found}, not {wanted}:\n{path}"
    if missing := wanted - network.reach_everywhere(source, target):
        yield f"{source} doesn't reach {target} on {missing} from every subnet"


def _between(payments: Payments, source: str, target: str) -> Traffic:
    """What network ACLs let pass between two tiers; inside a subnet none stands."""
    found = NOTHING
    for one in payments.subnets(source):
        for other in payments.subnets(target):
            if one != other:
                start, end = payments.network.stranger([one]), payments.network.stranger([other])
                found |= payments.network.reach(start, end)
    return found


def _actions(endpoint: Endpoint) -> Iterator[str]:
    """Yield the actions that a policy names, or one of the service where it names none."""
    statements = (endpoint.policy or {}).get("Statement", ())
    named = {
        action
        for statement in statements
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    yield from named - {"*"} or {f"{endpoint.service}:AnyAction"}


def _shown(found: Mapping[Any, Traffic]) -> str:
    return ", ".join(f"{place} on {traffic}" for place, traffic in found.items()) or "nothing"
