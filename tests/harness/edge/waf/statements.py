"""Compiles statements of AWS WAF's API into functions of a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.edge.table import CompileError
from harness.edge.waf import injection
from harness.edge.waf.addresses import ForwardedAddresses, Networks, parsed
from harness.edge.waf.request import NotKnownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.edge.waf.addresses import Address, Country
    from harness.edge.waf.components import Components
    from harness.edge.waf.injection import Detector
    from harness.edge.waf.rates import Rates
    from harness.edge.waf.request import Component, InspectedRequest

    Statement = Mapping[str, Any]
    Matcher = Callable[[InspectedRequest], bool]

_WORD = rb"[A-Za-z0-9_]"
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "EQ": lambda size, than: size == than,
    "NE": lambda size, than: size != than,
    "LE": lambda size, than: size <= than,
    "LT": lambda size, than: size < than,
    "GE": lambda size, than: size >= than,
    "GT": lambda size, than: size > than,
}
_PLACES = {
    "AllQueryArguments": "ALL_QUERY_ARGS",
    "Body": "BODY",
    "Cookies": "COOKIE",
    "Headers": "HEADER",
    "JsonBody": "BODY",
    "Method": "METHOD",
    "QueryString": "QUERY_STRING",
    "SingleHeader": "HEADER",
    "SingleQueryArgument": "SINGLE_QUERY_ARG",
    "UriPath": "URI",
}


@dataclass(frozen=True)
class Surroundings:
    """What statements refer to.

    ``ip_set`` and ``patterns`` look sets up by ARN: addresses and regular expressions.
    """

    components: Components
    ip_set: Callable[[str], Iterable[str]]
    patterns: Callable[[str], Iterable[str]]
    country: Country
    rates: Rates


@dataclass(frozen=True)
class Place:
    """Where a statement stands: web ACL and rule group, the prefix of labels there, the rule."""

    surroundings: Surroundings
    context: tuple[str, str]
    labels: str
    rule: str


def compile_statement(statement: Statement, place: Place) -> Matcher:
    """Make a function that says whether a request matches.

    Raises:
        CompileError: the statement, or something in it, isn't supported.
    """
    ((kind, settings),) = ((key, value) for key, value in statement.items() if value is not None)
    make = _KINDS.get(kind)
    if make is None:
        raise CompileError(f"AWS WAF's {kind} in rule {place.rule} isn't supported.")
    try:
        return make(settings, place)
    except CompileError as error:
        raise CompileError(f"rule {place.rule}: {error}") from error


def component_of(settings: Mapping[str, Any], place: Place) -> Component:
    """What a statement looks at."""
    return place.surroundings.components.component(
        settings["FieldToMatch"], settings["TextTransformations"]
    )


def _any_value(component: Component, test: Callable[[bytes], object]) -> Matcher:
    def matches(request: InspectedRequest) -> bool:
        values = request.values(component)
        if isinstance(values, bool):
            return values
        return any(map(test, values))

    return matches


def _byte_match(settings: Statement, place: Place) -> Matcher:
    text = settings["SearchString"]
    wanted = text.encode() if isinstance(text, str) else bytes(text)
    how = settings["PositionalConstraint"]
    test: Callable[[bytes], object]
    if how == "EXACTLY":
        test = wanted.__eq__
    elif how == "STARTS_WITH":
        test = re.compile(re.escape(wanted)).match
    elif how == "ENDS_WITH":
        test = re.compile(re.escape(wanted) + rb"\Z").search
    elif how == "CONTAINS":
        test = re.compile(re.escape(wanted)).search
    elif how == "CONTAINS_WORD":
        test = re.compile(rb"(?<!%b)%b(?!%b)" % (_WORD, re.escape(wanted), _WORD)).search
    else:
        raise CompileError(f"The positional constraint {how} isn't known.")
    return _any_value(component_of(settings, place), test)


def _regex_match(settings: Statement, place: Place) -> Matcher:
    return _any_value(component_of(settings, place), _regex([settings["RegexString"]]))


def _regex_set(settings: Statement, place: Place) -> Matcher:
    patterns = place.surroundings.patterns(settings["ARN"])
    return _any_value(component_of(settings, place), _regex(patterns))


def _regex(patterns: Iterable[str]) -> Callable[[bytes], object]:
    compiled = []
    for pattern in patterns:
        try:
            compiled.append(re.compile(pattern.encode()).search)
        except re.error as error:
            raise CompileError(f"The regular expression {pattern!r}: {error}.") from error
    if len(compiled) == 1:
        return compiled[0]
    return lambda value: any(search(value) for search in compiled)


def _size(settings: Statement, place: Place) -> Matcher:
    compare, than = _COMPARE[settings["ComparisonOperator"]], int(settings["Size"])
    return _any_value(component_of(settings, place), lambda value: compare(len(value), than))


def _injection(condition: str, detect: Detector) -> Callable[[Statement, Place], Matcher]:
    def compile_it(settings: Statement, place: Place) -> Matcher:
        component = component_of(settings, place)
        (field,) = settings["FieldToMatch"]
        detail = {"conditionType": condition, "location": _PLACES.get(field, field)}
        if condition == "SQL_INJECTION":
            detail["sensitivityLevel"] = settings.get("SensitivityLevel", "LOW")
        if "Name" in (settings["FieldToMatch"][field] or {}):
            detail["matchedFieldName"] = settings["FieldToMatch"][field]["Name"]

        def matches(request: InspectedRequest) -> bool:
            values = request.values(component)
            if isinstance(values, bool):
                return values
            part = detect(values)
            if part is None:
                return False
            words = part.decode("utf-8", "replace").split()
            request.details.append({**detail, "matchedData": words})
            return True

        return matches

    return compile_it


def _ip_set(settings: Statement, place: Place) -> Matcher:
    networks = Networks(place.surroundings.ip_set(settings["ARN"]))
    return _addresses(settings.get("IPSetForwardedIPConfig"), lambda address: address in networks)


def _geo(settings: Statement, place: Place) -> Matcher:
    country, wanted = place.surroundings.country, frozenset(settings["CountryCodes"])

    def is_there(address: Address) -> bool:
        code = country(address)
        if code is None:
            raise NotKnownError(f"nobody can say in which country {address} is")
        return code in wanted

    return _addresses(settings.get("ForwardedIPConfig"), is_there)


def _addresses(forwarded: Mapping[str, Any] | None, test: Callable[[Address], bool]) -> Matcher:
    if not forwarded:

        def matches(request: InspectedRequest) -> bool:
            address = parsed(request.source_ip)
            return address is not None and test(address)

        return matches
    find = ForwardedAddresses(forwarded)

    def forwarded_matches(request: InspectedRequest) -> bool:
        addresses = find(request)
        if addresses is None:
            return False
        return any(map(test, addresses)) if addresses else find.fallback

    return forwarded_matches


def _label(settings: Statement, place: Place) -> Matcher:
    key, own = settings["Key"], place.labels
    full = key if key.startswith("awswaf:") else None
    if settings["Scope"] == "LABEL":
        if full:
            return lambda request: full in request.labels
        return lambda request: any(
            label.startswith(own) and (":" + label[len(own) :]).endswith(":" + key)
            for label in request.labels
        )
    if full:
        return lambda request: any(label.startswith(full) for label in request.labels)
    return lambda request: any(
        label.startswith(own) and (":" + key) in ":" + label[len(own) :] for label in request.labels
    )


def _and(settings: Statement, place: Place) -> Matcher:
    return _all_are(_operands(settings, place), wanted=True)


def _or(settings: Statement, place: Place) -> Matcher:
    none_are = _all_are(_operands(settings, place), wanted=False)
    return lambda request: not none_are(request)


def _operands(settings: Statement, place: Place) -> tuple[Matcher, ...]:
    return tuple(compile_statement(each, place) for each in settings["Statements"])


def _all_are(operands: Iterable[Matcher], *, wanted: bool) -> Matcher:
    """Whether all answer alike; one that can't be known matters when no other one decides."""

    def matches(request: InspectedRequest) -> bool:
        unknown = None
        for operand in operands:
            try:
                if operand(request) is not wanted:
                    return False
            except NotKnownError as error:
                unknown = error
        if unknown is not None:
            raise unknown
        return True

    return matches


def _not(settings: Statement, place: Place) -> Matcher:
    operand = compile_statement(settings["Statement"], place)
    return lambda request: not operand(request)


def _rate(settings: Statement, place: Place) -> Matcher:
    # Imported late: what a rate counts may be any other statement.
    from harness.edge.waf.rate_based import compile_rate

    return compile_rate(settings, place)


_KINDS: Mapping[str, Callable[[Any, Place], Matcher]] = {
    "AndStatement": _and,
    "ByteMatchStatement": _byte_match,
    "GeoMatchStatement": _geo,
    "IPSetReferenceStatement": _ip_set,
    "LabelMatchStatement": _label,
    "NotStatement": _not,
    "OrStatement": _or,
    "RateBasedStatement": _rate,
    "RegexMatchStatement": _regex_match,
    "RegexPatternSetReferenceStatement": _regex_set,
    "SizeConstraintStatement": _size,
    "SqliMatchStatement": _injection("SQL_INJECTION", injection.sql_injection),
    "XssMatchStatement": _injection("XSS", injection.cross_site_scripting),
}
