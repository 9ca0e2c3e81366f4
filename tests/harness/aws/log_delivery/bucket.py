"""Puts objects into buckets for a service, which may fail as on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.s3.models import s3_backends

from harness.aws.access import PARTITION, Actor, find_key

if TYPE_CHECKING:
    from collections.abc import Mapping


class PutError(Exception):
    """An object couldn't be put.

    Attributes:
        code: as Firehose calls it in its error log.
        message: what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


ACCESS_DENIED = PutError(
    "S3.AccessDenied",
    "Access was denied. Ensure that the trust policy for the provided IAM role allows Firehose to"
    " assume the role, and the access policy allows access to the S3 bucket.",
)
_NO_BUCKET = PutError(
    "S3.NoSuchBucket",
    "The specified bucket does not exist. Create the bucket or use a different bucket that does"
    " exist.",
)
_NO_KEY = PutError(
    "S3.KMS.NotFoundException",
    "The provided AWS KMS key was not found. If you are using what you believe to be a valid AWS"
    " KMS key with the correct role, check if there is a problem with the account to which the AWS"
    " KMS key is attached.",
)
_KEY_DISABLED = PutError(
    "S3.KMS.KeyDisabled",
    "The provided KMS key is disabled. Enable the key or use a different key.",
)
_KEY_STATE = PutError(
    "S3.KMS.InvalidStateException",
    "The provided KMS key is in an invalid state. Please use a different key.",
)
_KEY_DENIED = PutError(
    "S3.KMS.AccessDeniedException",
    "Access to the AWS KMS key was denied. Ensure that the key's policy and the role's policy"
    " allow kms:GenerateDataKey through Amazon S3.",
)


def find_bucket(name: str) -> Any:
    """Return moto's bucket, of whatever account, if there is one."""
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        return None
    _, account_id = owner
    return s3_backends[account_id][PARTITION].buckets.get(name)


def put(
    actor: Actor | None,
    bucket_name: str,
    key: str,
    body: bytes,
    *,
    kms_key_arn: str | None = None,
    keys: Mapping[str, str] | None = None,
    context: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Any:
    """Put an object; the bucket's encryption and lock apply.

    Args:
        actor: who puts it; None if the service couldn't become anybody.
        bucket_name: the bucket.
        key: the object's.
        body: its content.
        kms_key_arn: a KMS key other than the bucket's.
        keys: further condition keys of the request.
        context: further encryption context.
        metadata: of the object.

    Returns:
        moto's object.

    Raises:
        PutError: something is missing, disabled or not allowed.
    """
    bucket = find_bucket(bucket_name)
    if bucket is None:
        raise _NO_BUCKET
    arn = f"{bucket.arn}/{key}"
    given = {"s3:x-amz-server-side-encryption": "aws:kms"} if kms_key_arn else {}
    if kms_key_arn:
        given["s3:x-amz-server-side-encryption-aws-kms-key-id"] = kms_key_arn
    owner, policy = bucket.account_id, policy_of(bucket)
    given |= keys or {}
    if actor is None or not actor.may("s3:PutObject", arn, owner=owner, policy=policy, keys=given):
        raise ACCESS_DENIED
    encrypting = kms_key_arn or default_key(bucket)
    if encrypting:
        _check_key(actor, encrypting, bucket, {"aws:s3:arn": arn, **(context or {})})
    return _store(bucket, key, body, kms_key_arn, metadata or {})


def policy_of(bucket: Any) -> str | None:
    """Return a bucket's policy, if it has one."""
    policy = bucket.policy
    return policy.decode() if isinstance(policy, bytes) else policy


def default_key(bucket: Any) -> str | None:
    """Return the KMS key that the bucket encrypts with, if it is a customer's."""
    rule = (bucket.encryption or {}).get("Rule", {})
    key: str | None = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    return key


def _check_key(actor: Actor, key_arn: str, bucket: Any, context: dict[str, str]) -> None:
    key = find_key(key_arn)
    if key is None:
        raise _NO_KEY
    if key.key_state == "Disabled":
        raise _KEY_DISABLED
    if key.key_state != "Enabled":
        raise _KEY_STATE
    if (bucket.encryption or {}).get("Rule", {}).get("BucketKeyEnabled") in (True, "true"):
        context["aws:s3:arn"] = bucket.arn
    via = {"kms:viaservice": f"s3.{key.region}.amazonaws.com"}
    if not actor.may_use_key("kms:GenerateDataKey", key, context=context, keys=via):
        raise _KEY_DENIED


def _store(
    bucket: Any, key: str, body: bytes, kms_key_arn: str | None, metadata: Mapping[str, str]
) -> Any:
    stored = s3_backends[bucket.account_id][PARTITION].put_object(
        bucket.name,
        key,
        body,
        encryption="aws:kms" if kms_key_arn else None,
        kms_key_id=kms_key_arn,
    )
    if metadata:
        stored.set_metadata({f"x-amz-meta-{name}": value for name, value in metadata.items()})
    return stored
