"""Which traffic is logged, what is told of it, and where that goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pci_dss.log_buckets import BUCKET, receives
from pci_dss.policies.logs import GROUP, STREAM, logs_are_sent
from pci_dss.policy import policy
from pci_dss.related import first
from pci_dss.subject import Subject, UndecidedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIELD = re.compile(r"\$\{([a-z0-9-]+)\}")
_TOLD_BY = {
    "from where": {"srcaddr", "pkt-srcaddr"},
    "to where": {"dstaddr", "pkt-dstaddr"},
    "to which port": {"dstport"},
    "by which protocol": {"protocol"},
    "when": {"start", "end"},
    "whether it was accepted": {"action"},
}
"""What a record must tell, and the fields that do."""
_OF_TRANSIT_GATEWAYS = ("transit_gateway_id", "transit_gateway_attachment_id")


@policy(
    "PCI_27",
    "Flow logs tell of all traffic, and go to the archive",
    requirements=("10.2.1",),
    types=("aws_flow_log",),
    fix="Set traffic_type to ALL, leave log_format out or let it hold addresses, port, protocol,"
    " start and action, and send the log group to the archive.",
)
def all_traffic_is_logged(subject: Subject) -> Iterator[str]:
    """Fail on flow logs that leave traffic or fields out, or that stay where they are written."""
    return together([_leaves_traffic_out(subject), _leaves_fields_out(subject), _stays(subject)])


def _leaves_traffic_out(subject: Subject) -> Iterator[str]:
    traffic = subject.get("traffic_type")
    if traffic != "ALL" and not _is_of_transit_gateway(subject):
        yield f"it logs {traffic or 'no'} traffic only"


def _leaves_fields_out(subject: Subject) -> Iterator[str]:
    if not subject.known("log_format") and not subject.configures("log_format"):
        return  # AWS's own has them all
    fields = set(_FIELD.findall(subject.get("log_format", default="")))
    if not fields or _is_of_transit_gateway(subject):
        return
    for what, telling in _TOLD_BY.items():
        if not fields & telling:
            yield f"records don't tell {what}"


def _stays(subject: Subject) -> Iterator[str]:
    kind = subject.get("log_destination_type", default="cloud-watch-logs")
    if kind == "s3":
        # How the bucket is locked is judged there.
        if first(subject.others(BUCKET), lambda bucket: receives(bucket, subject)) is None:
            raise UndecidedError(f"{subject.address}: nothing tells how its bucket is locked")
        return
    for found in _destinations(subject):
        if isinstance(found, str):
            raise UndecidedError(f"{subject.address}: nothing tells where {found} sends it")
        if found.type == GROUP:
            yield from (f"{found.address}: {reason}" for reason in logs_are_sent(found))


def _destinations(subject: Subject) -> Iterator[Subject | str]:
    found = subject.named("log_destination", types=[GROUP, STREAM])
    found = found or subject.named("log_group_name", types=[GROUP])
    if not found:
        raise UndecidedError(f"{subject.address}: nothing tells where it is written")
    yield from found


def _is_of_transit_gateway(subject: Subject) -> bool:
    return any(subject.configures(attribute) for attribute in _OF_TRANSIT_GATEWAYS)
