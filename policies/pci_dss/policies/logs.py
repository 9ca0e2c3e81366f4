"""How long logs stay, where they go, what is masked in them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pci_dss.policy import policy
from pci_dss.production import is_production
from pci_dss.related import first, missing, names
from pci_dss.subject import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

GROUP = "aws_cloudwatch_log_group"
ACCOUNT_POLICY = "aws_cloudwatch_log_account_policy"
FILTER = "aws_cloudwatch_log_subscription_filter"
STREAM = "aws_kinesis_firehose_delivery_stream"
_DATA_PROTECTION = "aws_cloudwatch_log_data_protection_policy"
THREE_MONTHS_DAYS, TWELVE_MONTHS_DAYS = 90, 365

_STREAM_DESTINATIONS = (
    "extended_s3_configuration",
    "http_endpoint_configuration",
    "iceberg_configuration",
    "opensearch_configuration",
    "redshift_configuration",
    "snowflake_configuration",
    "splunk_configuration",
)
_EXCLUSION = re.compile(r"\s*LogGroupName(Prefix)?\s+NOT\s+IN\s*(\[.*\])\s*", re.DOTALL)


@policy(
    "PCI_14",
    "Log groups keep events for twelve months",
    requirements=("10.5.1",),
    types=(GROUP,),
    fix="Set retention_in_days to 365 or more, or to 0, which keeps them for good; outside of"
    " production 90 will do.",
)
def logs_are_kept(subject: Subject) -> Iterator[str]:
    """Fail on less than twelve months, or three outside of production; not told is not known."""
    days = subject.number("retention_in_days")
    if 0 < days < THREE_MONTHS_DAYS:
        yield f"events are kept for {days} days"
    elif 0 < days < TWELVE_MONTHS_DAYS and is_production(subject):
        yield f"events of production are kept for {days} days"


def _tells_of_no_delivery(group: Subject) -> bool:
    """Whether it isn't a delivery stream's own, which can't be sent by that stream without end."""

    def writes(stream: Subject) -> bool:
        return any(
            names(stream, group, *options, "log_group_name")
            for destination in _STREAM_DESTINATIONS
            for options in stream.each(destination, 0, "cloudwatch_logging_options")
        )

    return first(group.others(STREAM), writes) is None


@policy(
    "PCI_15",
    "Every log group is sent to the archive",
    requirements=("10.3.3",),
    types=(GROUP,),
    fix="Set an account's SUBSCRIPTION_FILTER_POLICY, or a subscription filter of this group, with"
    " an empty pattern.",
    applies=_tells_of_no_delivery,
)
def logs_are_sent(subject: Subject) -> Iterator[str]:
    """Fail on groups of which nothing, or only what a pattern picks, is sent."""

    def sends(other: Subject) -> bool:
        if other.type == FILTER:
            pattern = str(other.get("filter_pattern", default=""))
            return not pattern.strip() and names(other, subject, "log_group_name")
        if other.get("policy_type") != "SUBSCRIPTION_FILTER_POLICY":
            return False
        pattern = str(other.document("policy_document").get("FilterPattern") or "")
        return not pattern.strip() and not _is_excluded(subject, other)

    if first(subject.others(ACCOUNT_POLICY, FILTER), sends) is None:
        yield from missing(subject, "no subscription sends all of its events")


def _is_excluded(group: Subject, account_policy: Subject) -> bool:
    criteria = account_policy.get("selection_criteria")
    if not criteria:
        return False
    found = _EXCLUSION.fullmatch(criteria)
    if found is None:
        raise UndecidedError(f"{account_policy.address}: selection_criteria isn't understood")
    name, excluded = str(group.get("name")), json.loads(found[2])
    return any(name.startswith(each) if found[1] else name == each for each in excluded)


def _is_data_protection(subject: Subject) -> bool:
    return subject.type != ACCOUNT_POLICY or subject.get("policy_type") == "DATA_PROTECTION_POLICY"


@policy(
    "PCI_16",
    "Card numbers in logs are masked",
    requirements=("3.3.1", "3.4.1"),
    types=(GROUP, ACCOUNT_POLICY, _DATA_PROTECTION),
    fix="Set a data protection policy whose Audit and Deidentify statements both name"
    " CreditCardNumber.",
    applies=lambda subject: (
        _tells_of_no_delivery(subject) if subject.type == GROUP else _is_data_protection(subject)
    ),
)
def card_numbers_are_masked(subject: Subject) -> Iterator[str]:
    """Fail on policies that mask no card number, and on groups that none masks."""
    if subject.type != GROUP:
        yield from _unmasked(subject)
        return

    def masks(other: Subject) -> bool:
        if other.type == _DATA_PROTECTION and not names(other, subject, "log_group_name"):
            return False
        return _is_data_protection(other) and not list(_unmasked(other))

    if first(subject.others(ACCOUNT_POLICY, _DATA_PROTECTION), masks) is None:
        yield from missing(subject, "no data protection policy masks card numbers in it")


def _unmasked(subject: Subject) -> Iterator[str]:
    audited = _identifiers(subject, "Audit")
    masked = _identifiers(subject, "Deidentify")
    if not masked:
        yield "it masks nothing"
    elif not any(each.endswith("/CreditCardNumber") for each in masked):
        yield "it doesn't mask CreditCardNumber"
    elif audited != masked:
        yield "Audit and Deidentify name different identifiers, which CloudWatch Logs refuses"


def _identifiers(subject: Subject, operation: str) -> set[str]:
    path = "policy_document"
    found: Any = subject.document(path).get("Statement") or ()
    return {
        str(identifier)
        for statement in found
        if isinstance(statement, Mapping) and operation in (statement.get("Operation") or {})
        for identifier in statement.get("DataIdentifier") or ()
    }
