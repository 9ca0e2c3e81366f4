"""Metrics that AWS's services send to CloudWatch by themselves, added up and sent in batches.

Whoever serves a request notes what it measured, which costs an append. A thread adds up and sends,
and asks those that watch something, such as tasks, what they see at that moment.
"""

from __future__ import annotations

import functools
import http.client
import json
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Values = Mapping[str, float]
    Dimensions = Mapping[str, str]

INTERVAL = 10.0  # seconds; AWS's services send once a minute
_TIMEOUT = 10.0  # seconds
_UNITS = {
    "CPUUtilization": "Percent",
    "Duration": "Milliseconds",
    "IntegrationLatency": "Milliseconds",
    "IteratorAge": "Milliseconds",
    "Latency": "Milliseconds",
    "MemoryUtilization": "Percent",
}


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """Something that is measured; each value is sent under every one of the dimension sets."""

    namespace: str
    dimensions: tuple[Dimensions, ...]


@dataclass(slots=True)
class _Sum:
    """Values of one metric."""

    count: int
    total: float
    least: float
    most: float

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)


class Metrics:
    """Sends what was noted about once an ``interval`` (seconds) from a thread.

    Args:
        endpoint_url: the embedded AWS, which takes them behind CloudWatch's API, as on AWS.
    """

    def __init__(
        self, endpoint_url: str, account_id: str, region: str, interval: float = INTERVAL
    ) -> None:
        place = urlsplit(endpoint_url)
        self._host, self._port = str(place.hostname), place.port
        self._path = f"/_embedded/metrics/{account_id}/{region}"
        self._interval = interval
        self._noted: deque[tuple[Source, Values]] = deque()
        self._watches: list[Callable[[], Iterable[tuple[Source, Values]]]] = []
        self._closing = threading.Event()
        self._sending = threading.Lock()
        self._reported = False
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def note(self, source: Source, values: Values) -> None:
        """Add measurements, by the metric's name. Never blocks."""
        self._noted.append((source, values))

    def watch(self, look: Callable[[], Iterable[tuple[Source, Values]]]) -> None:
        """Ask for measurements before each sending, from the sending thread."""
        self._watches.append(look)

    def flush(self) -> None:
        """Send what was noted and what is seen now, and wait until it has been."""
        with self._sending:
            for look in self._watches:
                self._noted.extend(look())
            self._send(self._added_up())

    def close(self) -> None:
        """Send the rest and end the thread."""
        self._closing.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closing.wait(self._interval):
            self.flush()

    def _added_up(self) -> list[dict[str, Any]]:
        sums: dict[tuple[Source, str], _Sum] = {}
        while self._noted:
            source, values = self._noted.popleft()
            for name, value in values.items():
                known = sums.get((source, name))
                if known is None:
                    sums[source, name] = _Sum(1, value, value, value)
                else:
                    known.add(value)
        at = time.time()
        return [
            {
                "namespace": source.namespace,
                "name": name,
                "dimensions": dimensions,
                "unit": _UNITS.get(name, "Count"),
                "at": at,
                "count": each.count,
                "total": each.total,
                "least": each.least,
                "most": each.most,
            }
            for (source, name), each in sums.items()
            for dimensions in source.dimensions
        ]

    def _send(self, measurements: list[dict[str, Any]]) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        try:
            connection.request("POST", self._path, json.dumps(measurements))
            connection.getresponse().read()
        except OSError as error:
            if not self._reported:
                self._reported = True
                print(f"Dropping metrics, the embedded AWS takes none: {error}", file=sys.stderr)
        finally:
            connection.close()


@functools.lru_cache(maxsize=256)
def function_source(name: str, qualifier: str | None, executed: str | None = None) -> Source:
    """A Lambda function as a source: by its name, and by what was invoked.

    Of an alias that splits its calls, Lambda also tells them apart by the version that was
    `executed`.
    """
    by_name = {"FunctionName": name}
    by_resource = {**by_name, "Resource": name if qualifier is None else f"{name}:{qualifier}"}
    by_version = ({**by_resource, "ExecutedVersion": executed},) if executed else ()
    return Source("AWS/Lambda", (by_name, by_resource, *by_version))
