"""Scores that the merchant asks for itself, at the fraud API's own path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.demo.patience import patiently
from harness.demo.play import authorization

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.client import SignedClient
    from harness.demo.merchant_day import Row


@dataclass(frozen=True, slots=True)
class AskedScore:
    """One score, with the row whose payment it is of."""

    row: Row
    score: int
    decision: str
    reasons: Sequence[str]


async def ask(
    client: SignedClient, rows: Iterable[Row], tokens: Mapping[str, str]
) -> list[AskedScore]:
    """Ask for the score of each row's authorization.

    Raises:
        httpx.HTTPStatusError: when a score is refused.
    """
    scores = []
    for row in rows:
        body = authorization(row, tokens)
        method = body.pop("payment_method")
        asked = {**body, "token": method["token"]}
        response = await patiently(partial(client.request, "POST", "/scores", body=asked))
        response.raise_for_status()
        answer = response.json()
        codes = [reason["code"] for reason in answer["reasons"]]
        scores.append(AskedScore(row, answer["score"], answer["decision"], codes))
    return scores
