"""The deployed load balancers of an account on this machine, kept in step with the deployment."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

from harness.runtime.metrics import Source
from harness.runtime.network.addresses import NO_SUBNET, Addresses, NetworkFile
from harness.runtime.network.authority import CertificateAuthority
from harness.runtime.network.deployed import DeployedNetwork, NetworkReader
from harness.runtime.network.listener import Listener
from harness.runtime.network.resolver import VARIABLE
from harness.runtime.network.target_group import DRAINING, HEALTHY, Target, TargetGroup

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import boto3

    from harness.runtime.metrics import Values
    from harness.runtime.network.deployed import DeployedBalancer, DeployedListener


class LoadBalancers:
    """Runs a local listener for each deployed one.

    Args:
        session: credentials of the account, with its region.
        directory: of the run, for the authority's certificate and the names.
    """

    def __init__(self, session: boto3.Session, directory: Path) -> None:
        self._reader = NetworkReader(session)
        self.authority = CertificateAuthority(directory)
        self.addresses = Addresses()
        self._file = NetworkFile(directory / "network.json")
        self._deployed = DeployedNetwork((), {}, {}, {})
        self._groups: dict[str, TargetGroup] = {}
        self._listeners: dict[str, tuple[DeployedListener, Listener]] = {}
        self._balancer_addresses: dict[str, str] = {}
        self._outside: tuple[Mapping[str, str], Mapping[str, Mapping[int, int]]] = {}, {}

    def let_out(self, names: Mapping[str, str], routes: Mapping[str, Mapping[int, int]]) -> None:
        """Have the network's processes find names outside, from the next refresh on."""
        self._outside = names, routes

    def environment(self) -> dict[str, str]:
        """Variables of processes: whom they trust, and where the names are. None without names."""
        if not self._deployed.balancers and not self._outside[0]:
            return {}
        return {"SSL_CERT_FILE": str(self.authority.path), VARIABLE: str(self._file.path)}

    def group(self, arn: str) -> TargetGroup | None:
        """A target group that a listener forwards to."""
        return self._groups.get(arn)

    def deployed(self, arn: str) -> DeployedBalancer | None:
        """A load balancer by its ARN."""
        return next((each for each in self._deployed.balancers if each.arn == arn), None)

    def local_port(self, listener_arn: str) -> int:
        """Where a deployed listener listens on this machine."""
        return self._listeners[listener_arn][1].port

    def measure(self) -> Iterator[tuple[Source, Values]]:
        """How many targets of each group pass their checks, and how many don't, as of now."""
        for balancer in self._deployed.balancers:
            for arn in {listener.group_arn for listener in balancer.listeners}:
                dimensions = {
                    "LoadBalancer": balancer.arn.partition(":loadbalancer/")[2],
                    "TargetGroup": arn.rpartition(":")[2],
                }
                group = self._groups.get(arn)
                states = [each.state for each in group.targets] if group else []
                checked = [state for state in states if state != DRAINING]
                healthy = checked.count(HEALTHY)
                yield (
                    Source("AWS/NetworkELB", (dimensions,)),
                    {"HealthyHostCount": healthy, "UnHealthyHostCount": len(checked) - healthy},
                )

    async def refresh(self) -> None:
        """Read what is deployed; listeners that didn't change stay open.

        Raises:
            DeploymentError: something can't be run here.
        """
        deployed = await asyncio.to_thread(self._reader.read)
        self._set_groups(deployed)
        await self._set_listeners(deployed)
        self._set_addresses(deployed)
        self._deployed = deployed
        self._write_names(deployed)

    def close(self) -> None:
        """Stop listening and checking."""
        for _, listener in self._listeners.values():
            listener.close()
        for group in self._groups.values():
            group.close()

    def _set_groups(self, deployed: DeployedNetwork) -> None:
        for arn in self._groups.keys() - deployed.groups.keys():
            self._groups.pop(arn).close()
        for arn, settings in deployed.groups.items():
            group = self._groups.setdefault(arn, TargetGroup(settings))
            group.settings = settings
            _follow_registrations(group, set(deployed.registered[arn]))

    async def _set_listeners(self, deployed: DeployedNetwork) -> None:
        wanted = {each.arn: each for lb in deployed.balancers for each in lb.listeners}
        for arn, (known, listener) in list(self._listeners.items()):
            if wanted.get(arn) != known:
                listener.close()
                del self._listeners[arn]
        for arn, each in wanted.items():
            if arn not in self._listeners:
                listener = Listener(self._groups[each.group_arn], self._context(each))
                await listener.start()
                self._listeners[arn] = each, listener

    def _context(self, listener: DeployedListener) -> ssl.SSLContext | None:
        certificate = listener.certificate
        if certificate is None:
            return None
        return self.authority.server_context(certificate.names, certificate.versions)

    def _set_addresses(self, deployed: DeployedNetwork) -> None:
        arns = {each.arn for each in deployed.balancers}
        for arn in self._balancer_addresses.keys() - arns:
            self.addresses.give_back(self._balancer_addresses.pop(arn))
        for each in deployed.balancers:
            if each.arn not in self._balancer_addresses:
                self._balancer_addresses[each.arn] = self.addresses.take(each.cidr or NO_SUBNET)

    def _write_names(self, deployed: DeployedNetwork) -> None:
        names = {each.dns_name: self._balancer_addresses[each.arn] for each in deployed.balancers}
        for name in deployed.names:
            target = deployed.resolve(name)
            if target in names or _is_address(target):
                names[name] = names.get(target, target)
        routes = {
            self._balancer_addresses[each.arn]: {
                listener.port: self.local_port(listener.arn) for listener in each.listeners
            }
            for each in deployed.balancers
        }
        outside, ways_out = self._outside
        self._file.write({**outside, **names}, {**ways_out, **routes})


def _follow_registrations(group: TargetGroup, registered: set[tuple[str, int]]) -> None:
    """Register what someone registered with a loopback address, drop what they deregistered.

    Other addresses are interfaces of tasks, which register themselves.
    """
    wanted = {each for each in registered if ipaddress.ip_address(each[0]).is_loopback}
    known = {
        (each.address, each.port): each
        for each in group.targets
        if ipaddress.ip_address(each.address).is_loopback
    }
    for place in known.keys() - wanted:
        group.drop(known[place])
    for address, port in wanted - known.keys():
        group.register(_on_this_machine(address, port))


def _on_this_machine(address: str, port: int) -> Target:
    return Target(address, port, endpoint=lambda number: (address, number))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
