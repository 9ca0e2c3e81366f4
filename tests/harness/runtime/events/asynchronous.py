"""Asynchronous invocations: tried again after failures, then sent to the deployed destination."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from harness.runtime.events.destinations import timestamp
from harness.runtime.functions import DeploymentError
from harness.runtime.invocation import InvokeRefused, Throttled

if TYPE_CHECKING:
    import boto3

    from harness.runtime.events.destinations import Destinations
    from harness.runtime.events.source import Call, Invoke
    from harness.runtime.invocation import Outcome

_MOST_RETRIES = 2
_PAUSES = (0.2, 0.4)  # seconds; one and two minutes on AWS
_THROTTLED_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class _Settings:
    arn: str
    most_retries: int
    on_success: str | None
    on_failure: str | None


class Asynchronous:
    """Runs functions that nobody waits for."""

    def __init__(
        self, session: boto3.Session, invoke: Invoke, call: Call, destinations: Destinations
    ) -> None:
        self._lambda = session.client("lambda")
        self._invoke = invoke
        self._call = call
        self._destinations = destinations
        self._under_way: dict[asyncio.Task[None], str] = {}

    def submit(self, name: str, qualifier: str | None, payload: bytes) -> None:
        """Run the function soon."""
        task = asyncio.create_task(self._run(name, qualifier, payload))
        self._under_way[task] = name if qualifier is None else f"{name}:{qualifier}"
        task.add_done_callback(self._under_way.pop)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    async def wait(self) -> None:
        """Wait for what is under way now."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def describe(self) -> str:
        """What is pending, for people."""
        return f"asynchronous invocations of {', '.join(sorted(set(self._under_way.values())))}"

    async def close(self) -> None:
        """Give up what is under way."""
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _run(self, name: str, qualifier: str | None, payload: bytes) -> None:
        try:
            settings = await self._call(self._settings, name=name, qualifier=qualifier)
            outcome, attempts = await self._attempt(name, qualifier, payload, settings)
            arn = settings.on_failure if outcome.error else settings.on_success
            if arn:
                condition = "RetriesExhausted" if outcome.error else "Success"
                content = _content(settings.arn, payload, outcome, condition, attempts)
                await self._call(self._destinations.send, arn=arn, content=content)
        except (ClientError, BotoCoreError, InvokeRefused, DeploymentError, ValueError) as error:
            print(f"Asynchronous invocation of {name}: {error}", file=sys.stderr, flush=True)

    async def _attempt(
        self, name: str, qualifier: str | None, payload: bytes, settings: _Settings
    ) -> tuple[Outcome, int]:
        attempts = 0
        while True:
            try:
                outcome = await self._invoke(name, qualifier, payload)
            except Throttled:
                await asyncio.sleep(_THROTTLED_PAUSE)
                continue
            attempts += 1
            if outcome.error is None or attempts > settings.most_retries:
                return outcome, attempts
            await asyncio.sleep(_PAUSES[min(attempts, len(_PAUSES)) - 1])

    def _settings(self, name: str, qualifier: str | None) -> _Settings:
        chosen = {} if qualifier is None else {"Qualifier": qualifier}
        configuration = self._lambda.get_function_configuration(FunctionName=name, **chosen)
        try:
            found: dict[str, Any] = dict(
                self._lambda.get_function_event_invoke_config(FunctionName=name, **chosen)
            )
        except self._lambda.exceptions.ResourceNotFoundException:
            found = {}
        destinations = found.get("DestinationConfig") or {}
        dead_letters = configuration.get("DeadLetterConfig", {}).get("TargetArn")
        arn = ":".join(configuration["FunctionArn"].split(":")[:7])
        return _Settings(
            arn=f"{arn}:{qualifier or '$LATEST'}",
            most_retries=found.get("MaximumRetryAttempts", _MOST_RETRIES),
            on_success=(destinations.get("OnSuccess") or {}).get("Destination"),
            on_failure=(destinations.get("OnFailure") or {}).get("Destination") or dead_letters,
        )


def _content(
    arn: str, payload: bytes, outcome: Outcome, condition: str, attempts: int
) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": timestamp(),
        "requestContext": {
            "requestId": outcome.request_id,
            "functionArn": arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": orjson.loads(payload),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": outcome.version,
            **({"functionError": outcome.error} if outcome.error else {}),
        },
        "responsePayload": orjson.loads(outcome.payload),
    }
