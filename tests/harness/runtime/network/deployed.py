"""Load balancers, target groups and private names as deployed, read through the AWS API."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.runtime.functions import DeploymentError
from harness.runtime.network.target_group import HealthCheck, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import boto3

_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_DEFAULT_POLICY = "ELBSecurityPolicy-2016-08"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The names and TLS versions that a TLS listener serves."""

    names: tuple[str, ...]
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion]


@dataclass(frozen=True, slots=True)
class DeployedListener:
    """A listener; ``certificate`` is None for plain TCP."""

    arn: str
    port: int
    group_arn: str
    certificate: Certificate | None


@dataclass(frozen=True, slots=True)
class DeployedBalancer:
    """A network load balancer with its listeners. ``cidr`` is of its first subnet, if any."""

    arn: str
    dns_name: str
    cidr: str | None
    listeners: tuple[DeployedListener, ...]


@dataclass(frozen=True, slots=True)
class DeployedNetwork:
    """All of an account. ``names`` are private records: name to name or address."""

    balancers: tuple[DeployedBalancer, ...]
    groups: Mapping[str, Settings]
    registered: Mapping[str, Sequence[tuple[str, int]]]
    names: Mapping[str, str]

    def resolve(self, name: str) -> str:
        """Follow aliases and CNAMEs to a load balancer's name or to an address."""
        seen = set()
        while name in self.names and name not in seen:
            seen.add(name)
            name = self.names[name]
        return name


_NOTHING = DeployedNetwork((), {}, {}, {})


