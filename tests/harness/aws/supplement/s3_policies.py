"""S3: bucket policies, for whoever asks and with what they ask.

Statements without a condition always keep from objects what they deny. While policies are enforced,
conditions and what is done to the bucket itself count too, and another account needs to be allowed;
the bucket's own account doesn't, since nobody looks at identity policies here.
"""

from __future__ import annotations

import contextlib
import json
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from harness.aws.access import Actor
from harness.aws.log_delivery.bucket import find_bucket, policy_of
from harness.aws.supplement.registry import mend
from harness.iam import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_BUCKET = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_DELETED_BY_NAME = {"policy", "website"}
_OF_OBJECT = {
    "acl": "ObjectAcl",
    "legal-hold": "ObjectLegalHold",
    "retention": "ObjectRetention",
    "tagging": "ObjectTagging",
}
_LISTS = {
    "versions": "ListBucketVersions",
    "uploads": "ListBucketMultipartUploads",
    "location": "GetBucketLocation",
}
_BYPASS = "x-amz-bypass-governance-retention"
_GIVEN = (
    "x-amz-acl",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
)

_POLICY = mend(
    "s3:PutBucketPolicy",
    reason="ignores conditions, who asks, and what is done to the bucket itself",
    observed="terraform init with an S3 backend: a Deny of insecure transport denied HeadObject",
)

# One embedded AWS a process, as moto's own state.
_enforced = False

# Whose batch of deletes moto works on.
_batch: ContextVar[S3Response | None] = ContextVar("batch", default=None)


class _DeniedError(S3ClientError):
    def __init__(self, response: S3Response, action: str, resource: str, why: str) -> None:
        super().__init__(
            "AccessDenied",
            f"User: {response.headers['X-Embedded-Principal']} is not authorized to perform:"
            f' {action} on resource: "{resource}" {why}',
        )


@contextlib.contextmanager
def enforced() -> Iterator[None]:
    """Enforce bucket policies as AWS does, for a while."""
    global _enforced
    before, _enforced = _enforced, True
    try:
        yield
    finally:
        _enforced = before


@_POLICY.instead(S3Response, "_authenticate_and_authorize_s3_action")
def _authorize(
    self: S3Response, bucket_name: str | None = None, key_name: str | None = None
) -> None:
    bucket = find_bucket(bucket_name) if bucket_name else None
    if bucket is None or not (_enforced or key_name):
        return
    for action in _actions(self, key_name):
        resource = f"{bucket.arn}/{unquote(key_name)}" if key_name else bucket.arn
        _check(self, bucket, f"s3:{action}", resource)


@_POLICY.around(S3Response, "_bucket_response_delete_keys")
def _delete_keys(original: Any, response: S3Response, *args: Any, **options: Any) -> Any:
    token = _batch.set(response)
    try:
        return original(response, *args, **options)
    finally:
        _batch.reset(token)


@_POLICY.instead(FakeBucket, "get_permission")
def _get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    """Decide on one object of a batch; single requests were decided on before."""
    response = _batch.get()
    if response is None:
        return PermissionResult.NEUTRAL
    actions = ["s3:DeleteObjectVersion" if b"<VersionId>" in response.body else action]
    if _bypasses(response):
        actions.append("s3:BypassGovernanceRetention")
    try:
        for each in actions:
            _check(response, self, each, resource)
    except _DeniedError:
        return PermissionResult.DENIED
    return PermissionResult.NEUTRAL


def _check(response: S3Response, bucket: FakeBucket, action: str, resource: str) -> None:
    caller = Actor.account(
        response.current_account,
        response.headers["X-Embedded-Role"] or response.headers["X-Embedded-Principal"],
    )
    owner = bucket.account_id
    policy = policy_of(bucket) if _enforced else _unconditional(policy_of(bucket))
    keys = dict(_condition_keys(response, policy or ""))
    decision = caller.decided_by(policy, action, resource, owner=owner, keys=keys)
    if decision is Decision.EXPLICIT_DENY:
        why = "with an explicit deny in a resource-based policy"
        raise _DeniedError(response, action, resource, why)
    if _enforced and decision is not Decision.ALLOW and response.current_account != owner:
        why = f"because no resource-based policy allows the {action} action"
        raise _DeniedError(response, action, resource, why)


def _unconditional(policy: str | None) -> str | None:
    if policy is None:
        return None
    document = json.loads(policy)
    statements = [each for each in document["Statement"] if not each.get("Condition")]
    return json.dumps({**document, "Statement": statements})


def _actions(response: S3Response, key_name: str | None) -> Iterator[str]:
    query = parse_qs(urlsplit(response.uri).query, keep_blank_values=True)
    if key_name:
        yield _of_object(response.method, query)
        if _bypasses(response):
            yield "BypassGovernanceRetention"
    elif action := _of_bucket(response.method, query):
        yield action


def _of_object(method: str, query: dict[str, list[str]]) -> str:
    verb = {"PUT": "Put", "POST": "Put", "DELETE": "Delete"}.get(method, "Get")
    named = next((noun for name, noun in _OF_OBJECT.items() if name in query), None)
    if named:
        return verb + named
    if "uploadId" in query and method in {"DELETE", "GET"}:
        return "AbortMultipartUpload" if method == "DELETE" else "ListMultipartUploadParts"
    version = "Version" if "versionId" in query and verb != "Put" else ""
    return f"{verb}Object{version}"


def _of_bucket(method: str, query: dict[str, list[str]]) -> str | None:
    named = next((name for name in _OF_BUCKET if name in query), None)
    if named:
        verb = "Get" if method == "GET" else "Put"
        if method == "DELETE" and named in _DELETED_BY_NAME:
            verb = "Delete"
        return verb + _OF_BUCKET[named]
    if method in {"GET", "HEAD"}:
        return next((action for name, action in _LISTS.items() if name in query), "ListBucket")
    return "DeleteBucket" if method == "DELETE" else None


def _bypasses(response: S3Response) -> bool:
    return str(response.headers.get(_BYPASS, "")).lower() == "true"


def _condition_keys(response: S3Response, policy: str) -> Iterator[tuple[str, str]]:
    yield "s3:tlsversion", "1.3"
    for name in _GIVEN:
        if value := response.headers.get(name):
            yield f"s3:{name}", value
    mode = response.headers.get("x-amz-object-lock-mode")
    until = response.headers.get("x-amz-object-lock-retain-until-date")
    if "s3:object-lock-" in policy and b"<Retention" in (response.body or b""):
        mode, until = response._mode_until_from_body()
    if mode:
        yield "s3:object-lock-mode", mode
    if until:
        with contextlib.suppress(ValueError):  # for whoever carries the request out to say
            left = datetime.fromisoformat(until) - datetime.now(UTC)
            yield "s3:object-lock-remaining-retention-days", str(left.days)
