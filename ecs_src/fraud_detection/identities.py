"""Who calls: binds the signing role and the API key to the merchant in the path.

API Gateway sets these headers and overwrites what a client sent. Its policy decides the same by
the role's tag; this is the second lock, and the only one that binds the API key, which meters.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fraud_detection.dynamodb import DynamoDBError, UnreachableError
from payment_core.problems import Problem, ProblemError, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fraud_detection.dynamodb import DynamoDB

PRINCIPAL, ACCOUNT, API_KEY = "x-principal-arn", "x-account-id", "x-api-key-id"

_FRESH_SECONDS = 60
# While the table can't be read, an older profile is better than none.
_USABLE_SECONDS = 15 * 60
_PATIENCE_SECONDS = 0.01
_READ_SECONDS = 1.0
_ROLE_SESSION = re.compile(
    r"arn:aws[a-z-]*:sts::(\d{12}):assumed-role/merchant-(m_[a-z0-9]+)/[^/,]+"
)


@dataclass(frozen=True, slots=True)
class _Profile:
    api_key_id: str
    read_at: float


class Identities:
    """Merchants' profiles, read once a minute by each task."""

    def __init__(self, store: DynamoDB, table: str) -> None:
        self._store = store
        self._table = table
        self._profiles: dict[str, _Profile] = {}
        self._reading: dict[str, asyncio.Task[_Profile | None]] = {}

    async def check(self, headers: Mapping[str, str], merchant_id: str) -> None:
        """Raise ``ProblemError`` (403) unless the caller is the merchant of the path."""
        session = _ROLE_SESSION.fullmatch(headers.get(PRINCIPAL, ""))
        if session is None or session.groups() != (headers.get(ACCOUNT), merchant_id):
            raise refuse(
                "merchant_mismatch",
                "Sign with the role of the merchant in the path, merchant-<merchant_id>.",
            )
        profile = await self._profile(merchant_id)
        if profile is None or headers.get(API_KEY) != profile.api_key_id:
            raise refuse("api_key_mismatch", "Send this merchant's own key in x-api-key.")

    async def _profile(self, merchant_id: str) -> _Profile | None:
        known = self._profiles.get(merchant_id)
        age = time.monotonic() - known.read_at if known else _USABLE_SECONDS
        if age < _FRESH_SECONDS:
            return known
        reading = self._reading.get(merchant_id)
        if reading is None:
            reading = asyncio.create_task(self._read(merchant_id))
            self._reading[merchant_id] = reading
            reading.add_done_callback(lambda task: self._done(merchant_id, task))
        if age < _USABLE_SECONDS:
            await asyncio.wait({reading}, timeout=_PATIENCE_SECONDS)
            answered = reading.done() and reading.exception() is None
            return reading.result() if answered else known
        try:
            # Others wait for the same reading: one that gives up must not end it.
            return await asyncio.shield(reading)
        except (DynamoDBError, UnreachableError) as error:
            detail = "The merchant's profile can't be read. Repeat the request."
            raise ProblemError(Problem("storage_unavailable", detail, retry_after=1)) from error

    async def _read(self, merchant_id: str) -> _Profile | None:
        answer = await self._store.call(
            "GetItem",
            {
                "TableName": self._table,
                "Key": {"pk": {"S": f"MERCHANT#{merchant_id}"}, "sk": {"S": "PROFILE"}},
                # Only what is needed: a role may be held to this attribute.
                "ProjectionExpression": "api_key_id",
            },
            seconds=_READ_SECONDS,
        )
        if "Item" not in answer:
            self._profiles.pop(merchant_id, None)
            return None
        profile = _Profile(answer["Item"]["api_key_id"]["S"], time.monotonic())
        self._profiles[merchant_id] = profile
        return profile

    def _done(self, merchant_id: str, task: asyncio.Task[_Profile | None]) -> None:
        del self._reading[merchant_id]
        if not task.cancelled():
            task.exception()  # known to whoever waited; in the background the next one tries