class NetworkReader:
    """Reads one account and region. Blocking."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self._balancing = session.client("elbv2")

    def read(self) -> DeployedNetwork:
        """What is deployed now.

        Raises:
            DeploymentError: something can't be run here; says what.
        """
        described = list(_pages(self._balancing, "describe_load_balancers", "LoadBalancers"))
        if not described:
            return _NOTHING
        balancers = tuple(self._balancer(each) for each in described)
        wanted = {listener.group_arn for each in balancers for listener in each.listeners}
        groups = {
            group["TargetGroupArn"]: self._settings(group)
            for group in _pages(self._balancing, "describe_target_groups", "TargetGroups")
            if group["TargetGroupArn"] in wanted
        }
        return DeployedNetwork(
            balancers=balancers,
            groups=groups,
            registered={arn: self._registered(arn) for arn in groups},
            names=dict(self._names()),
        )

    def _balancer(self, described: Mapping[str, Any]) -> DeployedBalancer:
        arn, name = described["LoadBalancerArn"], described["LoadBalancerName"]
        if described["Type"] != "network":
            raise DeploymentError(
                f"The load balancer {name} is of type {described['Type']}; "
                "only network load balancers run locally."
            )
        listeners = _pages(self._balancing, "describe_listeners", "Listeners", LoadBalancerArn=arn)
        return DeployedBalancer(
            arn=arn,
            dns_name=described["DNSName"].lower(),
            cidr=self._cidr(described.get("AvailabilityZones") or ()),
            listeners=tuple(self._listener(each, name) for each in listeners),
        )

    def _cidr(self, zones: Iterable[Mapping[str, Any]]) -> str | None:
        subnets = [zone["SubnetId"] for zone in zones if zone.get("SubnetId")]
        return subnet_cidrs(self._session, subnets)[0] if subnets else None

    def _listener(self, described: Mapping[str, Any], balancer: str) -> DeployedListener:
        where = f"The listener on port {described['Port']} of {balancer}"
        if described["Protocol"] not in ("TCP", "TLS"):
            raise DeploymentError(
                f"{where} speaks {described['Protocol']}; TCP and TLS listeners run locally."
            )
        return DeployedListener(
            arn=described["ListenerArn"],
            port=described["Port"],
            group_arn=_forwarded_group(described["DefaultActions"], where),
            certificate=self._certificate(described) if described["Protocol"] == "TLS" else None,
        )

    def _certificate(self, described: Mapping[str, Any]) -> Certificate:
        arn = described["Certificates"][0]["CertificateArn"]
        found = self._session.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
        names = dict.fromkeys([found["DomainName"], *found.get("SubjectAlternativeNames", ())])
        policy = described.get("SslPolicy") or _DEFAULT_POLICY
        found_policies = self._balancing.describe_ssl_policies(Names=[policy])["SslPolicies"]
        if not found_policies:
            raise DeploymentError(f"The TLS policy {policy} isn't known to the embedded AWS.")
        versions = sorted(_VERSIONS[name] for name in found_policies[0]["SslProtocols"])
        return Certificate(tuple(names), (versions[0], versions[-1]))

    def _settings(self, group: Mapping[str, Any]) -> Settings:
        arn, where = group["TargetGroupArn"], f"The target group {group['TargetGroupName']}"
        if group["Protocol"] != "TCP" or group.get("TargetType") != "ip":
            raise DeploymentError(
                f"{where} has the protocol {group['Protocol']} and targets of type "
                f"{group.get('TargetType')}; TCP to targets of type ip runs locally."
            )
        attributes = {
            each["Key"]: each["Value"]
            for each in self._balancing.describe_target_group_attributes(TargetGroupArn=arn)[
                "Attributes"
            ]
        }
        if attributes.get("proxy_protocol_v2.enabled") == "true":
            raise DeploymentError(f"{where} uses proxy protocol, which doesn't run locally.")
        terminate = attributes.get(
            "target_health_state.unhealthy.connection_termination.enabled", "true"
        )
        return Settings(
            arn=arn,
            check=_health_check(group, where),
            deregistration_delay=float(attributes["deregistration_delay.timeout_seconds"]),
            terminate_unhealthy=terminate == "true",
        )

    def _registered(self, arn: str) -> list[tuple[str, int]]:
        described = self._balancing.describe_target_health(TargetGroupArn=arn)
        return [
            (each["Target"]["Id"], each["Target"]["Port"])
            for each in described["TargetHealthDescriptions"]
        ]

    def _names(self) -> Iterator[tuple[str, str]]:
        """Alias, CNAME and plain A records of the private zones."""
        route53 = self._session.client("route53")
        for zone in _pages(route53, "list_hosted_zones", "HostedZones"):
            if not zone["Config"].get("PrivateZone"):
                continue
            records = _pages(
                route53,
                "list_resource_record_sets",
                "ResourceRecordSets",
                HostedZoneId=zone["Id"],
            )
            for record in records:
                if record["Type"] in ("A", "CNAME") and (target := _record_target(record)):
                    yield _plain(record["Name"]), target


def subnet_cidrs(session: boto3.Session, subnet_ids: Sequence[str]) -> list[str]:
    """The address ranges of subnets, in the order of their ids."""
    found = session.client("ec2").describe_subnets(SubnetIds=list(subnet_ids))["Subnets"]
    cidrs = {each["SubnetId"]: each["CidrBlock"] for each in found}
    return [cidrs[subnet] for subnet in subnet_ids]


def _record_target(record: Mapping[str, Any]) -> str | None:
    if alias := record.get("AliasTarget"):
        return _plain(alias["DNSName"]).removeprefix("dualstack.")
    values = record.get("ResourceRecords") or ()
    return _plain(values[0]["Value"]) if values else None


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


def _forwarded_group(actions: Sequence[Mapping[str, Any]], where: str) -> str:
    groups = {
        group["TargetGroupArn"]
        for action in actions
        for group in (action.get("ForwardConfig") or {}).get("TargetGroups") or [action]
        if "TargetGroupArn" in group
    }
    if len(groups) != 1:
        raise DeploymentError(f"{where} forwards to {len(groups)} target groups, not to one.")
    return str(groups.pop())


def _health_check(group: Mapping[str, Any], where: str) -> HealthCheck:
    protocol = group.get("HealthCheckProtocol") or "TCP"
    if protocol not in ("TCP", "HTTP"):
        raise DeploymentError(f"{where} is checked by {protocol}; TCP and HTTP run locally.")
    port = group.get("HealthCheckPort") or "traffic-port"
    return HealthCheck(
        protocol=protocol,
        path=group.get("HealthCheckPath") or "/",
        port=int(port) if str(port).isdigit() else None,
        interval=float(group.get("HealthCheckIntervalSeconds") or 30),
        timeout=float(group.get("HealthCheckTimeoutSeconds") or 10),
        healthy_threshold=int(group.get("HealthyThresholdCount") or 5),
        unhealthy_threshold=int(group.get("UnhealthyThresholdCount") or 2),
        statuses=_statuses((group.get("Matcher") or {}).get("HttpCode") or "200-399"),
    )


def _statuses(text: str) -> frozenset[int]:
    """``200``, ``200,202`` or ``200-399``."""
    statuses: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        statuses.update(range(int(first), int(last or first) + 1))
    return frozenset(statuses)


def _pages(client: Any, operation: str, member: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[member]
