"""Attempts on the archive account: its bucket, destination, stream and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.attempts.attempt import SETS, Attempt
from harness.attempts.people import ARCHIVE_DEPLOY, EVERYONE, MEMBERS, OUTSIDER, SERVICE
from harness.attempts.sending import (
    bypass_lock,
    change_encryption,
    change_lifecycle,
    change_lock,
    change_policy,
    delete_version,
    remove_policy,
    shorten_retention,
    subscribe_destination,
    suspend_versioning,
)
from harness.attempts.targets import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.attempts.attempt import Send

_TLS = {"s3:TlsVersion": "1.3"}
# What S3 refuses by the bucket's policy, and not by a lock.
_BY_POLICY = (change_encryption, change_lifecycle, change_lock, change_policy, remove_policy)


def _attempt(
    what: str,
    action: str,
    target: str,
    *requirements: str,
    setting: bool = False,
    send: Send | None = None,
    conditions: Mapping[str, str] | None = None,
) -> Attempt:
    """By everyone; the account's deploy role may change a setting.

    What a bucket's policy refuses isn't sent by that role, which the policy lets pass: control
    policies, which the embedded AWS doesn't enforce, may be all that stands in its way.
    """
    by_policy = send in _BY_POLICY
    senders = [who for who in MEMBERS if not (by_policy and who == ARCHIVE_DEPLOY)]
    return Attempt(
        what=what,
        action=action,
        target=target,
        by=EVERYONE,
        requirements=requirements,
        possible={ARCHIVE_DEPLOY: SETS} if setting else {},
        conditions={**_TLS, **(conditions or {})} if action.startswith("s3:") else {},
        send=send,
        sent_by=senders if send else (),
        by_policy=by_policy,
    )


_LOG, _BUCKET, _KEY = "archived log", "archive bucket", "archive key"
_DESTINATION, _STREAM = "log destination", "delivery stream"

ON_ARCHIVE = (
    _attempt(
        "delete an archived log for good",
        "s3:DeleteObjectVersion",
        _LOG,
        "10.3.2",
        "10.5.1",
        send=delete_version,
    ),
    _attempt(
        "delete it past the lock", "s3:BypassGovernanceRetention", _LOG, "10.3.2", send=bypass_lock
    ),
    _attempt("hide it", "s3:DeleteObject", _LOG, "10.3.2"),
    _attempt(
        "shorten its retention",
        "s3:PutObjectRetention",
        _LOG,
        "10.5.1",
        conditions={"s3:object-lock-remaining-retention-days": "1"},
        send=shorten_retention,
    ),
    _attempt(
        "change the bucket's lock",
        "s3:PutBucketObjectLockConfiguration",
        _BUCKET,
        "10.3.2",
        "10.5.1",
        setting=True,
        send=change_lock,
    ),
    _attempt(
        "change the bucket's lifecycle",
        "s3:PutLifecycleConfiguration",
        _BUCKET,
        "10.5.1",
        setting=True,
        send=change_lifecycle,
    ),
    _attempt(
        "suspend the bucket's versioning",
        "s3:PutBucketVersioning",
        _BUCKET,
        "10.3.2",
        send=suspend_versioning,
    ),
    _attempt(
        "change the bucket's policy",
        "s3:PutBucketPolicy",
        _BUCKET,
        "10.3.1",
        "10.3.2",
        setting=True,
        send=change_policy,
    ),
    _attempt(
        "remove the bucket's policy",
        "s3:DeleteBucketPolicy",
        _BUCKET,
        "10.3.1",
        "10.3.2",
        send=remove_policy,
    ),
    _attempt(
        "change the bucket's encryption",
        "s3:PutEncryptionConfiguration",
        _BUCKET,
        "3.6.1",
        setting=True,
        send=change_encryption,
    ),
    _attempt("delete the log destination", "logs:DeleteDestination", _DESTINATION, "10.3.3"),
    _attempt(
        "open the log destination to others",
        "logs:PutDestinationPolicy",
        _DESTINATION,
        "10.3.1",
        setting=True,
    ),
    _attempt("delete the delivery stream", "firehose:DeleteDeliveryStream", _STREAM, "10.3.3"),
    _attempt(
        "redirect the delivery stream",
        "firehose:UpdateDestination",
        _STREAM,
        "10.3.3",
        setting=True,
    ),
    _attempt(
        "change what the destination's role may",
        "iam:PutRolePolicy",
        "archive log role",
        "10.3.3",
        setting=True,
    ),
    _attempt("schedule the key's deletion", "kms:ScheduleKeyDeletion", _KEY, "3.6.1", "10.5.1"),
    _attempt("disable the key", "kms:DisableKey", _KEY, "3.6.1", "10.5.1"),
    _attempt("change the key's policy", "kms:PutKeyPolicy", _KEY, "3.6.1", setting=True),
    _attempt(
        "delete the log of failed deliveries", "logs:DeleteLogGroup", "archive log group", "10.5.1"
    ),
)

FROM_OUTSIDE = (
    Attempt(
        what="send an outsider's logs to the destination",
        action="logs:PutSubscriptionFilter",
        target=_DESTINATION,
        by=(OUTSIDER,),
        requirements=("10.3.1",),
        send=subscribe_destination,
        sent_by=(OUTSIDER,),
    ),
    Attempt(
        what="read an archived log",
        action="s3:GetObject",
        target=_LOG,
        by=(OUTSIDER,),
        requirements=("10.3.1",),
        conditions=_TLS,
    ),
    Attempt(
        what="decrypt with the archive's key",
        action="kms:Decrypt",
        target=_KEY,
        by=(OUTSIDER,),
        requirements=("3.6.1", "10.3.1"),
    ),
    Attempt(
        what="have CloudTrail write an outsider's trail",
        action="s3:PutObject",
        target=_LOG,
        by=(SERVICE,),
        requirements=("10.3.1",),
        conditions={
            **_TLS,
            "aws:SourceAccount": OUTSIDE,
            "aws:SourceArn": f"arn:aws:cloudtrail:eu-west-1:{OUTSIDE}:trail/stray",
        },
    ),
)
