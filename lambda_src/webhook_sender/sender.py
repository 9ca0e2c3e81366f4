"""Sends one event to its merchant's endpoint, once, and records the attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webhook_sender.endpoints import UrlError
from webhook_sender.outcomes import FINAL, Outcome, Result
from webhook_sender.posting import post
from webhook_sender.signing import HEADER, signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from api_functions.logs import Logger
    from webhook_sender.deliveries import Deliveries
    from webhook_sender.endpoints import Endpoint, Endpoints
    from webhook_sender.messages import Message
    from webhook_sender.posting import Network
    from webhook_sender.signing_secrets import SigningSecrets

_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "Payments-Webhooks/1",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What was done: ``attempt`` is its number, ``duration_ms`` what the endpoint took of it."""

    result: Result
    attempt: int | None = None
    duration_ms: int = 0


class Sender:
    """Everything that a worker keeps between messages."""

    def __init__(
        self,
        endpoints: Endpoints,
        secrets: SigningSecrets,
        deliveries: Deliveries,
        network: Network,
        *,
        timeout_ms: int,
        logger: Logger,
        clock: Callable[[], int],
    ) -> None:
        self._endpoints = endpoints
        self._secrets = secrets
        self._deliveries = deliveries
        self._network = network
        self._timeout_s = timeout_ms / 1000
        self._logger = logger
        self._clock = clock

    def send(self, message: Message) -> Sent:
        """Send an event, unless nobody wants it or it is settled.

        Raises what reading the endpoint, its secret or earlier attempts raises: then nothing
        was sent.
        """
        endpoint = self._endpoints.read(message.merchant_id)
        if endpoint is None or not endpoint.wants(message.event_type):
            return Sent(Result(Outcome.UNWANTED))
        latest = self._deliveries.latest(message)
        if latest.outcome in FINAL:
            return Sent(Result(Outcome.REPEATED))
        started = self._clock()
        result = Result(Outcome.DISABLED) if endpoint.disabled else self._post(endpoint, message)
        duration_ms = self._clock() - started
        number = self._record(message, latest.number + 1, result, started, duration_ms)
        return Sent(result, number, duration_ms)

    def _post(self, endpoint: Endpoint, message: Message) -> Result:
        try:
            target = endpoint.target()
        except UrlError as error:
            self._logger.info("url refused", merchant_id=message.merchant_id, advice=str(error))
            return Result(Outcome.URL_REFUSED)
        secrets = self._secrets.read(endpoint.secret_arn)
        signed = signature(message.body, secrets, self._clock() // 1000)
        headers = {**_HEADERS, HEADER: signed}
        return post(self._network, target, message.body, headers, timeout_s=self._timeout_s)

    def _record(
        self, message: Message, number: int, result: Result, at: int, duration_ms: int
    ) -> int | None:
        """Record an attempt; what was delivered stays so when that fails."""
        try:
            return self._deliveries.record(message, number, result, at=at, duration_ms=duration_ms)
        except Exception as error:
            self._logger.exception(
                "attempt not recorded",
                error,
                merchant_id=message.merchant_id,
                event_id=message.event_id,
            )
            return None
