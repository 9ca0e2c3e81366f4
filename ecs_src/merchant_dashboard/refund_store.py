"""Refunds that people ask for, as items of the dashboard's table.

| ``pk`` | ``sk`` | Item |
|---|---|---|
| ``MERCHANT#<m>#REFUNDS`` | ``REQUEST#<payment id>#<refund id>`` | a refund, by state in ``gsi1`` |
| ``MERCHANT#<m>#REFUNDS`` | ``ALONE#<payment id>`` | the sum that people confirmed alone |

A refund is asked for once and then decided once: every change is conditional on the state before.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dashboard_projector.read_model import INDEX
from payment_core.idempotency import scoped_id
from transaction_gateway.dynamodb_values import decode_map, encode, encode_map
from transaction_gateway.payment_items import partition_key
from transaction_gateway.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

_ATTEMPTS = 5
_PAUSE_S = 0.02

REFUND_ID = re.compile(r"rfd_[a-z2-7]{26}")


class RefundState(StrEnum):
    """Where a refund stands. ``CONFIRMED``: decided, and its outcome isn't known yet."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund that was asked for. Times are epoch ms, people are names of sessions.

    ``code`` says why it was refused: by a person, the gateway, or the acquirer.
    """

    refund_id: str
    merchant_id: str
    payment_id: str
    amount: int
    currency: str
    reference: str | None
    state: RefundState
    asked_by: str
    asked_at: int
    decided_by: str | None = None
    decided_at: int | None = None
    ended_at: int | None = None
    code: str | None = None

    @property
    def idempotency_key(self) -> str:
        """The key of every attempt to carry it out, so that it is charged once."""
        return f"dashboard:{self.refund_id}"


def refund_id(merchant_id: str, payment_id: str, form_id: str) -> str:
    """Derive a refund's id from the form that asks for it: sent twice, it is one refund."""
    return scoped_id("rfd", merchant_id, f"askRefund/{payment_id}", form_id)


