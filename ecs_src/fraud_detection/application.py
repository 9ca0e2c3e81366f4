"""The service as an ASGI application: routes, identities, scores by their deadline."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fraud_detection.counters import Counters
from fraud_detection.exchange import GoneError, Reply, Request, json_body
from fraud_detection.identities import PRINCIPAL, Identities
from fraud_detection.score_request import MERCHANT_ID, read_transaction
from fraud_detection.scoring import Decision, Scorer
from fraud_detection.tallies import digest
from payment_core.cards import holds_card_number
from payment_core.lifecycle import headers_of_request
from payment_core.problems import Problem, ProblemError, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fraud_detection.dynamodb import DynamoDB
    from fraud_detection.exchange import Message, Receive, Send
    from fraud_detection.model import Model
    from fraud_detection.settings import Settings
    from fraud_detection.telemetry import Telemetry

INTERNAL = "/internal/scores"
HEALTH = "/health"
_SCORES = re.compile(r"/merchants/([^/]+)/scores")
_REQUEST_ID = re.compile(r"[A-Za-z0-9+/=_-]{1,128}")
_TRACE_ID = re.compile(r"[A-Za-z0-9=;:._-]{1,256}")
# What features, model and answer need after the counters.
_COMPUTING_SECONDS = 0.002
_CONNECTIONS_AHEAD = 6
_DRAIN_SECONDS = 5.0


@dataclass(slots=True)
class _Trail:
    """What is told of a request when it ends."""

    request_id: str
    fields: dict[str, object] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


class FraudDetection:
    """Scores payments over HTTP. While ``draining``, it serves and reports itself unhealthy."""

    def __init__(
        self, settings: Settings, store: DynamoDB, model: Model, telemetry: Telemetry
    ) -> None:
        self.draining = False
        self._store = store
        self._telemetry = telemetry
        self._counters = Counters(store, settings.counters_table, telemetry)
        self._identities = Identities(store, settings.payments_table)
        self._scorer = Scorer(model, settings.thresholds)
        self._budget = max(settings.deadline_ms / 1000 - _COMPUTING_SECONDS, 0)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or begin and end with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            request = Request.of(scope)
            send = self._last_of_connection(send)
            if request.path == HEALTH and request.method in ("GET", "HEAD"):
                await self._health().send(send)
            else:
                await self._answer(request, receive, send)

    def _last_of_connection(self, send: Send) -> Send:
        """While draining, have callers come back by a new connection, and so to another task."""

        async def closing(message: Message) -> None:
            if self.draining and message["type"] == "http.response.start":
                message["headers"].append((b"connection", b"close"))
            await send(message)

        return closing

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        fresh = asyncio.create_task(self._store.keep_credentials_fresh())
        await self._store.connect(_CONNECTIONS_AHEAD)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._counters.drain(_DRAIN_SECONDS)
        fresh.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await fresh
        await send({"type": "lifespan.shutdown.complete"})

    def _health(self) -> Reply:
        # The counters aren't asked: without them scores are degraded, and no task is better off.
        if self.draining:
            return Reply(503, {"status": "draining", "reason": "the task was told to stop"})
        return Reply(200, {"status": "ok"})

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        trail = _Trail(_request_id(request.headers))
        try:
            reply = await self._route(request, receive, trail)
        except ProblemError as error:
            reply = _refused(error.problem, trail)
        except GoneError:
            return
        except Exception as error:
            self._telemetry.failure("request failed", error, request_id=trail.request_id)
            reply = _refused(Problem("internal_error", "Repeat the request."), trail)
        await reply.send(send, headers_of_request(request.headers))
        self._telemetry.measured(
            "request",
            {"RejectedRequests": 0, "Faults": 0, "LostCounts": 0, **trail.metrics},
            request_id=trail.request_id,
            trace_id=_plain(request.headers.get("x-amzn-trace-id", ""), _TRACE_ID),
            method=_plain(request.method, re.compile(r"[A-Z]{1,16}")),
            status=reply.status,
            duration_ms=round((time.perf_counter() - started) * 1000, 2),
            **trail.fields,
        )

    async def _route(self, request: Request, receive: Receive, trail: _Trail) -> Reply:
        below = _SCORES.fullmatch(request.path)
        # What came through API Gateway carries an identity, and has no business at our own path.
        internal = request.path == INTERNAL and PRINCIPAL not in request.headers
        if request.method != "POST" or not (below or internal):
            raise refuse("not_found", "There is no such resource, or it has no such method.")
        trail.fields["resource"] = "/merchants/{merchant_id}/scores" if below else INTERNAL
        body = await json_body(request, receive)
        until = asyncio.get_running_loop().time() + self._budget
        started = time.perf_counter()
        merchant_id = None
        if below:
            merchant_id = below[1]
            trail.fields["merchant_id"] = _plain(merchant_id, MERCHANT_ID)
            await self._identities.check(request.headers, merchant_id)
        reply = await self._score(body, merchant_id, until, trail)
        trail.metrics["ScoreLatency"] = round((time.perf_counter() - started) * 1000, 3)
        return reply

    async def _score(
        self, body: dict[str, object], merchant_id: str | None, until: float, trail: _Trail
    ) -> Reply:
        transaction = read_transaction(body, merchant_id)
        counting = await self._counters.count(transaction, time.time(), until)
        score = self._scorer.score(
            transaction, counting.tallies, counting.now, degraded=not counting.complete
        )
        trail.metrics = {
            "Scores": 1,
            "Refusals": int(score.decision is Decision.REFUSE),
            "Reviews": int(score.decision is Decision.REVIEW),
            "DegradedScores": int(score.degraded),
        }
        trail.fields |= {
            "merchant_id": transaction.merchant_id,
            "payment_id": transaction.payment_id,
            "card": digest(transaction.token),
            "score": score.score,
            "decision": score.decision,
            "reasons": [reason.code for reason in score.reasons],
            "model_version": score.model_version,
            "degraded": score.degraded,
            "repeated": counting.repeated or None,
        }
        return Reply(200, score.document())


def _refused(problem: Problem, trail: _Trail) -> Reply:
    trail.fields["code"] = problem.code
    kind = "Faults" if problem.status >= 500 else "RejectedRequests"
    trail.metrics[kind] = 1
    return Reply.problem(problem, trail.request_id)


def _request_id(headers: Mapping[str, str]) -> str:
    return _plain(headers.get("x-request-id", ""), _REQUEST_ID) or str(uuid.uuid4())


def _plain(text: str, form: re.Pattern[str]) -> str | None:
    """Give what a client wrote, where it has the expected form and may be logged."""
    return text if form.fullmatch(text) and not holds_card_number(text) else None
