"""The parts of a request that statements look at: ``FieldToMatch`` of AWS WAF's API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from harness.edge.table import CompileError
from harness.edge.waf import transformations
from harness.edge.waf.json_body import JsonBody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from harness.edge.waf.request import Component, InspectedRequest, Values
    from harness.edge.waf.transformations import Transformation

    Pair = tuple[bytes, bytes]

HEADERS_BYTES, HEADERS_COUNT = 8192, 200  # of headers, and again of cookies
_REQUEST_BODY, _REQUEST_HEADERS, _REQUEST_COOKIES = (
    "REQUEST_BODY",
    "REQUEST_HEADERS",
    "REQUEST_COOKIES",
)
_ASIDE = {"MATCH": True, "NO_MATCH": False}


class _Part:
    """A component that a function reads."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[InspectedRequest], Values]) -> None:
        self._read = read

    def read(self, request: InspectedRequest) -> Values:
        return self._read(request)


class _Transformed:
    """A component after a transformation."""

    __slots__ = ("_source", "_transform")

    def __init__(self, source: Component, transform: Transformation) -> None:
        self._source = source
        self._transform = transform

    def read(self, request: InspectedRequest) -> Values:
        values = request.values(self._source)
        if isinstance(values, bool):
            return values
        return tuple(map(self._transform, values))


class Components:
    """All components of one web ACL; equal ones are one, so that a request reads them once.

    Args:
        body_limit: how many bytes of a body AWS WAF inspects.
    """

    def __init__(self, body_limit: int) -> None:
        self.body_limit = body_limit
        self._known: dict[tuple[str, tuple[str, ...]], Component] = {}

    def component(self, field: Mapping[str, Any], steps: Iterable[Mapping[str, Any]]) -> Component:
        """A field after its text transformations.

        Raises:
            CompileError: there is no such field or transformation.
        """
        names = [each["Type"] for each in sorted(steps, key=lambda each: int(each["Priority"]))]
        return self._component(field, tuple(name for name in names if name != "NONE"))

    def _component(self, field: Mapping[str, Any], names: tuple[str, ...]) -> Component:
        key = json.dumps(field, sort_keys=True), names
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (
                self._transformed(field, names) if names else self._part(field)
            )
        return known

    def _transformed(self, field: Mapping[str, Any], names: tuple[str, ...]) -> Component:
        transform = transformations.BY_NAME.get(names[-1])
        if transform is None:
            raise CompileError(f"AWS WAF's text transformation {names[-1]} isn't known.")
        return _Transformed(self._component(field, names[:-1]), transform)

    def _part(self, field: Mapping[str, Any]) -> Component:
        ((name, settings),) = field.items()
        make = _PARTS.get(name)
        if make is None:
            raise CompileError(f"AWS WAF's field to match {name} isn't supported.")
        return make(settings, self.body_limit)


def _fixed(read: Callable[[InspectedRequest], Values]) -> Callable[[Any, int], Component]:
    part = _Part(read)
    return lambda _settings, _limit: part


def _single_header(settings: Mapping[str, Any], _: int) -> Component:
    name = settings["Name"].lower().encode("latin-1")
    return _Part(lambda request: request.header_values(name))


def _single_argument(settings: Mapping[str, Any], _: int) -> Component:
    name = settings["Name"].lower().encode()
    return _Part(
        lambda request: tuple(
            value for key, value in arguments(request.query) if key.lower() == name
        )
    )


def _body(settings: Mapping[str, Any], limit: int) -> Component:
    handling = settings.get("OversizeHandling", "CONTINUE")

    def read(request: InspectedRequest) -> Values:
        body = request.body
        if len(body) <= limit:
            return (body,)
        request.note_oversize(_REQUEST_BODY)
        return _ASIDE[handling] if handling in _ASIDE else (body[:limit],)

    return _Part(read)


def _json_body(settings: Mapping[str, Any], limit: int) -> Component:
    parse = JsonBody(settings)
    whole = _body(settings, limit)

    def read(request: InspectedRequest) -> Values:
        values = whole.read(request)
        return values if isinstance(values, bool) else parse(values[0])

    return _Part(read)


