"""What can come of an attempt; the words stand in the records that the dashboard shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Of ``REJECTED``, ``REDIRECTED``, ``DELIVERED`` and ``GONE`` the answer's status tells more.

    ``UNWANTED``: the merchant has no endpoint or it doesn't take such events. ``REPEATED``: an
    earlier attempt has settled it.
    """

    DELIVERED = "delivered"
    GONE = "gone"
    DISABLED = "disabled"
    UNWANTED = "unwanted"
    REPEATED = "repeated"
    REJECTED = "rejected"
    REDIRECTED = "redirected"
    TIMEOUT = "timeout"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    BAD_ANSWER = "bad_answer"
    NAME_NOT_FOUND = "name_not_found"
    ADDRESS_REFUSED = "address_refused"
    URL_REFUSED = "url_refused"


SETTLED = frozenset(
    {Outcome.DELIVERED, Outcome.GONE, Outcome.DISABLED, Outcome.UNWANTED, Outcome.REPEATED}
)
"""After these an event isn't tried again."""

FINAL = frozenset({Outcome.DELIVERED, Outcome.GONE})
"""These hold for the event even when the bus brings it once more."""

SKIPPED = frozenset({Outcome.DISABLED, Outcome.UNWANTED, Outcome.REPEATED})
"""Then nothing was sent, and nothing was to be."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt; ``status`` and ``retry_after_s`` are of an answer."""

    outcome: Outcome
    status: int | None = None
    retry_after_s: int | None = None


def of_answer(status: int) -> Outcome:
    """Judge an answer by its status."""
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if status == 410:
        return Outcome.GONE
    return Outcome.REDIRECTED if 300 <= status < 400 else Outcome.REJECTED
