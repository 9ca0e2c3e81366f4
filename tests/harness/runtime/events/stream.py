"""Reads a DynamoDB stream for one function, in order, as Lambda's pollers do.

Each mapping has a position of its own, so readers of one stream don't see each other. Source:
"Process DynamoDB records with Lambda", its pages on retries and on partial batch responses.
"""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from harness.runtime.events.destinations import timestamp
from harness.runtime.events.source import Source, failure_text, reported_failures
from harness.runtime.metrics import function_source

if TYPE_CHECKING:
    from harness.runtime.events.destinations import Destinations
    from harness.runtime.events.mappings import EventSourceMapping
    from harness.runtime.events.source import Call, Invoke
    from harness.runtime.invocation import Outcome
    from harness.runtime.metrics import Metrics

_IDLE = 5.0  # seconds between looks when nothing tells of a change
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0  # seconds before another attempt, doubling
_EVENT_VERSION = "1.1"


@dataclass(slots=True)
class _Batch:
    records: list[dict[str, Any]]
    attempts: int = 0


class StreamReader(Source):
    """One reader of one stream.

    Args:
        client: of DynamoDB Streams.
        region: that records name.
    """

    def __init__(
        self,
        mapping: EventSourceMapping,
        invoke: Invoke,
        call: Call,
        *,
        client: Any,
        destinations: Destinations,
        metrics: Metrics,
        region: str,
    ) -> None:
        self._client = client
        self._destinations = destinations
        self._metrics = metrics
        self._region = region
        self._iterator: str | None = None
        self._shard = ""
        self._pending: list[_Batch] = []  # the first in order stands last
        self._trouble = ""
        super().__init__(mapping, invoke, call)

    def describe(self) -> str:
        """What is pending."""
        count = sum(len(batch.records) for batch in self._pending)
        why = f", after {self._trouble}" if self._trouble else ""
        return f"{count} records of {self.mapping.source_arn} for {self.mapping.function_arn}{why}"

    async def _read(self) -> None:
        await self._deliver()  # what an error of an earlier look left
        if self._iterator is None:
            self._iterator = await self._start()
        while True:
            asked = self._asked
            self._woken.clear()
            records, seen = await self._collect()
            if records:
                self._pending = [_Batch(records)]
                await self._deliver()
            elif not seen:
                self._nothing_left(asked)
                await self._wait(_IDLE)

    async def _start(self) -> str:
        arn = self.mapping.source_arn
        described = await self._call(self._client.describe_stream, StreamArn=arn)
        # moto's streams have one shard each.
        self._shard = described["StreamDescription"]["Shards"][0]["ShardId"]
        found = await self._call(
            self._client.get_shard_iterator,
            StreamArn=arn,
            ShardId=self._shard,
            ShardIteratorType=self.mapping.starting_position,
        )
        return str(found["ShardIterator"])

    async def _collect(self) -> tuple[list[dict[str, Any]], bool]:
        """Read a batch that passes the filters, and whether there was anything at all."""
        mapping = self.mapping
        until = time.monotonic() + mapping.window
        batch: list[dict[str, Any]] = []
        seen = False
        while True:
            answer = await self._call(
                self._client.get_records,
                ShardIterator=self._iterator,
                Limit=mapping.batch_size - len(batch),
            )
            self._iterator = answer["NextShardIterator"]
            found = [self._event_record(record) for record in answer["Records"]]
            seen = seen or bool(found)
            batch += [record for record in found if mapping.wants(record)]
            waited = time.monotonic() >= until or self.waited_for
            if len(batch) >= mapping.batch_size or (not found and (waited or not batch)):
                return batch, seen
            if not found:
                await self._wait(until - time.monotonic())
                self._woken.clear()
            elif mapping.window == 0 and batch:
                return batch, seen

    def _event_record(self, record: dict[str, Any]) -> dict[str, Any]:
        change = record["dynamodb"]
        return {
            "eventID": record["eventID"],
            "eventName": record["eventName"],
            "eventVersion": _EVENT_VERSION,
            "eventSource": "aws:dynamodb",
            "awsRegion": self._region,
            "dynamodb": {
                **_as_json(change),
                "ApproximateCreationDateTime": int(
                    change["ApproximateCreationDateTime"].timestamp()
                ),
            },
            "eventSourceARN": self.mapping.source_arn,
        }

    async def _deliver(self) -> None:
        while self._pending:
            batch = self._pending[-1]
            if self._too_old(batch):
                await self._give_up(batch, "RecordAgeExceeded", None)
                continue
            self._note_age(batch)
            outcome = await self._invoke(batch.records)
            if outcome is None:
                self._trouble = failure_text(None)
                await asyncio.sleep(_LONGEST_PAUSE / 10)
                continue
            failed_from = self._failed_from(batch, outcome)
            if failed_from is None:
                self._pending.pop()
                self._trouble = ""
            else:
                self._trouble = failure_text(outcome)
                await self._after_failure(batch, failed_from, outcome)

    def _note_age(self, batch: _Batch) -> None:
        """Measure how old the last record of a batch is when the function gets it."""
        arrived = batch.records[-1]["dynamodb"]["ApproximateCreationDateTime"]
        age_ms = max(0.0, time.time() - arrived) * 1000
        self._metrics.note(function_source(*self.mapping.function), {"IteratorAge": age_ms})

    def _failed_from(self, batch: _Batch, outcome: Outcome) -> int | None:
        """The position of the first record that wasn't taken."""
        if outcome.error:
            return 0
        if not self.mapping.reports_failures:
            return None
        failures = reported_failures(outcome.payload)
        if failures == set():
            return None
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch.records]
        if failures is None or not failures <= set(numbers):
            return 0
        return min(numbers.index(number) for number in failures)

    async def _after_failure(self, batch: _Batch, failed_from: int, outcome: Outcome) -> None:
        mapping = self.mapping
        batch.attempts += 1
        if failed_from:
            # What was taken stays taken: the rest is a batch that begins with the failure.
            del batch.records[:failed_from]
            batch.attempts -= 1
        elif mapping.bisect and len(batch.records) > 1:
            middle = len(batch.records) // 2
            halves = batch.records[middle:], batch.records[:middle]
            self._pending[-1:] = [_Batch(half, batch.attempts - 1) for half in halves]
        elif mapping.most_retries is not None and batch.attempts > mapping.most_retries:
            await self._give_up(batch, "RetryAttemptsExhausted", outcome)
        else:
            await asyncio.sleep(min(_FIRST_PAUSE * 2 ** (batch.attempts - 1), _LONGEST_PAUSE))

    def _too_old(self, batch: _Batch) -> bool:
        if self.mapping.most_age is None:
            return False
        arrived = batch.records[0]["dynamodb"]["ApproximateCreationDateTime"]
        return bool(time.time() - arrived > self.mapping.most_age)

    async def _give_up(self, batch: _Batch, condition: str, outcome: Outcome | None) -> None:
        """Go on without the batch; the destination learns where it is, not what it holds."""
        self._pending.pop()
        if self.mapping.failures_to is None:
            return
        content = self._metadata(batch, condition, outcome)
        try:
            await self._call(self._destinations.send, arn=self.mapping.failures_to, content=content)
        except (ClientError, ValueError) as error:
            self._complain(f"{self.mapping.failures_to} doesn't take a failed batch: {error}")

    def _metadata(self, batch: _Batch, condition: str, outcome: Outcome | None) -> dict[str, Any]:
        changes = [record["dynamodb"] for record in batch.records]
        content: dict[str, Any] = {
            "requestContext": {
                "requestId": outcome.request_id if outcome else "",
                "functionArn": self.mapping.function_arn,
                "condition": condition,
                "approximateInvokeCount": batch.attempts,
            },
            "version": "1.0",
            "timestamp": timestamp(),
            "DDBStreamBatchInfo": {
                "shardId": self._shard,
                "startSequenceNumber": changes[0]["SequenceNumber"],
                "endSequenceNumber": changes[-1]["SequenceNumber"],
                "approximateArrivalOfFirstRecord": _moment(changes[0]),
                "approximateArrivalOfLastRecord": _moment(changes[-1]),
                "batchSize": len(changes),
                "streamArn": self.mapping.source_arn,
            },
        }
        if outcome:
            content["responseContext"] = {
                "statusCode": 200,
                "executedVersion": outcome.version,
                "functionError": outcome.error,
            }
        return content


def _moment(change: dict[str, Any]) -> str:
    seconds = change["ApproximateCreationDateTime"]
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _as_json(value: Any) -> Any:
    """Binary values as base64, as events have them."""
    if isinstance(value, dict):
        return {name: _as_json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_json(member) for member in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value
