"""S3: lifecycle rules as given, conditional policies."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from harness.aws.supplement.registry import mend

MINIMUM_SIZE_HEADER = "x-amz-transition-default-minimum-object-size"

_LIFECYCLE = mend(
    "s3:PutBucketLifecycleConfiguration",
    reason="returns rules in another form and no minimum object size",
    observed="aws_s3_bucket_lifecycle_configuration waited 180 s for a match and failed",
)
_POLICY = mend(
    "s3:PutBucketPolicy",
    reason="ignores conditions, so a Deny of insecure transport denies every object request",
    observed="terraform init with an S3 backend: HeadObject of the state answered 403",
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


@_POLICY.instead(FakeBucket, "get_permission")
def _get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    """Decide by the statements without a condition; moto knows nothing of the request here."""
    document: dict[str, Any] = json.loads(self.policy or '{"Statement": []}')
    statements = [each for each in document["Statement"] if not each.get("Condition")]
    if not statements:
        return PermissionResult.NEUTRAL
    policy = IAMPolicy(json.dumps({**document, "Statement": statements}))
    return policy.is_action_permitted(action, resource)
