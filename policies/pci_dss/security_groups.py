"""Rules of security groups as data, however Terraform writes them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from pci_dss.subject import Subject, UndecidedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUPS = ("aws_security_group", "aws_default_security_group")
_SEPARATE = {
    "ingress": "aws_vpc_security_group_ingress_rule",
    "egress": "aws_vpc_security_group_egress_rule",
}
_EITHER_WAY = "aws_security_group_rule"
TYPES = (*GROUPS, _EITHER_WAY, *_SEPARATE.values())

_ALL_PORTS = (0, 65535)
_HAVE_PORTS = {"tcp", "udp", "6", "17"}
# A network that is wider is no party's own: 0.0.0.0/1 is half of the internet.
_NARROWEST_INTERNET = {4: 7, 6: 15}
_MANAGED_LIST, _ENDPOINT = "aws_ec2_managed_prefix_list", "aws_vpc_endpoint"


@dataclass(frozen=True)
class Rule:
    """What one rule lets pass. Attributes are read when they are asked for."""

    subject: Subject
    """The rule's resource, or the group that it is written in."""
    path: tuple[str | int, ...] = ()
    """Of the block in a group; empty for a resource of its own."""

    @property
    def protocol(self) -> str:
        """Its name in lower case, or its number; `-1` is every one."""
        name = "ip_protocol" if self._separate else "protocol"
        protocol = str(self._get(name) or "-1").lower()
        return {"all": "-1", "6": "tcp", "17": "udp"}.get(protocol, protocol)

    @property
    def ports(self) -> tuple[int, int]:
        """The first port and the last."""
        if self.protocol not in _HAVE_PORTS:
            return _ALL_PORTS
        first, last = self._get("from_port"), self._get("to_port")
        return _ALL_PORTS if first is None or last is None else (int(first), int(last))

    @property
    def passes(self) -> str:
        """Protocol and ports in words."""
        if self.protocol == "-1":
            return "every protocol"
        if self.protocol not in _HAVE_PORTS:
            return f"protocol {self.protocol}"
        first, last = self.ports
        if self.unlimited:
            return f"every port of {self.protocol}"
        return f"{self.protocol} {first}" + (f" to {last}" if last != first else "")

    @property
    def unlimited(self) -> bool:
        """Whether every protocol passes, or every port of one that has ports."""
        if self.protocol not in _HAVE_PORTS:
            return self.protocol == "-1"
        first, last = self.ports
        return first <= 1 and last >= _ALL_PORTS[1]

    def internet(self) -> Iterator[str]:
        """Yield each network that it names and that is no party's own.

        Raises:
            UndecidedError: after the others, if a network or a prefix list isn't known.
        """
        return together([self._networks(), self._listed()])

    def groups(self) -> Iterator[Subject]:
        """Yield the group whose rule it is.

        Raises:
            UndecidedError: it isn't told, or is elsewhere.
        """
        if self.path:
            yield self.subject
            return
        for found in self.subject.named("security_group_id", types=GROUPS):
            if isinstance(found, str):
                raise UndecidedError(f"the configuration doesn't tell what carries {found}")
            yield found

    @property
    def _separate(self) -> bool:
        return self.subject.type in _SEPARATE.values()

    def _get(self, name: str) -> Any:
        return self.subject.get(*self.path, name)

    def _networks(self) -> Iterator[str]:
        if self._separate:
            names = ("cidr_ipv4", "cidr_ipv6")
        else:
            names = ("cidr_blocks", "ipv6_cidr_blocks")
        return together(self._wide(name) for name in names)

    def _wide(self, name: str) -> Iterator[str]:
        networks = self._get(name) or ()
        for network in [networks] if isinstance(networks, str) else networks:
            if is_internet(network):
                yield network

    def _listed(self) -> Iterator[str]:
        name = "prefix_list_id" if self._separate else "prefix_list_ids"
        named = self.subject.named(*self.path, name, types=[_MANAGED_LIST, _ENDPOINT])
        return together(map(listed_internet, named))


def is_about(subject: Subject, way: str) -> bool:
    """Whether a group or rule says something of a way: `ingress` or `egress`.

    Raises:
        UndecidedError: it isn't known of which way a rule is.
    """
    if subject.type == _EITHER_WAY:
        return bool(subject.get("type") == way)
    return subject.type in (*GROUPS, _SEPARATE[way])


def rules(subject: Subject, way: str) -> Iterator[Rule]:
    """Yield the rules that a group has written in it, or the rule that a resource is.

    Raises:
        UndecidedError: it isn't known how many there are.
    """
    if subject.type not in GROUPS:
        yield Rule(subject)
        return
    yield from (Rule(subject, path) for path in subject.each(way))


def is_internet(network: str) -> bool:
    """Whether a network is so wide that it is no party's own.

    Raises:
        UndecidedError: it is no network, such as a text that isn't worked out.
    """
    try:
        parsed = ip_network(network, strict=False)
    except ValueError as error:
        raise UndecidedError(str(error)) from error
    return parsed.prefixlen <= _NARROWEST_INTERNET[parsed.version]


def listed_internet(prefix_list: Subject | str) -> Iterator[str]:
    """Yield what in a prefix list is no party's own.

    Raises:
        UndecidedError: it isn't known what the list holds.
    """
    if isinstance(prefix_list, str):
        raise UndecidedError(f"the configuration doesn't tell what prefix list {prefix_list} holds")
    if prefix_list.type == _ENDPOINT:
        return  # AWS's own addresses of one service
    inline = (prefix_list.get(*path, "cidr") for path in prefix_list.each("entry"))
    separate = prefix_list.naming(f"{_MANAGED_LIST}_entry", "prefix_list_id")
    entries = together([inline, (entry.get("cidr") for entry in separate)])
    yield from (f"{entry} of {prefix_list.address}" for entry in entries if is_internet(entry))