def _pairs(
    settings: Mapping[str, Any], part: str, pairs: Callable[[InspectedRequest], Sequence[Pair]]
) -> Component:
    """Headers or cookies: those that the pattern names, and of them keys, values or both."""
    pattern = settings["MatchPattern"]
    chosen = _chosen(pattern, "Headers" if part == _REQUEST_HEADERS else "Cookies")
    scope, handling = settings["MatchScope"], settings.get("OversizeHandling", "CONTINUE")

    def read(request: InspectedRequest) -> Values:
        found, fits = _inspected(pairs(request))
        if not fits:
            request.note_oversize(part)
            if handling in _ASIDE:
                return _ASIDE[handling]
        values: list[bytes] = []
        for name, value in found:
            if chosen(name):
                if scope != "VALUE":
                    values.append(name)
                if scope != "KEY":
                    values.append(value)
        return tuple(values)

    return _Part(read)


def _chosen(pattern: Mapping[str, Any], kind: str) -> Callable[[bytes], bool]:
    if "All" in pattern:
        return lambda _: True
    excluded = f"Excluded{kind}" in pattern
    names = pattern[f"Excluded{kind}" if excluded else f"Included{kind}"]
    known = frozenset(name.lower().encode("latin-1") for name in names)
    return lambda name: (name.lower() in known) != excluded


def _inspected(pairs: Sequence[Pair]) -> tuple[Sequence[Pair], bool]:
    """What AWS WAF gets of headers or cookies, and whether that is all of them."""
    left = HEADERS_BYTES
    for number, (name, value) in enumerate(pairs):
        left -= len(name) + len(value)
        if left < 0 or number == HEADERS_COUNT:
            return pairs[:number], False
    return pairs, True


def _header_order(settings: Mapping[str, Any], _: int) -> Component:
    handling = settings.get("OversizeHandling", "CONTINUE")

    def read(request: InspectedRequest) -> Values:
        found, fits = _inspected(request.headers)
        if not fits:
            request.note_oversize(_REQUEST_HEADERS)
            if handling in _ASIDE:
                return _ASIDE[handling]
        return (b":".join(name for name, _ in found),)

    return _Part(read)


def _never_there(settings: Mapping[str, Any], _: int) -> Component:
    """What a request to the edge doesn't have: TLS fingerprints, and fragments, as on AWS."""
    answer = _ASIDE[settings.get("FallbackBehavior", "NO_MATCH")]
    return _Part(lambda _: answer)


def arguments(query: bytes) -> list[Pair]:
    """Names and values of a query string, decoded."""
    pairs = []
    for each in query.split(b"&") if query else ():
        name, _, value = each.partition(b"=")
        pairs.append((_decoded(name), _decoded(value)))
    return pairs


def cookies(request: InspectedRequest) -> list[Pair]:
    """Names and values of the cookies."""
    pairs = []
    for header in request.header_values(b"cookie"):
        for each in header.split(b";"):
            name, _, value = each.strip().partition(b"=")
            pairs.append((name, value))
    return pairs


def _decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


_PARTS: Mapping[str, Callable[[Any, int], Component]] = {
    "AllQueryArguments": _fixed(
        lambda request: tuple(part for pair in arguments(request.query) for part in pair)
    ),
    "Body": _body,
    "Cookies": lambda settings, _: _pairs(settings, _REQUEST_COOKIES, cookies),
    "HeaderOrder": _header_order,
    "Headers": lambda settings, _: _pairs(
        settings, _REQUEST_HEADERS, lambda request: request.headers
    ),
    "JA3Fingerprint": _never_there,
    "JA4Fingerprint": _never_there,
    "JsonBody": _json_body,
    "Method": _fixed(lambda request: (request.method.encode("latin-1"),)),
    "QueryString": _fixed(lambda request: (request.query,)),
    "SingleHeader": _single_header,
    "SingleQueryArgument": _single_argument,
    "UriFragment": _never_there,
    "UriPath": _fixed(lambda request: (request.path,)),
}
