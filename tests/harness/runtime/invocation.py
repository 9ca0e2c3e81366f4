"""One invocation of a function and what can come of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from harness.runtime.tracing import new_root, segment

if TYPE_CHECKING:
    import asyncio


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an invocation returned.

    ``payload`` is JSON. ``error`` is None, ``Unhandled`` when the code failed (the payload
    then has errorType and errorMessage), as in Lambda's ``X-Amz-Function-Error``. ``log`` is
    the end of what the invocation logged. ``duration_ms`` is of the code alone.
    """

    payload: bytes
    request_id: str
    version: str
    error: str | None = None
    log: str = ""
    duration_ms: float = 0.0


class InvokeRefused(Exception):  # noqa: N818 - Lambda's API refuses, nothing failed
    """The Lambda API doesn't run the function; ``code`` is its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Throttled(InvokeRefused):
    """The function's reserved concurrency is used up."""

    def __init__(self, function_name: str, reserved: int) -> None:
        super().__init__(
            "TooManyRequestsException",
            f"Rate Exceeded: {function_name} has a reserved concurrency of {reserved}.",
        )


@dataclass(slots=True)
class Invocation:
    """A payload waiting for a worker, or running on one."""

    payload: bytes
    invoked_arn: str
    done: asyncio.Future[Outcome]
    trace_root: str | None = None
    request_id: str = field(default_factory=lambda: str(uuid4()))
    started: float = 0.0
    log: str = ""

    @property
    def trace_id(self) -> str:
        """An X-Ray trace header, of the caller's trace or of a new one; nothing is sampled."""
        root = self.trace_root or new_root(time.time(), self.request_id)
        return f"Root={root};Parent={segment(self.request_id)};Sampled=0"

    def begin(self) -> None:
        """Start the clock; from now the function's timeout runs."""
        self.started = time.monotonic()

    @property
    def duration_ms(self) -> float:
        """Milliseconds since a worker took it."""
        return (time.monotonic() - self.started) * 1000

    def finish(self, payload: bytes, version: str, *, error: str | None = None) -> None:
        """Hand the outcome to whoever waits; they may have gone."""
        if not self.done.done():
            took = self.duration_ms if self.started else 0.0
            self.done.set_result(Outcome(payload, self.request_id, version, error, self.log, took))


def error_payload(error_type: str, message: str, **more: Any) -> bytes:
    """The JSON that Lambda returns for a failed invocation."""
    return orjson.dumps({"errorType": error_type, "errorMessage": message, **more})
