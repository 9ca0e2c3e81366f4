"""What may reach what: security groups, routes, endpoints, flow logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pci_dss.policy import policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

ANYWHERE = {"0.0.0.0/0", "::/0"}


@policy(
    "PCI_3",
    "No open egress",
    requirements=("1.3.2",),
    types=("aws_security_group", "aws_security_group_rule", "aws_vpc_security_group_egress_rule"),
    fix="Name the protocol, the ports and the group or prefix list that is called.",
)
def no_open_egress(subject: Subject) -> Iterator[str]:
    """Fail on egress of every protocol, or of any port to anywhere."""
    if subject.type == "aws_vpc_security_group_egress_rule":
        if str(subject.get("ip_protocol")) == "-1":
            yield "every protocol may leave"
        reached = {subject.get("cidr_ipv4"), subject.get("cidr_ipv6")}
        if reached & ANYWHERE and subject.get("from_port") != subject.get("to_port"):
            yield "a range of ports may leave to anywhere"
