"""Compiles rate-based statements: what they count, by which key, and when they match."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.edge.table import CompileError
from harness.edge.waf.addresses import ForwardedAddresses
from harness.edge.waf.statements import compile_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from harness.edge.waf.request import InspectedRequest
    from harness.edge.waf.statements import Matcher, Place

    Key = Callable[[InspectedRequest], Hashable | None]
    """What a request is counted under; None when it lacks that, and isn't counted."""

WINDOW_SECONDS = 300  # unless the rule says otherwise
_CUSTOM_LOGGED = {
    "ForwardedIP": "FORWARDED_IP",
    "HTTPMethod": "HTTP_METHOD",
    "LabelNamespace": "LABEL_NAMESPACE",
    "QueryArgument": "QUERY_ARGUMENT",
    "QueryString": "QUERY_STRING",
    "UriPath": "URI_PATH",
}
_LOGGED = {"IP": "IP", "FORWARDED_IP": "FORWARDED_IP", "CONSTANT": "CONSTANT"}


def compile_rate(settings: Mapping[str, Any], place: Place) -> Matcher:
    """Make a function that counts a request and says whether that is one too many.

    Raises:
        CompileError: it aggregates by something that isn't supported.
    """
    limit = int(settings["Limit"])
    seconds = int(settings.get("EvaluationWindowSec") or WINDOW_SECONDS)
    kind = settings.get("AggregateKeyType", "IP")
    scope_down = settings.get("ScopeDownStatement")
    counts = compile_statement(scope_down, place) if scope_down else None
    key = _aggregate(kind, settings, place)
    window = place.surroundings.rates.window(
        (*place.context, place.rule),
        seconds,
        json.dumps([kind, settings.get("CustomKeys"), scope_down], sort_keys=True, default=str),
    )
    logged = {
        "rateBasedRuleName": place.rule,
        "limitKey": _LOGGED.get(kind, "CUSTOMKEYS"),
        "maxRateAllowed": limit,
        "evaluationWindowSec": str(seconds),
    }
    fallback = _fallback(kind, settings)
    custom = [_named(each) for each in settings.get("CustomKeys") or ()]

    def matches(request: InspectedRequest) -> bool:
        if counts is not None and not counts(request):
            return False
        found = key(request)
        if found is None:
            return fallback is not None and fallback(request)
        if window.count(found) <= limit:
            return False
        request.rates.append({**logged, **_counted(kind, custom, found)})
        return True

    return matches


def _named(custom: Mapping[str, Any]) -> dict[str, str]:
    """A custom key as the log has it: ``{"key": "HEADER", "name": "x-api-key"}``."""
    ((kind, options),) = ((key, value) for key, value in custom.items() if value is not None)
    key = {"key": _CUSTOM_LOGGED.get(kind, kind.upper())}
    return {**key, "name": options["Name"]} if "Name" in options else key


def _counted(kind: str, custom: list[dict[str, str]], found: Hashable) -> dict[str, Any]:
    """The key that a request was counted by."""
    if not custom or not isinstance(found, tuple):
        value = {} if kind == "CONSTANT" else {"limitValue": str(found)}
        return {**value, "customValues": []}
    values = zip(custom, found, strict=True)
    return {"customValues": [{**key, "value": _text(value)} for key, value in values]}


def _text(value: Hashable) -> str:
    parts = value if isinstance(value, tuple) else (value,)
    return ",".join(
        part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in parts
    )


def _fallback(kind: str, settings: Mapping[str, Any]) -> Matcher | None:
    """Without a valid forwarded address the rule's action applies at once, where it says so."""
    if kind != "FORWARDED_IP":
        return None
    find = ForwardedAddresses(settings["ForwardedIPConfig"])
    return lambda request: find.fallback and find(request) == []


def _aggregate(kind: str, settings: Mapping[str, Any], place: Place) -> Key:
    if kind == "IP":
        return _source
    if kind == "CONSTANT":
        return lambda _: True
    if kind == "FORWARDED_IP":
        return _forwarded(settings["ForwardedIPConfig"])
    if kind != "CUSTOM_KEYS":
        raise CompileError(f"The aggregate key type {kind} isn't known.")
    keys = [_custom(each, settings, place) for each in settings["CustomKeys"]]

    def combined(request: InspectedRequest) -> Hashable | None:
        values = tuple([key(request) for key in keys])
        return None if None in values else values

    return combined


def _custom(custom: Mapping[str, Any], settings: Mapping[str, Any], place: Place) -> Key:
    ((name, options),) = ((key, value) for key, value in custom.items() if value is not None)
    if name == "IP":
        return _source
    if name == "ForwardedIP":
        return _forwarded(settings["ForwardedIPConfig"])
    if name == "HTTPMethod":
        return lambda request: request.method
    if name == "LabelNamespace":
        return _labels(options["Namespace"])
    field = _FIELDS.get(name)
    if field is None:
        raise CompileError(f"The aggregate key {name} isn't supported.")
    steps = options["TextTransformations"]
    component = place.surroundings.components.component(field(options), steps)

    def values(request: InspectedRequest) -> Hashable | None:
        found = request.values(component)
        return (found or None) if isinstance(found, tuple) else None

    return values


def _source(request: InspectedRequest) -> str:
    return request.source_ip


def _forwarded(config: Mapping[str, Any]) -> Key:
    find = ForwardedAddresses({**config, "Position": "FIRST"})

    def first(request: InspectedRequest) -> str | None:
        addresses = find(request)
        return str(addresses[0]) if addresses else None

    return first


def _labels(namespace: str) -> Key:
    def those(request: InspectedRequest) -> Hashable | None:
        return tuple(label for label in request.labels if namespace in label) or None

    return those


def _cookie(options: Mapping[str, Any]) -> dict[str, Any]:
    pattern = {"IncludedCookies": [options["Name"]]}
    return {"Cookies": {"MatchPattern": pattern, "MatchScope": "VALUE"}}


_FIELDS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "Cookie": _cookie,
    "Header": lambda options: {"SingleHeader": {"Name": options["Name"]}},
    "QueryArgument": lambda options: {"SingleQueryArgument": {"Name": options["Name"]}},
    "QueryString": lambda _: {"QueryString": {}},
    "UriPath": lambda _: {"UriPath": {}},
}
