"""Reads an SQS queue for one function: takes batches, deletes what was taken care of.

What isn't deleted becomes visible again after the queue's visibility timeout, and the queue's own
redrive policy moves what came too often. Source: "Using Lambda with Amazon SQS".
"""

from __future__ import annotations

import asyncio
import base64
import time
from typing import TYPE_CHECKING, Any

import orjson

from harness.runtime.events.source import Source, failure_text, reported_failures

if TYPE_CHECKING:
    from harness.runtime.events.mappings import EventSourceMapping
    from harness.runtime.events.source import Call, Invoke

_MOST_AT_ONCE = 5  # batches under way; Lambda begins with as many pollers
_MOST_RECEIVED = 10  # messages in one call
_IDLE = 1.0  # seconds between looks, since visibility timeouts end unannounced
_WATCHED = 0.1  # the same while somebody waits for the queue to be empty


class QueueReader(Source):
    """One reader of one queue.

    Args:
        client: of SQS.
        region: that records name.
    """

    def __init__(
        self, mapping: EventSourceMapping, invoke: Invoke, call: Call, *, client: Any, region: str
    ) -> None:
        self._client = client
        self._region = region
        self._url = ""
        self._fifo = mapping.source_arn.endswith(".fifo")
        most = 1 if self._fifo else min(mapping.most_at_once or _MOST_AT_ONCE, _MOST_AT_ONCE)
        self._places = asyncio.Semaphore(most)
        self._under_way: set[asyncio.Task[None]] = set()
        self._hidden = 0
        self._trouble = ""
        super().__init__(mapping, invoke, call)

    def describe(self) -> str:
        """What is pending."""
        why = f", after {self._trouble}" if self._trouble else ""
        return (
            f"{len(self._under_way)} batches of {self.mapping.source_arn} under way, "
            f"{self._hidden} messages hidden until they come again{why}"
        )

    async def close(self) -> None:
        """Stop reading."""
        await super().close()
        for batch in self._under_way:
            batch.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _read(self) -> None:
        if not self._url:
            name = self.mapping.source_arn.rpartition(":")[2]
            self._url = (await self._call(self._client.get_queue_url, QueueName=name))["QueueUrl"]
        while True:
            asked = self._asked
            self._woken.clear()
            async with self._places:
                messages = await self._receive()
            if messages:
                await self._places.acquire()
                batch = asyncio.create_task(self._deliver(messages))
                self._under_way.add(batch)
                batch.add_done_callback(self._batch_done)
            elif self.waited_for and not await self._anything_left():
                self._nothing_left(asked)
            else:
                await self._wait(_WATCHED if self.waited_for else _IDLE)

    def _batch_done(self, batch: asyncio.Task[None]) -> None:
        self._under_way.discard(batch)
        self._places.release()
        self._woken.set()
        if not batch.cancelled() and (error := batch.exception()):
            self._complain(f"a batch of {self.mapping.source_arn} was left: {error}")

    async def _receive(self) -> list[dict[str, Any]]:
        mapping = self.mapping
        until = time.monotonic() + mapping.window
        batch: list[dict[str, Any]] = []
        while len(batch) < mapping.batch_size:
            answer = await self._call(
                self._client.receive_message,
                QueueUrl=self._url,
                MaxNumberOfMessages=min(mapping.batch_size - len(batch), _MOST_RECEIVED),
                WaitTimeSeconds=0,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            found = answer.get("Messages") or []
            batch += found
            if not found and (not batch or time.monotonic() >= until or self.waited_for):
                break
            if not found:
                await self._wait(min(_WATCHED, until - time.monotonic()))
                self._woken.clear()
        return batch

    async def _anything_left(self) -> bool:
        if self._under_way:
            return True
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        answer = await self._call(
            self._client.get_queue_attributes, QueueUrl=self._url, AttributeNames=names
        )
        self._hidden = sum(int(answer["Attributes"].get(name, 0)) for name in names)
        return self._hidden > 0

    async def _deliver(self, messages: list[dict[str, Any]]) -> None:
        records = {message["MessageId"]: self._event_record(message) for message in messages}
        wanted = {key: each for key, each in records.items() if self.mapping.wants(_seen(each))}
        done = set(records) - set(wanted)  # Lambda deletes what its filter leaves out
        if wanted:
            done |= await self._taken(wanted)
        handles = [
            {"Id": str(number), "ReceiptHandle": records[key]["receiptHandle"]}
            for number, key in enumerate(sorted(done))
        ]
        for first in range(0, len(handles), _MOST_RECEIVED):
            await self._call(
                self._client.delete_message_batch,
                QueueUrl=self._url,
                Entries=handles[first : first + _MOST_RECEIVED],
            )

    async def _taken(self, records: dict[str, dict[str, Any]]) -> set[str]:
        """The ids of the messages that the function took."""
        outcome = await self._invoke(list(records.values()))
        if outcome is None or outcome.error:
            self._trouble = failure_text(outcome)
            return set()
        if not self.mapping.reports_failures:
            return set(records)
        failures = reported_failures(outcome.payload)
        if failures is None or not failures <= set(records):
            self._trouble = "a batch response that names other messages"
            return set()
        self._trouble = failure_text(outcome) if failures else ""
        return set(records) - failures

    def _event_record(self, message: dict[str, Any]) -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes") or {},
            "messageAttributes": {
                name: _attribute(value)
                for name, value in (message.get("MessageAttributes") or {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.mapping.source_arn,
            "awsRegion": self._region,
        }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return attribute


def _seen(record: dict[str, Any]) -> dict[str, Any]:
    """The record as filters see it: a JSON body with its members."""
    try:
        return {**record, "body": orjson.loads(record["body"])}
    except orjson.JSONDecodeError:
        return record
