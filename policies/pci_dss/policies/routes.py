"""What is next to the internet, and what of it keeps data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pci_dss.placement import is_edge, occupants, stores
from pci_dss.policy import policy
from pci_dss.security_groups import is_internet, listed_internet
from pci_dss.subject import Subject, UndecidedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUTE, _DEFAULT_TABLE, _VPC = "aws_route", "aws_default_route_table", "aws_vpc"
_TABLES = ("aws_route_table", _DEFAULT_TABLE)
_GATEWAYS = ("aws_internet_gateway", "aws_vpn_gateway", "aws_vpc_endpoint")
_NEUTRAL = ("aws_nat_gateway", "aws_vpc_endpoint")
"""What may be next to the internet: nobody calls it from there."""


@policy(
    "PCI_28",
    "No default route leads from what handles cardholder data to the internet",
    requirements=("1.4.4",),
    types=(_ROUTE, *_TABLES),
    fix="Keep the route to the internet gateway in the table of subnets that hold nothing but "
    "internet-facing load balancers and NAT gateways; name the networks that others may reach.",
)
def no_default_route(subject: Subject) -> Iterator[str]:
    """Fail on a default route to an internet gateway, and on one that lets stores out."""
    paths = [()] if subject.type == _ROUTE else subject.each("route")
    return together(_judged(_Route(subject, path)) for path in paths)


@dataclass(frozen=True)
class _Route:
    subject: Subject
    """The route's resource, or the table that it is written in."""
    path: tuple[str | int, ...]

    def is_default(self) -> bool:
        """Whether it leads to the internet, or half of it."""
        return any(together([self._networks(), self._listed()]))

    def reaches_gateway(self) -> bool:
        """Whether what is on the internet can answer without translation, and so call."""
        if self._leads_to("carrier_gateway_id"):
            return True
        return any(
            found.startswith("igw-")
            if isinstance(found, str)
            else found.type == "aws_internet_gateway"
            for found in self.subject.named(*self.path, "gateway_id", types=_GATEWAYS)
        )

    def is_translated(self) -> bool:
        """Whether it leads to the internet, where nobody can call back."""
        return self._leads_to("nat_gateway_id") or self._leads_to("egress_only_gateway_id")

    def tables(self) -> tuple[Subject | str, ...]:
        """The table that it is in, or its id; the VPC for its main table."""
        if self.path:
            return (self.subject,)
        return self.subject.named("route_table_id", types=(*_TABLES, _VPC))

    def _leads_to(self, name: str) -> bool:
        if not self.subject.known(*self.path, name):
            return True  # to something that is made by the same apply
        return bool(self.subject.get(*self.path, name))

    def _networks(self) -> Iterator[str]:
        start = "" if self.path else "destination_"
        for name in (f"{start}cidr_block", f"{start}ipv6_cidr_block"):
            network = self.subject.get(*self.path, name)
            if network and is_internet(network):
                yield network

    def _listed(self) -> Iterator[str]:
        lists = self.subject.named(
            *self.path, "destination_prefix_list_id", types=["aws_ec2_managed_prefix_list"]
        )
        return together(map(listed_internet, lists))


def _judged(route: _Route) -> Iterator[str]:
    if not route.is_default():
        return
    for table in route.tables():
        if route.reaches_gateway():
            yield from _next_to_the_internet(route.subject, table)
        else:
            yield from _let_out(route, table)


def _next_to_the_internet(subject: Subject, table: Subject | str) -> Iterator[str]:
    if _is_main(subject, table):
        yield "every subnet without a table of its own is next to the internet"
        return
    nobody = True
    for subnet in _subnets(subject, table):
        for occupant in occupants(subnet):
            nobody = False
            if occupant.type not in _NEUTRAL and not is_edge(occupant):
                yield f"{occupant.address} is in {subnet.address}, next to the internet"
    if nobody:
        raise UndecidedError(f"the configuration doesn't tell what is in subnets of {_key(table)}")


def _let_out(route: _Route, table: Subject | str) -> Iterator[str]:
    for subnet in _subnets(route.subject, table):
        for occupant in filter(stores, occupants(subnet)):
            if not route.is_translated():
                raise UndecidedError(f"nothing tells where {route.subject.address} leads")
            yield f"{occupant.address} keeps data in {subnet.address}, which has a way out"


def _is_main(subject: Subject, table: Subject | str) -> bool:
    """Whether a table is that of subnets which nobody gave one."""
    if isinstance(table, str):
        return any(
            vpc.known("main_route_table_id") and vpc.get("main_route_table_id") == table
            for vpc in subject.others(_VPC)
        )
    if table.type in (_DEFAULT_TABLE, _VPC):
        return True
    return any(table.naming("aws_main_route_table_association", "route_table_id"))


def _subnets(subject: Subject, table: Subject | str) -> Iterator[Subject]:
    """Yield the subnets that a table is given to, or that have no other.

    Raises:
        UndecidedError: after the others, if the configuration doesn't tell of one.
    """
    associations = list(subject.others("aws_route_table_association"))
    yield from together(_given(association, _key(table)) for association in associations)
    if not isinstance(table, str) and _is_main(subject, table):
        given = {_key(subnet) for each in associations for subnet in _associated(each)}
        for subnet in subject.others("aws_subnet"):
            if subnet.address not in given and _vpc(subnet) & _vpc(table):
                yield subnet


def _given(association: Subject, table: str) -> Iterator[Subject]:
    named = association.named("route_table_id", types=_TABLES)
    if table in map(_key, named):
        for subnet in _associated(association):
            if isinstance(subnet, str):
                raise UndecidedError(f"the configuration doesn't tell what is in {subnet}")
            yield subnet


def _associated(association: Subject) -> tuple[Subject | str, ...]:
    return association.named("subnet_id", types=["aws_subnet"])


def _vpc(item: Subject) -> set[str]:
    if item.type == _VPC:
        return {item.address}
    attributes = ["vpc_id", *(["default_route_table_id"] if item.type == _DEFAULT_TABLE else [])]
    return {_key(found) for name in attributes for found in item.named(name, types=[_VPC])}


def _key(found: Subject | str) -> str:
    return found if isinstance(found, str) else found.address
