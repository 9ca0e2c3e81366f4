"""What streams and queues have in common: when to look, and whether anything is left."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from harness.runtime.functions import DeploymentError
from harness.runtime.invocation import InvokeRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from harness.runtime.events.mappings import EventSourceMapping
    from harness.runtime.invocation import Outcome

    Invoke = Callable[[str, str | None, bytes], Awaitable[Outcome]]

_AFTER_ERROR = 1.0  # seconds
_GATHER = 0.05  # seconds in which changes come together before a look


class Call(Protocol):
    """Runs a blocking call of an AWS client off the event loop."""

    async def __call__(self, function: Callable[..., Any], /, **arguments: Any) -> Any:
        """Return its result."""


class Source(ABC):
    """Reads one mapping's source until closed.

    Args:
        invoke: runs the function.
        call: runs blocking calls.
    """

    def __init__(self, mapping: EventSourceMapping, invoke: Invoke, call: Call) -> None:
        self.mapping = mapping
        self._run_function = invoke
        self._call = call
        self._woken = asyncio.Event()
        self._asked = self._answered = 0
        self._quiet = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Look now: something may have come."""
        self._woken.set()

    async def look(self) -> None:
        """Return once the source was looked at after this call, and nothing was left."""
        self._asked += 1
        wanted = self._asked
        while self._answered < wanted:
            self._quiet.clear()
            self._woken.set()
            await self._quiet.wait()

    async def close(self) -> None:
        """Stop reading; a function that runs goes on, its batch is read again another time."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    @abstractmethod
    def describe(self) -> str:
        """What is pending, for people."""

    @abstractmethod
    async def _read(self) -> None:
        """Read until cancelled."""

    @property
    def waited_for(self) -> bool:
        """Whether somebody waits until nothing is left."""
        return self._answered < self._asked

    def _nothing_left(self, asked: int) -> None:
        """Tell those who asked before the look began."""
        self._answered = max(self._answered, asked)
        self._quiet.set()

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        if not self.waited_for:
            await asyncio.sleep(_GATHER)

    async def _run(self) -> None:
        while True:
            try:
                await self._read()
            except (BotoCoreError, ClientError) as error:
                self._complain(f"{self.mapping.source_arn} can't be read: {error}")
                await asyncio.sleep(_AFTER_ERROR)

    async def _invoke(self, records: list[dict[str, Any]]) -> Outcome | None:
        """Run the function; None when it wasn't run, which counts as no attempt."""
        event = orjson.dumps({"Records": records})
        name, qualifier = self.mapping.function
        try:
            # Shielded, so that closing doesn't leave the worker's place taken for ever.
            return await asyncio.shield(
                asyncio.ensure_future(self._run_function(name, qualifier, event))
            )
        except (InvokeRefused, DeploymentError) as error:
            self._complain(f"{self.mapping.function_arn} isn't run: {error}")
            return None

    def _complain(self, text: str) -> None:
        print(f"Event source: {text}", file=sys.stderr, flush=True)


def reported_failures(payload: bytes) -> set[str] | None:
    """The identifiers in a partial batch response; None when it isn't one, so that all failed."""
    try:
        answer = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if answer is None or answer == {}:
        return set()
    if not isinstance(answer, dict):
        return None
    failures = answer.get("batchItemFailures")
    if failures is None:
        return set()
    try:
        identifiers = {each["itemIdentifier"] for each in failures}
    except (TypeError, KeyError):
        return None
    return identifiers if all(identifiers) else None


def failure_text(outcome: Outcome | None) -> str:
    """Why a batch failed, for people."""
    if outcome is None:
        return "the function wasn't run"
    if outcome.error is None:
        return "the function reported failures"
    text: Mapping[str, Any] = orjson.loads(outcome.payload)
    return f"{text.get('errorType')}: {text.get('errorMessage')}"
