"""S3: lifecycle rules and access logging as given."""

from __future__ import annotations

import re
from typing import Any

from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from harness.aws.access import Actor
from harness.aws.log_delivery.bucket import policy_of
from harness.aws.supplement.registry import mend

MINIMUM_SIZE_HEADER = "x-amz-transition-default-minimum-object-size"

_KEY_FORMAT = re.compile(rb"<TargetObjectKeyFormat>.*</TargetObjectKeyFormat>", re.DOTALL)

_LIFECYCLE = mend(
    "s3:PutBucketLifecycleConfiguration",
    reason="returns rules in another form and no minimum object size",
    observed="aws_s3_bucket_lifecycle_configuration waited 180 s for a match and failed",
)
_LOGGING = mend(
    "s3:PutBucketLogging",
    reason="forgets the format of the keys, and fails at a policy for everybody (500)",
    observed="second plan of aws_s3_bucket_logging wanted target_object_key_format",
)


@_LIFECYCLE.around(S3Response, "_bucket_response_put")
def _bucket_response_put(
    original: Any,
    response: S3Response,
    request: Any,
    bucket_name: str,
    querystring: dict[str, Any],
    *args: Any,
    **options: Any,
) -> Any:
    answer = original(response, request, bucket_name, querystring, *args, **options)
    if "lifecycle" not in querystring:
        return answer
    size = request.headers.get(MINIMUM_SIZE_HEADER, "all_storage_classes_128K")
    vars(response.backend.get_bucket(bucket_name))["lifecycle_as_given"] = response.body, size
    return 200, {MINIMUM_SIZE_HEADER: size}, ""


@_LIFECYCLE.around(S3Response, "get_bucket_lifecycle")
def _get_bucket_lifecycle(original: Any, response: S3Response) -> Any:
    original(response)  # raises if there is none
    bucket = response.backend.get_bucket(response.bucket_name)
    body, size = vars(bucket)["lifecycle_as_given"]
    return 200, {"Content-Type": "application/xml", MINIMUM_SIZE_HEADER: size}, body


@_LOGGING.around(S3Response, "_logging_from_body")
def _logging_from_body(original: Any, response: S3Response) -> dict[str, Any]:
    read: dict[str, Any] = original(response)
    found = _KEY_FORMAT.search(response.body)
    return {**read, "TargetObjectKeyFormat": found[0].decode()} if read and found else read


@_LOGGING.around(S3Response, "get_bucket_logging")
def _get_bucket_logging(original: Any, response: S3Response) -> Any:
    status, headers, body = original(response)
    kept = response.backend.get_bucket_logging(response.bucket_name) or {}
    end = "</LoggingEnabled>"
    return status, headers, body.replace(end, kept.get("TargetObjectKeyFormat", "") + end)


@_LOGGING.around(FakeBucket, "set_logging")
def _set_logging(
    original: Any, bucket: FakeBucket, logging: dict[str, Any] | None, backend: Any
) -> None:
    target = backend.buckets.get(logging["TargetBucket"]) if logging else None
    if target is not None and _may_log(bucket, target, (logging or {})["TargetPrefix"]):
        bucket.logging = logging or {}
    else:
        original(bucket, logging, backend)


def _may_log(source: FakeBucket, target: FakeBucket, prefix: str) -> bool:
    service = Actor.service("logging.s3.amazonaws.com", source.arn, source.account_id)
    arn = f"{target.arn}/{prefix}x"
    return service.may("s3:PutObject", arn, owner=target.account_id, policy=policy_of(target))


@_LOGGING.instead(FakeBucket, "_log_permissions_enabled_policy")
def _is_for_anybody(*_: Any, **__: Any) -> bool:
    return False  # decided above, and moto fails at a Principal that is no object
