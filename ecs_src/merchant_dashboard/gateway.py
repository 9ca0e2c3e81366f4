"""The transaction gateway's function, asked as API Gateway asks it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient

    from merchant_dashboard.identity import Principal
    from merchant_dashboard.refund_store import Refund

_RESOURCE = "/merchants/{merchant_id}/payments/{payment_id}/refunds"
_NOT_YET = frozenset({"payment_busy", "request_in_progress"})
_WILL_NEVER = frozenset({400, 402, 404, 409, 415, 422})


class Verdict(Enum):
    """What came of an attempt. ``OPEN``: not known; another attempt asks for the same refund."""

    DONE = auto()
    REFUSED = auto()
    OPEN = auto()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict, and the code that explains it."""

    verdict: Verdict
    code: str


class TransactionGateway:
    """Carries out refunds through the function's live alias."""

    def __init__(self, client: LambdaClient, function_arn: str) -> None:
        self._client = client
        self._function_arn = function_arn

    def refund(self, refund: Refund, principal: Principal, request_id: str) -> Outcome:
        """Ask for a refund as ``principal``. Nothing raises; silence leaves it open."""
        event = _event(refund, principal, request_id)
        try:
            answer = self._client.invoke(
                FunctionName=self._function_arn, Payload=json.dumps(event).encode()
            )
            if answer.get("FunctionError"):
                return Outcome(Verdict.OPEN, "gateway_failed")
            return _outcome(json.loads(answer["Payload"].read()))
        except (BotoCoreError, ClientError):
            return Outcome(Verdict.OPEN, "gateway_unreachable")
        except (KeyError, TypeError, ValueError):
            return Outcome(Verdict.OPEN, "gateway_answer_unreadable")


def _event(refund: Refund, principal: Principal, request_id: str) -> dict[str, Any]:
    """Write API Gateway's proxy event (format 1.0) of refundPayment."""
    body: dict[str, object] = {"amount": refund.amount, "currency": refund.currency}
    if refund.reference is not None:
        body["reference"] = refund.reference
    path = {"merchant_id": refund.merchant_id, "payment_id": refund.payment_id}
    headers = {"Content-Type": "application/json", "Idempotency-Key": refund.idempotency_key}
    return {
        "resource": _RESOURCE,
        "path": _RESOURCE.format(**path),
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "pathParameters": path,
        "requestContext": {
            "extendedRequestId": request_id,
            "accountId": principal.account_id,
            "httpMethod": "POST",
            "resourcePath": _RESOURCE,
            "identity": {
                "accountId": principal.account_id,
                "userArn": principal.arn,
                "apiKeyId": principal.api_key_id,
            },
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def _outcome(answer: dict[str, Any]) -> Outcome:
    status = int(answer["statusCode"])
    if status == 200:
        return Outcome(Verdict.DONE, "ok")
    if status == 202:
        return Outcome(Verdict.OPEN, "outcome_unknown")
    problem = json.loads(answer["body"])
    code = str(problem.get("decline_code") or problem["code"])
    if status in _WILL_NEVER and code not in _NOT_YET:
        return Outcome(Verdict.REFUSED, code)
    return Outcome(Verdict.OPEN, code)
