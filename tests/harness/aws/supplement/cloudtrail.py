"""CloudTrail: trails that log, of an organization too, into buckets that let them in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.cloudtrail.exceptions import TrailNotFoundException
from moto.cloudtrail.models import CloudTrailBackend, Trail, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.organizations.models import organizations_backends

from harness.aws.access import PARTITION, Actor, find_key, organization_of
from harness.aws.log_delivery.bucket import find_bucket, policy_of
from harness.aws.supplement.registry import mend
from harness.aws.trails.delivery import SERVICE, progress_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE = mend(
    "cloudtrail:CreateTrail",
    reason="takes a bucket or key that doesn't let CloudTrail in, and an organization's trail from"
    " anybody",
    observed="a trail that could never have delivered anything was applied",
)
_DESCRIBE = mend(
    "cloudtrail:DescribeTrails",
    reason="ignores which trails were asked for, hides the organization's from its members",
    observed="second plan of two aws_cloudtrail: each was read as the first",
)
_DELETE = mend(
    "cloudtrail:DeleteTrail",
    reason="deletes no trail that is named by its ARN, and says nothing",
    observed="a trail was there after terraform destroy",
)
_LOGGING = mend(
    "cloudtrail:StartLogging",
    reason="logs nothing, and lets members stop the organization's trail or says it isn't there",
    observed="no object below AWSLogs/ after a day of calls",
)


class _Error(JsonRESTError):
    code = 400


def _refuse(code: str, message: str) -> None:
    raise _Error(code, message)


@_CREATE.around(CloudTrailBackend, "create_trail")
def _create_trail(original: Any, backend: CloudTrailBackend, name: str, *args: Any) -> Trail:
    if name in backend.trails:
        _refuse("TrailAlreadyExistsException", f"Trail {name} already exists.")
    trail: Trail = original(backend, name, *args)
    try:
        _check(trail)
    except JsonRESTError:
        del backend.trails[name]
        raise
    return trail


@_CREATE.around(CloudTrailBackend, "update_trail")
def _update_trail(original: Any, backend: CloudTrailBackend, **changes: Any) -> Trail:
    trail = _own(backend, changes["name"])
    before = dict(vars(trail))
    original(backend, **{**changes, "name": trail.trail_name})
    try:
        _check(trail)
    except JsonRESTError:
        vars(trail).update(before)
        raise
    return trail


@_DESCRIBE.around(CloudTrailBackend, "describe_trails")
def _describe_trails(
    original: Any, backend: CloudTrailBackend, include_shadow_trails: bool
) -> Iterable[Trail]:
    found = list(original(backend, include_shadow_trails))
    if include_shadow_trails:
        found += [trail for trail in _of_organization(backend) if trail not in found]
    return found


@_DESCRIBE.around(CloudTrailResponse, "describe_trails")
def _describe_named(original: Any, response: CloudTrailResponse) -> str:
    described = json.loads(original(response))
    if names := response._get_param("trailNameList"):
        described["trailList"] = [
            each
            for each in described["trailList"]
            if each["TrailARN"] in names
            or (each["Name"] in names and each["HomeRegion"] == response.region)
        ]
    return json.dumps(described)


@_DESCRIBE.around(CloudTrailBackend, "get_trail")
def _get_trail(original: Any, backend: CloudTrailBackend, name_or_arn: str) -> Trail:
    try:
        trail: Trail = original(backend, name_or_arn)
    except TrailNotFoundException:
        for trail in backend.describe_trails(include_shadow_trails=True):
            if trail.arn == name_or_arn:
                return trail
        raise
    return trail


@_DELETE.around(CloudTrailBackend, "delete_trail")
def _delete_trail(original: Any, backend: CloudTrailBackend, name: str) -> None:
    original(backend, _own(backend, name).trail_name)


@_LOGGING.around(CloudTrailBackend, "start_logging")
def _start_logging(original: Any, backend: CloudTrailBackend, name: str) -> None:
    trail = _own(backend, name)
    original(backend, name)
    progress_of(trail).start()


@_LOGGING.around(CloudTrailBackend, "stop_logging")
def _stop_logging(original: Any, backend: CloudTrailBackend, name: str) -> None:
    trail = _own(backend, name)
    original(backend, name)
    progress_of(trail).stop()


@_LOGGING.around(CloudTrailResponse, "get_trail_status")
def _get_trail_status(original: Any, response: CloudTrailResponse) -> str:
    status = json.loads(original(response))
    progress = progress_of(response.cloudtrail_backend.get_trail(response._get_param("Name")))
    status["LatestDeliveryError"] = progress.error
    if not progress.delivered_at:
        status.pop("LatestDeliveryTime", None)
    else:
        status["LatestDeliveryTime"] = int(progress.delivered_at)
    return json.dumps(status)


def _own(backend: CloudTrailBackend, name_or_arn: str) -> Trail:
    """Find a trail that the account may change."""
    trail = backend.get_trail(name_or_arn)
    if trail.account_id != backend.account_id:
        _refuse(
            "NotOrganizationMasterAccountException",
            "Only the management account of the organization can change an organization trail.",
        )
    return trail


def _of_organization(backend: CloudTrailBackend) -> list[Trail]:
    """Find the trails of the organization that the account is a member of."""
    founder, _ = organizations_backends.master_accounts.get(backend.account_id, (None, None))
    if founder is None:
        return []
    return [
        trail
        for region in list(cloudtrail_backends[founder].values())
        for trail in region.trails.values()
        if trail.is_org_trail
        and (trail.is_multi_region or trail.region_name == backend.region_name)
    ]


def _check(trail: Trail) -> None:
    """See that CloudTrail can deliver what the trail logs."""
    folders = [trail.account_id]
    if trail.is_org_trail:
        folders.append(_check_organization(trail))
    bucket = find_bucket(trail.bucket_name)
    prefix = f"{trail.s3_key_prefix}/" if trail.s3_key_prefix else ""
    service = Actor.service(SERVICE, trail.arn)
    wanted = [("s3:GetBucketAcl", bucket.arn)]
    wanted += [("s3:PutObject", f"{bucket.arn}/{prefix}AWSLogs/{each}/x") for each in folders]
    for action, arn in wanted:
        keys = {"s3:x-amz-acl": "bucket-owner-full-control"} if action == "s3:PutObject" else {}
        if not service.may(
            action, arn, owner=bucket.account_id, policy=policy_of(bucket), keys=keys
        ):
            _refuse(
                "InsufficientS3BucketPolicyException",
                f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket_name}",
            )
    context = {"aws:cloudtrail:arn": trail.arn}
    key = find_key(trail.kms_key_id) if trail.kms_key_id else None
    if trail.kms_key_id and not (
        key and service.may_use_key("kms:GenerateDataKey", key, context=context)
    ):
        _refuse(
            "InsufficientEncryptionPolicyException",
            f"Insufficient permissions to access S3 bucket {trail.bucket_name} or KMS key"
            f" {trail.kms_key_id}.",
        )


def _check_organization(trail: Trail) -> str:
    organizations = organizations_backends[trail.account_id][PARTITION]
    organization = organization_of(trail.account_id)
    if organization is None:
        _refuse("OrganizationsNotInUseException", "Your account is not a member of an organization")
    if organizations.org is None:
        _refuse(
            "NotOrganizationMasterAccountException",
            "The caller isn't the management account of the organization.",
        )
    if not any(each["ServicePrincipal"] == SERVICE for each in organizations.services):
        _refuse(
            "CloudTrailAccessNotEnabledException",
            "AWS Organizations integration with CloudTrail is not enabled: enable trusted access"
            f" for {SERVICE}.",
        )
    return str(organization)