class RefundStore:
    """Reads and writes refunds of a merchant."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def ask(self, refund: Refund) -> Refund:
        """Store a refund, or give the one that its form asked for before."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=encode_map(_item(refund)),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            _expect_refusal(error)
            stored = self.get(refund.merchant_id, refund.payment_id, refund.refund_id)
            if stored is None:
                raise
            return stored
        return refund

    def get(self, merchant_id: str, payment_id: str, refund_id: str) -> Refund | None:
        """Read one refund, consistently."""
        key = _key(merchant_id, payment_id, refund_id)
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return _refund(answer["Item"]) if "Item" in answer else None

    def of_payment(self, merchant_id: str, payment_id: str) -> list[Refund]:
        """Read a payment's refunds, newest first."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={
                ":pk": encode(_partition(merchant_id)),
                ":prefix": encode(f"REQUEST#{payment_id}#"),
            },
            ConsistentRead=True,
        )
        found = [_refund(item) for item in answer["Items"]]
        return sorted(found, key=lambda refund: refund.asked_at, reverse=True)

    def latest(self, merchant_id: str, state: RefundState, *, limit: int) -> list[Refund]:
        """Read refunds in a state, newest first; the index lags a moment behind."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression=f"{INDEX}pk = :pk",
            ExpressionAttributeValues={":pk": encode(_state_partition(merchant_id, state))},
            ScanIndexForward=False,
            Limit=limit,
        )
        return [_refund(item) for item in answer["Items"]]

    def alone(self, merchant_id: str, payment_id: str) -> int:
        """Give what people confirmed on their own of a payment so far, in minor units."""
        key = encode_map({"pk": _partition(merchant_id), "sk": f"ALONE#{payment_id}"})
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return int(decode_map(answer["Item"])["amount"]) if "Item" in answer else 0

    def confirm_as_second_person(self, refund: Refund, person: str, now: int) -> bool:
        """Confirm what someone else asked for; False when it was decided already."""
        update = _decision(refund, RefundState.CONFIRMED, person, now)
        update["ConditionExpression"] += " AND asked_by <> :person"
        return self._update(update)

    def confirm_alone(self, refund: Refund, person: str, now: int, *, limit: int) -> bool:
        """Confirm one's own refund, if all that was confirmed so stays within ``limit``.

        The sum and the decision are written together: asking for many small refunds, even at
        once, gets nobody past the limit.
        """
        room = limit - refund.amount
        if room < 0:
            return False
        sum_of_payment: Any = {
            "TableName": self._table,
            "Key": encode_map(
                {"pk": _partition(refund.merchant_id), "sk": f"ALONE#{refund.payment_id}"}
            ),
            "UpdateExpression": "ADD amount :amount",
            "ConditionExpression": "attribute_not_exists(amount) OR amount <= :room",
            "ExpressionAttributeValues": {
                ":amount": encode(refund.amount),
                ":room": encode(room),
            },
        }
        decision: Any = {
            "TableName": self._table,
            **_decision(refund, RefundState.CONFIRMED, person, now),
        }
        for attempt in range(_ATTEMPTS):
            try:
                self._client.transact_write_items(
                    TransactItems=[{"Update": decision}, {"Update": sum_of_payment}]
                )
            except ClientError as error:
                if _condition_failed(error):
                    return False
                if attempt + 1 == _ATTEMPTS or not _met_another(error):
                    raise
                time.sleep(_PAUSE_S * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - jitter
            else:
                return True
        raise AssertionError("the last attempt returns or raises")

    def refuse(self, refund: Refund, person: str, now: int) -> bool:
        """Refuse what was asked for, or withdraw it; False when it was decided already."""
        return self._update(_decision(refund, RefundState.REFUSED, person, now, code="by_person"))

    def end(self, refund: Refund, state: RefundState, now: int, *, code: str | None = None) -> bool:
        """Write what came of a confirmed refund; False when it is written already."""
        values = {
            ":now": encode(now),
            ":code": encode(code or "ok"),
            ":confirmed": encode(RefundState.CONFIRMED),
            **_state_values(refund, state),
        }
        return self._update(
            {
                "Key": _key(refund.merchant_id, refund.payment_id, refund.refund_id),
                "UpdateExpression": (
                    f"SET #state = :state, {INDEX}pk = :partition, ended_at = :now, code = :code"
                ),
                "ConditionExpression": "#state = :confirmed",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": values,
            }
        )

    def _update(self, update: dict[str, Any]) -> bool:
        try:
            self._client.update_item(TableName=self._table, **update)
        except ClientError as error:
            _expect_refusal(error)
            return False
        return True


def _decision(
    refund: Refund, state: RefundState, person: str, now: int, *, code: str | None = None
) -> dict[str, Any]:
    """Decide on a refund that is still as it was read: its amount is a condition."""
    values = {
        ":now": encode(now),
        ":person": encode(person),
        ":asked": encode(RefundState.ASKED),
        ":amount": encode(refund.amount),
        ":currency": encode(refund.currency),
        **_state_values(refund, state),
    }
    ended = ""
    if code is not None:
        ended = ", ended_at = :now, code = :code"
        values[":code"] = encode(code)
    return {
        "Key": _key(refund.merchant_id, refund.payment_id, refund.refund_id),
        "UpdateExpression": (
            f"SET #state = :state, {INDEX}pk = :partition, decided_by = :person, "
            f"decided_at = :now{ended}"
        ),
        "ConditionExpression": ("#state = :asked AND amount = :amount AND currency = :currency"),
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": values,
    }


def _state_values(refund: Refund, state: RefundState) -> dict[str, Any]:
    partition = _state_partition(refund.merchant_id, state)
    return {":state": encode(state), ":partition": encode(partition)}


def _partition(merchant_id: str) -> str:
    return f"{partition_key(merchant_id)}#REFUNDS"


def _state_partition(merchant_id: str, state: str) -> str:
    return f"{_partition(merchant_id)}#{state}"


def _key(merchant_id: str, payment_id: str, refund_id: str) -> dict[str, Any]:
    sort_key = f"REQUEST#{payment_id}#{refund_id}"
    return encode_map({"pk": _partition(merchant_id), "sk": sort_key})


def _item(refund: Refund) -> dict[str, object]:
    return {
        "pk": _partition(refund.merchant_id),
        "sk": f"REQUEST#{refund.payment_id}#{refund.refund_id}",
        f"{INDEX}pk": _state_partition(refund.merchant_id, refund.state),
        f"{INDEX}sk": f"{rfc3339(refund.asked_at)}#{refund.refund_id}",
        "refund_id": refund.refund_id,
        "merchant_id": refund.merchant_id,
        "payment_id": refund.payment_id,
        "amount": refund.amount,
        "currency": refund.currency,
        "reference": refund.reference,
        "state": refund.state,
        "asked_by": refund.asked_by,
        "asked_at": refund.asked_at,
    }


def _refund(attributes: Mapping[str, Any]) -> Refund:
    item = decode_map(attributes)
    optional = ("reference", "decided_by", "decided_at", "ended_at", "code")
    return Refund(
        refund_id=item["refund_id"],
        merchant_id=item["merchant_id"],
        payment_id=item["payment_id"],
        amount=item["amount"],
        currency=item["currency"],
        state=RefundState(item["state"]),
        asked_by=item["asked_by"],
        asked_at=item["asked_at"],
        **{name: item.get(name) for name in optional},
    )


def _condition_failed(error: ClientError) -> bool:
    return "ConditionalCheckFailed" in _reasons(error)


def _met_another(error: ClientError) -> bool:
    """Tell whether a transaction was cancelled because another one held the same item."""
    code = error.response["Error"]["Code"]
    return code == "TransactionInProgressException" or "TransactionConflict" in _reasons(error)


def _reasons(error: ClientError) -> set[str]:
    return {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])}


def _expect_refusal(error: ClientError) -> None:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
