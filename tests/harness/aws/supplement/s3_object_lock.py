"""S3 Object Lock: what is locked stays so until its date, as on AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from moto.s3.exceptions import (
    AccessDeniedByLock,
    InvalidArgumentError,
    InvalidBucketState,
    MalformedXML,
    MissingKey,
    S3ClientError,
)
from moto.s3.models import FakeKey, S3Backend
from moto.s3.responses import S3Response

from harness.aws.supplement.registry import mend

MODES = ("COMPLIANCE", "GOVERNANCE")

_RETENTION = mend(
    "s3:PutObjectRetention",
    reason="shortens a lock, and turns COMPLIANCE into GOVERNANCE",
    observed="a locked version was deleted once its retention had been put into the past",
)
_READING = mend(
    "s3:GetObjectRetention",
    reason="answers with the object instead of its retention",
    observed="get_object_retention of a locked object found neither mode nor date",
)
_DEFAULT = mend(
    "s3:PutObjectLockConfiguration",
    reason="refuses a bucket with objects, switches the lock off, forgets it for multipart uploads",
    observed="a longer default retention couldn't be applied to a bucket in use",
)
_VERSIONING = mend(
    "s3:PutBucketVersioning",
    reason="suspends the versioning of a bucket with Object Lock",
    observed="put_bucket_versioning of an archive bucket was answered with success",
)
_PUT = mend(
    "s3:PutObject",
    reason="takes half a lock, unknown modes and dates in the past",
    observed="an object with a mode and no date was locked for ever, or not at all",
)
_COPY = mend(
    "s3:CopyObject",
    reason="wants an upload's checksum header for a copy into a bucket that locks by default",
    observed="copy_object with ChecksumAlgorithm: MissingUploadObjectWithObjectLockHeaders",
)
_DELETE = mend(
    "s3:DeleteObjectVersion",
    reason="doesn't say that it is the lock that refuses, and takes any bypass header for a yes",
    observed="Access Denied, as by a policy; a bypass header of `false` deleted the version",
)


class _DeniedByLockError(AccessDeniedByLock):
    def __init__(self) -> None:
        S3ClientError.__init__(
            self, "AccessDenied", "Access Denied because object protected by object lock."
        )


class _NoRetentionError(S3ClientError):
    def __init__(self) -> None:
        super().__init__(
            "NoSuchObjectLockConfiguration",
            "The specified object does not have a ObjectLock configuration",
        )


@_COPY.around(S3Response, "_key_response_put")
def _key_response_put(original: Any, self: S3Response, query: Any, key_name: str) -> Any:
    if "x-amz-copy-source" not in self.headers or "uploadId" in query:
        return original(self, query, key_name)
    self._set_action("KEY", "PUT", query)
    self._authenticate_and_authorize_s3_action(bucket_name=self.bucket_name, key_name=key_name)
    return self.copy_object()


@_RETENTION.around(S3Response, "put_object_retention")
def _put_object_retention(original: Any, response: S3Response) -> Any:
    mode, until = response._mode_until_from_body()
    if mode or until:
        _check_lock(mode, until)
    key = _version(response)
    if _is_retained(key) and _is_weaker(key, mode, until) and not _may_bypass(response, key):
        raise _DeniedByLockError
    return original(response)


@_READING.around(S3Response, "_key_response_get")
def _key_response_get(
    original: Any, response: S3Response, query: dict[str, Any], key_name: str
) -> Any:
    if "retention" not in query:
        return original(response, query, key_name)
    key = _version(response)
    if not key.lock_mode:
        raise _NoRetentionError
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Retention><Mode>{key.lock_mode}</Mode>"
        f"<RetainUntilDate>{key.lock_until}</RetainUntilDate></Retention>"
    )
    return 200, {"Content-Type": "application/xml"}, body


@_DEFAULT.instead(S3Backend, "put_object_lock_configuration")
def _put_object_lock_configuration(
    self: S3Backend,
    bucket_name: str,
    lock_enabled: bool,
    mode: str | None = None,
    days: int | None = None,
    years: int | None = None,
) -> None:
    bucket = self.get_bucket(bucket_name)
    if not bucket.is_versioned:
        raise InvalidBucketState(
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        )
    if not lock_enabled or (mode and (mode not in MODES or not (days or years))):
        raise MalformedXML
    bucket.object_lock_enabled = True
    bucket.default_lock_mode = mode
    bucket.default_lock_days, bucket.default_lock_years = days or 0, years or 0


@_DEFAULT.around(S3Backend, "put_object")
def _lock_by_default(
    original: Any, backend: S3Backend, bucket_name: str, *args: Any, **options: Any
) -> Any:
    bucket = backend.get_bucket(bucket_name)
    if bucket.has_default_lock and not options.get("lock_mode"):
        options["lock_mode"] = bucket.default_lock_mode
        options["lock_until"] = bucket.default_retention()
    return original(backend, bucket_name, *args, **options)


@_VERSIONING.around(S3Backend, "put_bucket_versioning")
def _put_bucket_versioning(
    original: Any, backend: S3Backend, bucket_name: str, status: str
) -> None:
    if status != "Enabled" and backend.get_bucket(bucket_name).object_lock_enabled:
        raise InvalidBucketState(
            "An Object Lock configuration is present on this bucket, so the versioning state"
            " cannot be changed."
        )
    original(backend, bucket_name, status)


@_PUT.around(S3Response, "_get_lock_details")
def _get_lock_details(
    original: Any, response: S3Response, *args: Any
) -> tuple[str | None, str | None, str | None]:
    mode = response.headers.get("x-amz-object-lock-mode")
    until = response.headers.get("x-amz-object-lock-retain-until-date")
    if mode or until:
        _check_lock(mode, until)
    details: tuple[str | None, str | None, str | None] = original(response, *args)
    return details


@_DELETE.around(S3Backend, "delete_object")
def _delete_object(
    original: Any,
    backend: S3Backend,
    bucket_name: str,
    key_name: str,
    version_id: str | None = None,
    bypass: bool | str | None = False,
) -> Any:
    bypasses = str(bypass).lower() == "true"  # the header as it came, or what was made of it
    try:
        return original(backend, bucket_name, key_name, version_id=version_id, bypass=bypasses)
    except AccessDeniedByLock:
        raise _DeniedByLockError from None


def _version(response: S3Response) -> FakeKey:
    key = response.backend.get_object(
        response.bucket_name, response.parse_key_name(), response._get_param("versionId")
    )
    if key is None:
        raise MissingKey(key=response.parse_key_name())
    return key


def _check_lock(mode: str | None, until: str | None) -> None:
    if not mode or not until:
        raise InvalidArgumentError(
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
            "x-amz-object-lock-mode",
            mode or "",
        )
    if mode not in MODES:
        raise InvalidArgumentError("Unknown wormMode directive.", "x-amz-object-lock-mode", mode)
    if _moment(until) <= datetime.now(UTC):
        name = "x-amz-object-lock-retain-until-date"
        raise InvalidArgumentError("The retain until date must be in the future!", name, until)


def _is_retained(key: FakeKey) -> bool:
    return bool(key.lock_mode) and _moment(key.lock_until) > datetime.now(UTC)


def _is_weaker(key: FakeKey, mode: str | None, until: str | None) -> bool:
    """Whether the new retention ends sooner, is none, or is easier to lift."""
    if not mode or not until or _moment(until) < _moment(key.lock_until):
        return True
    return key.lock_mode == "COMPLIANCE" and mode != "COMPLIANCE"


def _may_bypass(response: S3Response, key: FakeKey) -> bool:
    asked = response.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
    return asked and key.lock_mode == "GOVERNANCE"


def _moment(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        name = "x-amz-object-lock-retain-until-date"
        raise InvalidArgumentError("The date isn't valid.", name, text or "") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
