"""What a delivery stream holds, and what its processors make of it."""

from __future__ import annotations

import base64
import gzip
import json
import time
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.aws.log_delivery.subscriptions import Subscription

_FASTEST = 1  # hardly larger than what AWS sends, at a fraction of the time


class Record:
    """One record of a stream: what was put there.

    Log events are compressed when somebody looks, since a stream often decompresses them at once.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.arrived_at = time.time()

    @classmethod
    def of_events(
        cls,
        subscription: Subscription,
        group: str,
        stream: str,
        events: Iterable[Mapping[str, Any]],
    ) -> Record:
        """Put events of one log stream together, as CloudWatch Logs sends them."""
        message: dict[str, Any] = {
            "messageType": "DATA_MESSAGE",
            "owner": subscription.sender.account_id,
            "logGroup": group,
            "logStream": stream,
            "subscriptionFilters": [subscription.name],
            "logEvents": list(events),
        }
        if subscription.is_account_policy:
            message["policyLevel"] = "ACCOUNT_LEVEL_POLICY"
        return _Compressed(orjson.dumps(message))

    @property
    def text(self) -> bytes:
        """What is compressed in it.

        Raises:
            ValueError: it isn't gzip.
        """
        try:
            return gzip.decompress(self.raw)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"the record isn't compressed by gzip: {error}") from None

    @property
    def size(self) -> int:
        """How many bytes it counts as."""
        return len(self.raw)


class _Compressed(Record):
    """A record of which the text is known."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self.arrived_at = time.time()

    @cached_property
    def raw(self) -> bytes:  # type: ignore[override]  # made when somebody looks
        return gzip.compress(self._text, _FASTEST)

    @property
    def text(self) -> bytes:
        return self._text

    @property
    def size(self) -> int:
        return len(self._text)


@dataclass(frozen=True)
class Processors:
    """The steps of a stream's ``ProcessingConfiguration``.

    Attributes:
        decompresses: each record is decompressed.
        extracts: of a CloudWatch Logs message only the events' texts stay, one a line.
        delimiter: follows each record.
        partition_keys: paths in a record by the name of a partition key.
    """

    decompresses: bool = False
    extracts: bool = False
    delimiter: bytes = b""
    partition_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, configuration: Mapping[str, Any] | None) -> Processors:
        """Read a configuration.

        Raises:
            ValueError: a processor isn't known here.
        """
        if not configuration or not configuration.get("Enabled"):
            return cls()
        found: dict[str, Any] = {}
        for processor in configuration.get("Processors", []):
            parameters = {
                each["ParameterName"]: each["ParameterValue"]
                for each in processor.get("Parameters") or []
            }
            found.update(_processor(processor["Type"], parameters))
        return cls(**found)

    def text_of(self, record: Record) -> bytes:
        """Process one record.

        Raises:
            ValueError: it isn't what the processors expect.
        """
        text = record.text if self.decompresses else record.raw
        if self.extracts:
            events = json.loads(text)["logEvents"]
            return b"".join(f"{event['message']}\n".encode() for event in events)
        return text + self.delimiter

    def partitions_of(self, record: Record) -> dict[str, str]:
        """Find the values of the partition keys in a record.

        Raises:
            ValueError: the record has no such values.
        """
        if not self.partition_keys:
            return {}
        document = json.loads(record.text if self.decompresses else record.raw)
        try:
            return {name: _follow(document, path) for name, path in self.partition_keys.items()}
        except (KeyError, TypeError) as error:
            raise ValueError(f"the record has no partition key {error}") from None


def describe_failed(record: Record, reason: Exception) -> bytes:
    """Describe a record that couldn't be processed, as Firehose writes it to the error prefix."""
    now = int(time.time() * 1000)
    return orjson.dumps(
        {
            "attemptsMade": 1,
            "arrivalTimestamp": int(record.arrived_at * 1000),
            "errorCode": "DecompressionFailed",
            "errorMessage": str(reason),
            "attemptEndingTimestamp": now,
            "rawData": base64.b64encode(record.raw).decode(),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def _processor(kind: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    match kind:
        case "Decompression":
            return {"decompresses": True}
        case "CloudWatchLogProcessing":
            return {"extracts": parameters.get("DataMessageExtraction", "").lower() == "true"}
        case "AppendDelimiterToRecord":
            delimiter = parameters.get("Delimiter", "\\n")
            return {"delimiter": delimiter.encode().decode("unicode_escape").encode()}
        case "MetadataExtraction":
            return {"partition_keys": _paths(parameters["MetadataExtractionQuery"])}
        case _:
            raise ValueError(f"the embedded AWS has no Firehose processor {kind}")


def _paths(query: str) -> dict[str, tuple[str, ...]]:
    """Read a JQ query of the form ``{name:.path.to.value, ...}``."""
    pairs = (pair.split(":", 1) for pair in query.strip().strip("{}").split(","))
    return {name.strip(): tuple(path.strip().lstrip(".").split(".")) for name, path in pairs}


def _follow(document: Any, path: tuple[str, ...]) -> str:
    for name in path:
        document = document[name]
    return str(document)
