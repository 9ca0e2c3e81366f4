"""One request as AWS WAF inspects it; each component is read and transformed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    Values = tuple[bytes, ...] | bool
    """What there is to look at, or the answer that doesn't depend on it: of a component that is
    too large or can't be parsed, where the statement says so."""


class Component(Protocol):
    """A part of requests, such as one header after some transformations."""

    def read(self, request: InspectedRequest) -> Values:
        """The values of this part."""


class NotKnownError(Exception):
    """A statement can't be decided here; the text says why."""


class InspectedRequest:
    """What statements look at, and what they leave for the log.

    Args:
        path: with the stage, still percent-encoded, as API Gateway hands it to AWS WAF.
        headers: names in lower case.
    """

    __slots__ = (
        "_values",
        "body",
        "details",
        "headers",
        "labels",
        "method",
        "oversize",
        "path",
        "query",
        "rates",
        "source_ip",
    )

    def __init__(
        self,
        *,
        method: str,
        path: bytes,
        query: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        source_ip: str,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.source_ip = source_ip
        self.labels: list[str] = []
        self.details: list[dict[str, Any]] = []
        self.rates: list[dict[str, Any]] = []
        self.oversize: list[str] = []
        self._values: dict[Component, Values] = {}

    def values(self, component: Component) -> Values:
        """Read a component, the first time that it is asked for."""
        values = self._values.get(component)
        if values is None:
            values = self._values[component] = component.read(self)
        return values

    def header_values(self, name: bytes) -> tuple[bytes, ...]:
        """All values of a header; ``name`` in lower case."""
        return tuple([value for key, value in self.headers if key == name])

    def note_oversize(self, part: str) -> None:
        """Remember for the log that a part is larger than what is inspected."""
        if part not in self.oversize:
            self.oversize.append(part)
