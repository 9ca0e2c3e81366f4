"""Cards to tokens, each step safe to die after.

The vault's item comes first, ``registering``, then the acquirer's registration, then the item's
mark. A repetition of the card finds the item by its fingerprint and does what is left. A token is
told to nobody before the acquirer knows it.
"""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from payment_core.problems import Problem, ProblemError, refuse
from tokenizer.card_registry import Outcome
from tokenizer.vault import Entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from api_functions.logs import Logger
    from tokenizer.card_keys import CardKeys
    from tokenizer.card_registry import CardRegistry
    from tokenizer.requests import Card
    from tokenizer.vault import Vault

WRITE_RESERVE_MS = 500
"""Kept of a worker's time for writing that the acquirer knows the card."""

_ROUNDS = 3
_METRICS = ("TokensCreated", "TokensRepeated", "TokensRefused", "TokenRegistrationsFailed")
_TOKEN_BYTES = 17  # 136 bits, of which 26 base32 characters carry 130


class Tokenizer:
    """Gives each card of a merchant its token. ``clock`` gives epoch milliseconds."""

    def __init__(
        self,
        vault: Vault,
        keys: CardKeys,
        registry: CardRegistry,
        *,
        clock: Callable[[], int],
        logger: Logger,
        acquirer_timeout_ms: int,
    ) -> None:
        self._vault = vault
        self._keys = keys
        self._registry = registry
        self._clock = clock
        self._logger = logger
        self._timeout_ms = acquirer_timeout_ms

    def tokenize(self, merchant_id: str, card: Card, *, deadline: int, request_id: str) -> Entry:
        """Give the card as the vault holds it, registered. Raises ``ProblemError``.

        The same number of the same merchant has one token, whoever asks at the same time; its
        expiry is the one that was sent last.
        """
        self._time_left(deadline)
        fingerprint = self._keys.fingerprint(merchant_id, card.number)
        entry = self._vault.find(merchant_id, fingerprint)
        counted_as = "TokensCreated" if entry is None else "TokensRepeated"
        if entry is None:
            entry = self._vault.create(self._new(merchant_id, fingerprint, card))
        if (entry.expiry_month, entry.expiry_year) != (card.expiry_month, card.expiry_year):
            entry = _still_there(
                self._vault.renew(entry, card.expiry_month, card.expiry_year, self._clock())
            )
        if not entry.is_registered:
            entry = self._registered(entry, card, deadline, request_id)
        self._measure(counted_as, entry, request_id)
        return entry

    def _new(self, merchant_id: str, fingerprint: str, card: Card) -> Entry:
        # Random, so that nothing about the number follows from the token.
        random = base64.b32encode(secrets.token_bytes(_TOKEN_BYTES))[:26].decode().lower()
        token = f"tok_{random}"
        now = self._clock()
        return Entry(
            merchant_id=merchant_id,
            fingerprint=fingerprint,
            token=token,
            ciphertext=self._keys.encrypt(merchant_id, token, card.number),
            brand=card.brand,
            bin=card.number.bin,
            last4=card.number.last4,
            expiry_month=card.expiry_month,
            expiry_year=card.expiry_year,
            created_at=now,
            updated_at=now,
        )

    def _registered(self, entry: Entry, card: Card, deadline: int, request_id: str) -> Entry:
        """Register a card until what the acquirer was told last is what the vault holds."""
        for _ in range(_ROUNDS):
            outcome = self._registry.register(
                entry.token,
                card.number,
                expiry_month=entry.expiry_month,
                expiry_year=entry.expiry_year,
                timeout_ms=self._time_left(deadline),
            )
            if outcome is Outcome.REFUSED:
                self._measure("TokensRefused", entry, request_id)
                raise refuse("card_unsupported", "The acquirer doesn't take this card.")
            if outcome is Outcome.UNKNOWN:
                self._measure("TokenRegistrationsFailed", entry, request_id)
                raise ProblemError(
                    Problem(
                        "acquirer_unavailable",
                        "The card isn't known to the acquirer yet. Repeat the request.",
                        retry_after=2,
                    )
                )
            done, stored = self._vault.finish(entry, self._clock())
            entry = _still_there(stored)
            if done:
                return entry
        raise _changing()

    def _time_left(self, deadline: int) -> int:
        """Give the milliseconds that the acquirer may take; raises when they are too few."""
        if deadline - self._clock() < self._timeout_ms + WRITE_RESERVE_MS:
            raise ProblemError(
                Problem(
                    "out_of_time", "Too little time is left. Repeat the request.", retry_after=1
                )
            )
        return self._timeout_ms

    def _measure(self, name: str, entry: Entry, request_id: str) -> None:
        self._logger.measure(
            "card",
            {**dict.fromkeys(_METRICS, 0), name: 1},
            units={},
            request_id=request_id,
            merchant_id=entry.merchant_id,
            brand=entry.brand,
        )


def _still_there(entry: Entry | None) -> Entry:
    """Give an entry that was found a moment ago; it is gone only if it was long abandoned."""
    if entry is None:
        raise _changing()
    return entry


def _changing() -> ProblemError:
    return ProblemError(
        Problem(
            "storage_unavailable", "The card is being changed. Repeat the request.", retry_after=1
        )
    )
