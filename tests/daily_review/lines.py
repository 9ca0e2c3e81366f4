"""Log lines that a review should find, and the like of them that it shouldn't, by query.

A finding's lines come in the number that is one over the query's threshold.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOG_GROUPS = {
    "access": ["/aws/apigateway/payments-dev-payments-v1/access"],
    "execution": ["API-Gateway-Execution-Logs_abc123/live"],
    "findings": ["/aws/vendedlogs/payments-dev-findings"],
    "function": ["/aws/lambda/payments-dev-transaction-gateway"],
    "service": ["/aws/ecs/payments-dev-fraud-detection"],
    "trail": ["/aws/cloudtrail/payments-organization"],
}
FLORIST = "arn:aws:sts::444444444444:assumed-role/merchant-m_florist/till"
ADMIN = "arn:aws:sts::444444444444:assumed-role/OrganizationAccountAccessRole/someone"
MANAGEMENT, ARCHIVE, DEV = "111111111111", "333333333333", "444444444444"


@dataclass(frozen=True)
class Case:
    """What is written to a log group of a kind, and whom the finding must name."""

    kind: str
    line: str
    number: int
    names: Mapping[str, str]
    quiet: Sequence[str]
    """Lines that come in the same number, and find nothing."""
    also: Sequence[str] = field(default=())
    """Other lines that make a finding by themselves, in the same number."""


def request(**changes: Any) -> str:
    """Write a request as the access log does."""
    line = {
        "api_id": "abc123",
        "api_key_id": "key-1",
        "resource_path": "/merchants/{merchant_id}/payments",
        "source_ip": "198.51.100.7",
        "status": "201",
        "user_arn": FLORIST,
    }
    return json.dumps({**line, **changes})


def call(name: str, service: str = "iam", role: str = "someone-else", **changes: Any) -> str:
    """Write a call of an AWS API as CloudTrail does, by a session of a role."""
    identity = {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{DEV}:assumed-role/{role}/session",
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role}},
    }
    event = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "recipientAccountId": DEV,
        "sourceIPAddress": "198.51.100.7",
    }
    return json.dumps({**event, **changes})


def sign_in(mfa: str | None, user: str = "IAMUser", outcome: str = "Success") -> str:
    """Write a sign-in to the console."""
    identity = {"type": user, "arn": f"arn:aws:iam::{MANAGEMENT}:user/carol"}
    return call(
        "ConsoleLogin",
        "signin",
        userIdentity=identity,
        responseElements={"ConsoleLogin": outcome},
        additionalEventData={} if mfa is None else {"MFAUsed": mfa},
    )


ROOT = {"type": "Root", "arn": f"arn:aws:iam::{MANAGEMENT}:root"}
BUCKET = {"bucketName": f"payments-logs-production-{ARCHIVE}"}
REPORT = {
    "auditTimestamp": "2026-01-31T12:00:00Z",
    "resourceArn": f"arn:aws:logs:eu-west-1:{DEV}:log-group:/aws/lambda/one:*",
    "dataIdentifiers": [{"name": "CreditCardNumber", "count": 1}],
}
ERROR = json.dumps({"level": "ERROR", "message": "request failed", "error": "KeyError"})

CASES = {
    "refused_callers": Case(
        kind="access",
        line=request(status="403"),
        also=[request(status="401", user_arn="-", source_ip="203.0.113.9")],
        number=21,
        names={"user_arn": FLORIST, "source_ip": "198.51.100.7"},
        quiet=[request(status="404"), request(status="200", response_length="403")],
    ),
    "throttled_merchants": Case(
        kind="access",
        line=request(status="429"),
        number=101,
        names={"api_key_id": "key-1", "user_arn": FLORIST},
        quiet=[request(status="201", response_length="429")],
    ),
    "unusual_principals": Case(
        kind="access",
        line=request(user_arn=ADMIN),
        number=1,
        names={"user_arn": ADMIN, "source_ip": "198.51.100.7"},
        quiet=[request(), request(user_arn="-", status="403"), "{}"],
    ),
    "server_error_bursts": Case(
        kind="access",
        line=request(status="502"),
        number=21,
        names={"api_id": "abc123", "resource_path": "/merchants/{merchant_id}/payments"},
        quiet=[request(status="422"), request(api_key_id="500")],
    ),
    "execution_authorization_errors": Case(
        kind="execution",
        line="(5f1c) Execution failed due to configuration error: Invalid permissions on Lambda",
        number=11,
        names={},
        quiet=["(5f1c) Execution failed due to a timeout error"],
        also=["(5f1d) User: anonymous is not authorized to perform: execute-api:Invoke"],
    ),
    "card_numbers": Case(
        kind="function",
        line='{"level":"INFO","message":"paid with ****************"}',
        number=1,
        names={"@log": f"{DEV}:/aws/lambda/payments-dev-transaction-gateway"},
        quiet=['{"level":"INFO","message":"paid with ***1111"}', '{"auditTimestamp":"now"}'],
        also=[json.dumps(REPORT)],
    ),
    "function_errors": Case(
        kind="function",
        line=ERROR,
        number=11,
        names={"error": "KeyError"},
        quiet=[
            json.dumps({"level": "INFO", "message": "request", "status": 500}),
            json.dumps({"type": "platform.report", "record": {"status": "success"}}),
        ],
        also=[
            json.dumps({"type": "platform.report", "record": {"status": "timeout"}}),
            "2026-01-31T12:00:00Z 5f1c Task timed out after 15.00 seconds",
        ],
    ),
    "root_use": Case(
        kind="trail",
        line=call("ListUsers", userIdentity=ROOT, recipientAccountId=MANAGEMENT),
        number=1,
        names={"recipientAccountId": MANAGEMENT, "eventName": "ListUsers"},
        quiet=[
            call("ListUsers"),
            call("RenewCertificate", userIdentity={**ROOT, "invokedBy": "acm.amazonaws.com"}),
            call("SecretRotated", userIdentity=ROOT, eventType="AwsServiceEvent"),
        ],
    ),
    "console_without_mfa": Case(
        kind="trail",
        line=sign_in("No"),
        number=1,
        names={"userIdentity.arn": f"arn:aws:iam::{MANAGEMENT}:user/carol"},
        quiet=[sign_in("Yes"), sign_in("No", outcome="Failure"), sign_in("No", "AssumedRole")],
        also=[sign_in(None)],
    ),
    "guardrail_changes": Case(
        kind="trail",
        line=call("DetachPolicy", "organizations", recipientAccountId=MANAGEMENT),
        number=1,
        names={"recipientAccountId": MANAGEMENT, "eventName": "DetachPolicy"},
        quiet=[
            call("ListPolicies", "organizations"),
            call("LookupEvents", "cloudtrail"),
            call("PutBucketPolicy", "s3", requestParameters={"bucketName": "payments-releases"}),
            call("GetBucketPolicy", "s3", requestParameters=BUCKET),
            call("PutKeyPolicy", "kms", "payments-deploy"),
        ],
        also=[
            call("StopLogging", "cloudtrail", "payments-deploy", errorCode="AccessDenied"),
            call("PutBucketObjectLockConfiguration", "s3", requestParameters=BUCKET),
            call("DeleteBucketPolicy", "s3", "payments-deploy", requestParameters=BUCKET),
            call("ScheduleKeyDeletion", "kms"),
            call("PutKeyPolicy", "kms", "payments-deploy", recipientAccountId=ARCHIVE),
            call("DeleteDestination", "logs", userIdentity=ROOT),
            call("UpdateDestination", "firehose"),
        ],
    ),
    "break_glass_use": Case(
        kind="trail",
        line=call(
            "AssumeRole",
            "sts",
            requestParameters={"roleArn": f"arn:aws:iam::{MANAGEMENT}:role/payments-break-glass"},
        ),
        number=1,
        names={"eventName": "AssumeRole", "sourceIPAddress": "198.51.100.7"},
        quiet=[
            call("AssumeRole", "sts", requestParameters={"roleArn": ADMIN}),
            call("GetRole", requestParameters={"roleName": "payments-break-glass"}),
        ],
        also=[call("DetachPolicy", "organizations", "payments-break-glass")],
    ),
    "access_denied_bursts": Case(
        kind="trail",
        line=call("GetObject", "s3", errorCode="AccessDenied"),
        number=26,
        names={"userIdentity.arn": f"arn:aws:sts::{DEV}:assumed-role/someone-else/session"},
        quiet=[call("GetObject", "s3"), call("GetObject", "s3", errorCode="NoSuchKey")],
        also=[call("RunInstances", "ec2", errorCode="Client.UnauthorizedOperation")],
    ),
    "iam_changes": Case(
        kind="trail",
        line=call("PutRolePolicy"),
        number=1,
        names={"eventName": "PutRolePolicy", "recipientAccountId": DEV},
        quiet=[
            call("PutRolePolicy", role="payments-deploy"),
            call("GetRole"),
            call("CreateRole", role="visitor", errorCode="AccessDenied"),
            call("PutObject", "s3"),
        ],
        also=[call("CreateAccessKey", userIdentity=ROOT)],
    ),
}
"""By query, but for silence, which is no line."""
