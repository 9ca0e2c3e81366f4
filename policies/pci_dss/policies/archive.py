"""The archive of logs: locks, policies, how long it keeps what, and how it can be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pci_dss.log_buckets import (
    BUCKET,
    LOCK_CONFIGURATION,
    Lock,
    bucket_of,
    default_retention,
    is_archive,
    keeps_logs,
    lock_of,
    lock_within,
)
from pci_dss.policy import policy
from pci_dss.production import is_production, leaves_to_production
from pci_dss.related import missing
from pci_dss.statements import SOURCE_KEYS, Statement, statements
from pci_dss.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_plan.references import Path

TWELVE_MONTHS = 365
THREE_MONTHS = 90
SHORTEST_WINDOW = 14
"""Days in which somebody is back who notices that a key is to be deleted."""

_LOG_WRITERS = {
    "cloudtrail.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "logdelivery.elasticloadbalancing.amazonaws.com",
    "logging.s3.amazonaws.com",
}
_SENDERS_KEYS = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
}
_SENDING = ("logs:PutSubscriptionFilter", "logs:PutAccountPolicy")
_SLOW_CLASSES = {"GLACIER", "DEEP_ARCHIVE"}
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


def _belongs_to_production(subject: Subject) -> bool:
    bucket = bucket_of(subject)
    return is_production(bucket) if isinstance(bucket, Subject) else leaves_to_production(bucket)


def _is_to_be_locked(subject: Subject) -> bool:
    if subject.type == LOCK_CONFIGURATION:
        return _belongs_to_production(subject)
    return is_production(subject) and is_archive(subject)


@policy(
    "PCI_4",
    "Production's log archive is locked for twelve months",
    requirements=("10.3.2", "10.5.1"),
    types=(BUCKET, LOCK_CONFIGURATION),
    fix="Set a default retention in COMPLIANCE of 365 days or more: in GOVERNANCE a role lifts it.",
    applies=_is_to_be_locked,
)
def archive_is_locked(subject: Subject) -> Iterator[str]:
    """Fail unless new objects are locked, so that nobody lifts it, for 365 days or more."""
    if subject.type == LOCK_CONFIGURATION:
        lock = default_retention(subject)
    elif any(True for _ in subject.naming(LOCK_CONFIGURATION, "bucket")):
        return  # which is judged itself
    else:
        lock = lock_within(subject)
    if lock is None:
        yield from missing(subject, "new objects aren't locked")
        return
    if lock.mode != "COMPLIANCE":
        yield f"locks in {lock.mode} can be lifted"
    if lock.days < TWELVE_MONTHS:
        yield f"objects are locked for {lock.days} days"


@policy(
    "PCI_11",
    "Logs are taken from the organization only",
    requirements=("10.3.1", "10.3.3"),
    types=("aws_cloudwatch_log_destination_policy",),
    fix='Allow PutSubscriptionFilter and PutAccountPolicy where "aws:PrincipalOrgID" is your own.',
)
def destination_is_scoped(subject: Subject) -> Iterator[str]:
    """Fail on a destination that others may send to, or that senders may change."""
    for statement in statements(subject, "access_policy"):
        if not statement.allows:
            continue
        if statement.anyone and not statement.bound_by(_SENDERS_KEYS):
            yield f"{statement} lets anyone send"
        if beyond := [each for each in statement.actions if each not in _SENDING]:
            yield f"{statement} allows {', '.join(beyond)}, which is more than sending"
        if statement.excludes_actions:
            yield f"{statement} allows everything but a list"


def _is_log_policy(subject: Subject) -> bool:
    if subject.type == BUCKET:
        return keeps_logs(subject)
    bucket = bucket_of(subject)
    if isinstance(bucket, Subject) and keeps_logs(bucket):
        return True
    return any(
        _LOG_WRITERS & set(each.services) and each.allows and each.concerns("s3:PutObject")
        for each in statements(subject, "policy")
    )


@policy(
    "PCI_30",
    "Buckets of logs refuse plain HTTP, deletes and services that act for others",
    requirements=("10.3.1", "4.2.1"),
    types=("aws_s3_bucket_policy", BUCKET),
    fix=(
        "Deny everyone all of S3 without aws:SecureTransport, and s3:DeleteObject with"
        " s3:DeleteObjectVersion; bind what services may do to aws:SourceOrgID or aws:SourceArn."
    ),
    applies=_is_log_policy,
)
def log_bucket_policy(subject: Subject) -> Iterator[str]:
    """Fail on a bucket of logs whose policy doesn't refuse what harms them."""
    if subject.type == BUCKET:
        if not any(True for _ in subject.naming("aws_s3_bucket_policy", "bucket")):
            yield from missing(subject, "it has no policy")
        return
    bucket = bucket_of(subject)
    name = bucket.get("bucket") if isinstance(bucket, Subject) else bucket
    found = statements(subject, "policy")
    if not all(_refuses_plain_http(found, name, do) for do in ("s3:GetObject", "s3:PutObject")):
        yield "it doesn't refuse everyone requests without TLS"
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
        if not any(_denies(each, name, action) and _spares_few(each) for each in found):
            yield f"it doesn't refuse everyone {action}"
    yield from _let_in(found, name)


