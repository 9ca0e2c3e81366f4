"""S3: lifecycle rules as they were given, and conditional writes that hold under threads."""

from __future__ import annotations

import threading
from typing import Any

from moto.s3.responses import S3Response

from harness.aws.supplement.registry import mend

MINIMUM_SIZE_HEADER = "x-amz-transition-default-minimum-object-size"

_LIFECYCLE = mend(
    "s3:PutBucketLifecycleConfiguration",
    reason="returns rules in another form and no minimum object size",
    observed="aws_s3_bucket_lifecycle_configuration waited 180 s for a match and failed",
)
_CONDITIONAL = mend(
    "s3:PutObject",
    reason="checks If-None-Match and writes without a lock: two writers take one state lock",
    observed="8 threads that put one key with If-None-Match: more than one succeeded",
)

_lock = threading.RLock()


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


@_CONDITIONAL.around(S3Response, "put_object")
def _put_object(original: Any, response: S3Response) -> Any:
    with _lock:
        return original(response)
