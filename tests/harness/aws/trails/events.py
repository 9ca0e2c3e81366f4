"""Calls in the form in which CloudTrail records them.

Source: "CloudTrail record contents" in the CloudTrail guide. What a caller passed isn't known any
more: ``requestParameters`` holds what the call was about, and no more.
"""

from __future__ import annotations

import datetime
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from harness.aws.access import find_role
from harness.aws.trails.selectors import data_type, is_read

if TYPE_CHECKING:
    from harness.aws.calls import Call


def record_of(call: Call) -> dict[str, Any]:
    """Describe a call."""
    kind = data_type(call.service, call.action)
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(call),
        "eventTime": timestamp(moment_of(call)),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.action,
        "awsRegion": call.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "-",
        "requestParameters": _parameters(call),
        "responseElements": None,
        "requestID": call.request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": is_read(call.action),
        "eventType": "AwsApiCall",
        "managementEvent": kind is None,
        "recipientAccountId": call.account_id,
        "eventCategory": "Management" if kind is None else "Data",
    }
    if kind is not None:
        record["resources"] = [{"type": kind, "ARN": resource_arn(call)}]
    if call.status >= 400:
        record["errorCode"] = call.error or "Unknown"
    return record


def resource_arn(call: Call) -> str:
    """Name what a data event is about."""
    account = f"{call.region}:{call.account_id}"
    match call.service:
        case "s3":
            return f"arn:aws:s3:::{unquote(call.path).strip('/')}"
        case "dynamodb":
            return f"arn:aws:dynamodb:{account}:table/{call.resource}"
        case "lambda":
            name = unquote(call.path).partition("/functions/")[2].partition("/")[0]
            return name if name.startswith("arn:") else f"arn:aws:lambda:{account}:function:{name}"
        case service:
            return f"arn:aws:{service}:{account}:{call.resource.rpartition('/')[2]}"


def moment_of(call: Call) -> datetime.datetime:
    """When a call began."""
    at = time.time() - (time.monotonic() - call.started_at)
    return datetime.datetime.fromtimestamp(at, datetime.UTC)


def timestamp(at: datetime.datetime) -> str:
    """Write a time as CloudTrail does, in whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _parameters(call: Call) -> dict[str, str] | None:
    if call.service == "s3":
        bucket, _, key = unquote(call.path).strip("/").partition("/")
        return {"bucketName": bucket, **({"key": key} if key else {})} if bucket else None
    return {"resource": call.resource} if call.resource not in ("", "/") else None


def _identity(call: Call) -> dict[str, Any]:
    kind, _, name = call.principal_arn.rpartition(":")[2].partition("/")
    identity: dict[str, Any] = {"arn": call.principal_arn, "accountId": call.account_id}
    if kind == "user":
        return {"type": "IAMUser", **identity, "userName": name}
    role_name, _, session = name.partition("/")
    role_arn = f"arn:aws:iam::{call.account_id}:role/{role_name}"
    issuer = {"type": "Role", "arn": role_arn, "accountId": call.account_id, "userName": role_name}
    if role := find_role(role_arn):
        issuer["principalId"] = role.id
        identity["principalId"] = f"{role.id}:{session}"
    return {"type": "AssumedRole", **identity, "sessionContext": {"sessionIssuer": issuer}}