def _denies(statement: Statement, bucket: str, action: str) -> bool:
    """Whether a statement denies everyone something on every object, but for its conditions."""
    denies = not statement.allows and statement.anyone and statement.concerns(action)
    return denies and _covers_objects(statement, bucket)


def _covers_objects(statement: Statement, bucket: str) -> bool:
    return any(statement.covers(f"arn:{each}:s3:::{bucket}/any/object") for each in _PARTITIONS)


def _refuses_plain_http(found: tuple[Statement, ...], bucket: str, action: str) -> bool:
    return any(
        _denies(each, bucket, action)
        and [(condition.key, condition.values) for condition in each.conditions]
        == [("aws:securetransport", ("false",))]
        for each in found
    )


def _spares_few(statement: Statement) -> bool:
    return all(each.key == "aws:principalarn" and each.spares for each in statement.conditions)


def _let_in(found: tuple[Statement, ...], bucket: str) -> Iterator[str]:
    others_refused = any(
        _denies(each, bucket, "s3:PutObject")
        and any(condition.key in SOURCE_KEYS and condition.spares for condition in each.conditions)
        for each in found
    )
    for statement in found:
        if not statement.allows:
            continue
        if statement.anyone and not statement.bound_by(_SENDERS_KEYS | SOURCE_KEYS):
            yield f"{statement} lets anyone in"
        if statement.services and not (statement.bound_by(SOURCE_KEYS) or others_refused):
            services = ", ".join(statement.services)
            yield f"{statement} lets {services} in, whoever it acts for"


def _keeps_productions_logs(subject: Subject) -> bool:
    bucket = bucket_of(subject)
    if isinstance(bucket, str):
        return False
    return is_production(bucket) and keeps_logs(bucket)


@policy(
    "PCI_31",
    "Logs are kept for twelve months, three of them at hand",
    requirements=("10.5.1",),
    types=("aws_s3_bucket_lifecycle_configuration",),
    fix="Expire logs no sooner than their lock and 365 days, and move none to GLACIER within 90.",
    applies=_keeps_productions_logs,
)
def logs_are_kept(subject: Subject) -> Iterator[str]:
    """Fail on rules that delete logs before their time, or take them out of reach."""
    bucket = bucket_of(subject)
    lock = lock_of(bucket) if isinstance(bucket, Subject) else None
    for rule in subject.each("rule"):
        if subject.get(*rule, "status") == "Enabled":
            yield from _losses(subject, rule, lock)
            yield from _delays(subject, rule)


def _losses(subject: Subject, rule: Path, lock: Lock | None) -> Iterator[str]:
    least = max(TWELVE_MONTHS, lock.days if lock else 0)
    name = subject.get(*rule, "id")
    for expiration in subject.each(*rule, "expiration"):
        if date := subject.get(*expiration, "date"):
            yield f"rule {name} deletes everything on {date}"
        days = subject.number(*expiration, "days")
        if 0 < days < least:
            yield f"rule {name} deletes logs after {days} days, which is sooner than {least}"
    if lock and lock.days >= TWELVE_MONTHS:
        return  # a version that somebody hid stays as long as its lock
    for expiration in subject.each(*rule, "noncurrent_version_expiration"):
        days = subject.number(*expiration, "noncurrent_days")
        if 0 < days < TWELVE_MONTHS:
            yield f"rule {name} deletes logs {days} days after somebody hid them"


def _delays(subject: Subject, rule: Path) -> Iterator[str]:
    for transition in subject.each(*rule, "transition"):
        slow = subject.get(*transition, "storage_class") in _SLOW_CLASSES
        if slow and subject.number(*transition, "days") < THREE_MONTHS:
            yield f"rule {subject.get(*rule, 'id')} takes logs out of reach within three months"


def _is_to_be_guarded(subject: Subject) -> bool:
    return is_production(subject) and (subject.type != BUCKET or keeps_logs(subject))


@policy(
    "PCI_32",
    "Production's logs, keys and tables aren't destroyed by a mistake",
    requirements=("10.3.2", "3.7.5"),
    types=(
        BUCKET,
        "aws_dynamodb_table",
        "aws_kms_external_key",
        "aws_kms_key",
        "aws_kms_replica_external_key",
        "aws_kms_replica_key",
    ),
    fix="Leave force_destroy off, keys 30 days to be saved in, and tables protected from deletion.",
    applies=_is_to_be_guarded,
)
def destroy_is_guarded(subject: Subject) -> Iterator[str]:
    """Fail where one wrong command loses logs, keys or tables for good."""
    if subject.type == BUCKET:
        if subject.get("force_destroy"):
            yield "destroying it deletes the logs in it"
    elif subject.type == "aws_dynamodb_table":
        if not subject.get("deletion_protection_enabled"):
            yield "it isn't protected from deletion"
    else:
        days = subject.number("deletion_window_in_days", default=30)
        if days < SHORTEST_WINDOW:
            yield f"a key that was deleted by mistake is lost after {days} days"
