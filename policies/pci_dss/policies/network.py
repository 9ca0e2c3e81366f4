"""What may reach what: security groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pci_dss.placement import carriers, is_edge
from pci_dss.policy import policy
from pci_dss.security_groups import TYPES, Rule, is_about, rules
from pci_dss.subject import UndecidedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

_WEB_PROTOCOLS, _WEB_PORTS = ("tcp", "udp"), (443, 443)  # UDP is HTTP/3


@policy(
    "PCI_2",
    "The internet reaches only the edge, and only on port 443",
    requirements=("1.3.1",),
    types=TYPES,
    fix="Name the group, network or prefix list that calls; let the internet reach an "
    "internet-facing load balancer on port 443 only.",
    applies=lambda subject: is_about(subject, "ingress"),
)
def internet_ingress_at_the_edge(subject: Subject) -> Iterator[str]:
    """Fail on what else the internet may reach."""
    return together(_enters(rule) for rule in rules(subject, "ingress"))


@policy(
    "PCI_3",
    "No open egress",
    requirements=("1.3.2",),
    types=TYPES,
    fix="Name the protocol, the ports, and the group, network or prefix list that is called.",
    applies=lambda subject: is_about(subject, "egress"),
)
def no_open_egress(subject: Subject) -> Iterator[str]:
    """Fail on egress of every protocol or port, or to anywhere."""
    return together(
        judgement
        for rule in rules(subject, "egress")
        for judgement in (_everything_leaves(rule), _leaves_to_anywhere(rule))
    )


def _enters(rule: Rule) -> Iterator[str]:
    judged = False
    for network in rule.internet():
        if rule.protocol not in _WEB_PROTOCOLS or rule.ports != _WEB_PORTS:
            yield f"{rule.passes} may enter from {network}"
        elif not judged:
            judged = True
            yield from _enters_elsewhere(rule, network)


def _enters_elsewhere(rule: Rule, network: str) -> Iterator[str]:
    at_the_edge = False
    for group in rule.groups():
        for carrier in carriers(group):
            if is_edge(carrier):
                at_the_edge = True
            else:
                yield f"{carrier.address} carries the group and isn't the edge, {network} may enter"
        if not at_the_edge:
            raise UndecidedError(f"the configuration doesn't tell what carries {group.address}")


def _everything_leaves(rule: Rule) -> Iterator[str]:
    if rule.unlimited:
        yield f"{rule.passes} may leave"


def _leaves_to_anywhere(rule: Rule) -> Iterator[str]:
    for network in rule.internet():
        yield f"anything in {network} may be called"
