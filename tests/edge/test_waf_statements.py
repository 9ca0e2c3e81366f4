"""What statements of a web ACL match, by the documents that AWS WAF's API returns."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.edge.table import CompileError
from harness.edge.waf.addresses import Countries
from harness.edge.waf.compiler import Sets, compile_web_acl
from harness.edge.waf.rates import Rates
from harness.edge.waf.request import InspectedRequest
from harness.testing.web_acls import (
    BODY,
    JSON,
    PATH,
    QUERY,
    contains,
    either,
    larger_than,
    looks_at,
    read_back,
    rule,
    steps,
    web_acl,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESSES = ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"]
PATTERNS = ["^/live/admin", r"(?i)\.env$"]


def blocks(statement: dict[str, Any], limit: str | None = None, **sent: Any) -> bool:
    """Whether a web ACL with this one rule blocks a request."""
    association = {"RequestBody": {"API_GATEWAY": {"DefaultSizeInspectionLimit": limit}}}
    more: dict[str, Any] = {"AssociationConfig": association} if limit else {}
    return bool(
        compile_web_acl(
            read_back(web_acl([rule("it", statement)], **more)),
            Sets(ip_set=lambda _: ADDRESSES, patterns=lambda _: PATTERNS, rule_group=no_group),
            country=Countries({"192.0.2.0/24": "NL", "198.51.100.0/24": "US"}),
            rates=Rates(),
        )
        .evaluate(request(**sent))
        .action
        == "BLOCK"
    )


def no_group(arn: str) -> Mapping[str, Any]:
    raise AssertionError(arn)


def request(**sent: Any) -> InspectedRequest:
    headers = [(k.lower().encode(), v.encode()) for k, v in sent.pop("headers", ())]
    settings: dict[str, Any] = {
        "method": "POST",
        "path": b"/live/pay",
        "query": b"",
        "body": b"",
        "source_ip": "192.0.2.7",
        "headers": headers,
    }
    return InspectedRequest(**{**settings, **sent})


@pytest.mark.parametrize(
    ("how", "matching", "other"),
    [
        ("EXACTLY", b"bad", b"bad1"),
        ("STARTS_WITH", b"bad1", b"1bad"),
        ("ENDS_WITH", b"1bad", b"bad\n"),
        ("CONTAINS", b"1bad1", b"b ad"),
        ("CONTAINS_WORD", b"a-bad&b", b"bad_1"),
    ],
)
def test_bytes_match_where_they_must_stand(how: str, matching: bytes, other: bytes) -> None:
    statement = contains("bad", QUERY, how=how)
    assert blocks(statement, query=matching)
    assert not blocks(statement, query=other)


@pytest.mark.parametrize(
    ("names", "sent", "seen"),
    [
        ("NONE", b"A+b%20", b"A+b%20"),
        ("LOWERCASE", b"UnIoN", b"union"),
        ("URL_DECODE", b"a%27+b", b"a' b"),
        ("URL_DECODE URL_DECODE", b"%2527", b"'"),
        ("URL_DECODE_UNI", b"%uFF1Cs%u003e", b"<s>"),
        ("HTML_ENTITY_DECODE", b"&lt;a&#x3e;&amp;lt;", b"<a>&lt;"),
        ("COMPRESS_WHITE_SPACE", b"a \t\n b", b"a b"),
        ("CMD_LINE", b'C^"at\\,/etc ; (X', b"cat/etc(x"),
        ("REPLACE_COMMENTS", b"un/*x*/ion/*", b"un ion "),
        ("BASE64_DECODE", base64.b64encode(b"<a>"), b"<a>"),
        ("BASE64_DECODE", b"no base64!", b"no base64!"),
        ("BASE64_DECODE_EXT", b"P!GE+?", b"<a>"),
        ("HEX_DECODE", b"3c613e", b"<a>"),
        ("SQL_HEX_DECODE", b"x=0x3c61", b"x=<a"),
        ("ESCAPE_SEQ_DECODE", rb"\x3c\141\n\q", b"<a\nq"),
        ("JS_DECODE", rb"\u003c\x61\'", b"<a'"),
        ("CSS_DECODE", rb"\3c a\61 \z", b"<aaz"),
        ("NORMALIZE_PATH", b"/a/./b/../../c/", b"/c/"),
        ("NORMALIZE_PATH_WIN", b"\\a\\..\\c", b"/c"),
        ("REMOVE_NULLS", b"a\0b", b"ab"),
        ("REPLACE_NULLS", b"a\0b", b"a b"),
        ("UTF8_TO_UNICODE", "é<".encode(), b"%u00e9<"),
        ("MD5", b"a", bytes.fromhex("0cc175b9c0f1b6a831c399e269772661")),
    ],
)
def test_texts_are_transformed_before_they_are_matched(
    names: str, sent: bytes, seen: bytes
) -> None:
    assert blocks(contains(seen, QUERY, *names.split(), how="EXACTLY"), query=sent)


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ({"Method": {}}, {"method": "bad"}),
        (PATH, {"path": b"/live/bad"}),
        (QUERY, {"query": b"x=bad"}),
        ({"AllQueryArguments": {}}, {"query": b"x=1&b%61d=2"}),
        ({"SingleQueryArgument": {"Name": "x"}}, {"query": b"y=1&X=b%61d"}),
        ({"SingleHeader": {"Name": "X-A"}}, {"headers": [("x-a", "1"), ("x-a", "bad")]}),
        (
            {"Headers": {"MatchPattern": {"All": {}}, "MatchScope": "KEY"}},
            {"headers": [("bad", "1")]},
        ),
        (
            {"Headers": {"MatchPattern": {"IncludedHeaders": ["X-A"]}, "MatchScope": "VALUE"}},
            {"headers": [("x-a", "bad")]},
        ),
        (
            {"Headers": {"MatchPattern": {"ExcludedHeaders": ["X-A"]}, "MatchScope": "ALL"}},
            {"headers": [("x-b", "bad")]},
        ),
        (
            {"Cookies": {"MatchPattern": {"IncludedCookies": ["a"]}, "MatchScope": "VALUE"}},
            {"headers": [("cookie", "b=1; a=bad")]},
        ),
        ({"HeaderOrder": {}}, {"headers": [("a", "1"), ("bad", "2")]}),
        (BODY, {"body": b"bad"}),
        (JSON, {"body": b'{"a":[{"b":"bad"}]}'}),
        (JSON, {"body": b'{"bad":1}'}),
        (JSON, {"body": b"bad, and no JSON"}),
    ],
)
def test_every_part_of_a_request_can_be_looked_at(
    field: dict[str, Any], sent: dict[str, Any]
) -> None:
    assert blocks(contains("bad", field), **sent)
    assert not blocks(contains("worse", field), **sent)


@pytest.mark.parametrize(
    ("settings", "body", "blocked"),
    [
        ({"MatchScope": "KEY"}, {"a": "bad"}, False),
        ({"MatchScope": "VALUE"}, {"bad": "a"}, False),
        ({"MatchPattern": {"IncludedPaths": ["/a/1", "/x~1y"]}}, {"a": ["bad", "good"]}, False),
        ({"MatchPattern": {"IncludedPaths": ["/a/1", "/x~1y"]}}, {"a": ["good", "bad"]}, True),
        ({"MatchPattern": {"IncludedPaths": ["/a/1", "/x~1y"]}}, {"x/y": {"z": "bad"}}, True),
        ({"InvalidFallbackBehavior": "MATCH"}, "{", True),
        ({"InvalidFallbackBehavior": "NO_MATCH"}, "{bad", False),
    ],
)
def test_parts_of_json(settings: dict[str, Any], body: Any, blocked: bool) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    field = {"JsonBody": {**JSON["JsonBody"], **settings}}
    assert blocks(contains("bad", field), body=text.encode()) is blocked


@pytest.mark.parametrize(
    ("handling", "limit", "size", "blocked"),
    [
        ("CONTINUE", None, 16384, False),
        ("CONTINUE", None, 20000, False),  # only the first 16 KB are measured
        ("MATCH", None, 16384, False),
        ("MATCH", None, 16385, True),
        ("NO_MATCH", None, 16385, False),
        ("MATCH", "KB_64", 65536, True),
        ("MATCH", "KB_64", 20000, False),
        ("CONTINUE", "KB_32", 20001, True),
        ("NO_MATCH", "KB_32", 32769, False),
    ],
)
def test_large_bodies_are_handled_as_the_rule_says(
    handling: str, limit: str | None, size: int, blocked: bool
) -> None:
    than = 65535 if limit == "KB_64" else 20000
    statement = larger_than(than, {"Body": {"OversizeHandling": handling}})
    assert blocks(statement, limit, body=b"x" * size) is blocked


def test_what_lies_behind_the_limit_is_not_seen() -> None:
    assert not blocks(contains("bad", BODY), body=b"x" * 16384 + b"bad")
    assert blocks(contains("bad", BODY), "KB_32", body=b"x" * 16384 + b"bad")


def test_more_headers_than_are_inspected() -> None:
    many = [(f"x-{number}", "1") for number in range(200)] + [("last", "bad")]
    field = {"MatchPattern": {"All": {}}, "MatchScope": "ALL"}
    seen = {
        handling: blocks(
            contains("bad", {"Headers": {**field, "OversizeHandling": handling}}), headers=many
        )
        for handling in ("CONTINUE", "MATCH", "NO_MATCH")
    }
    assert seen == {"CONTINUE": False, "MATCH": True, "NO_MATCH": False}


@pytest.mark.parametrize("kind", ["JA3Fingerprint", "JA4Fingerprint", "UriFragment"])
def test_what_no_request_here_has_falls_back(kind: str) -> None:
    for behaviour in ("MATCH", "NO_MATCH"):
        statement = contains("a", {kind: {"FallbackBehavior": behaviour}})
        assert blocks(statement) is (behaviour == "MATCH")


def test_regular_expressions_alone_and_in_sets() -> None:
    alone = {"RegexMatchStatement": {"RegexString": "^/live/p", **looks_at(PATH)}}
    of_a_set = {"RegexPatternSetReferenceStatement": {"ARN": "arn:set", **looks_at(PATH)}}
    assert blocks(alone, path=b"/live/pay")
    assert not blocks(alone, path=b"/x/live/pay")
    assert blocks(of_a_set, path=b"/live/admin/1")
    assert blocks(of_a_set, path=b"/live/.ENV")
    assert not blocks(of_a_set, path=b"/live/pay")


@pytest.mark.parametrize(
    ("source", "blocked"),
    [
        ("192.0.2.255", True),
        ("192.0.3.0", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
    ],
)
def test_sets_of_addresses(source: str, blocked: bool) -> None:
    statement = {"IPSetReferenceStatement": {"ARN": "arn:set"}}
    assert blocks(statement, source_ip=source) is blocked


@pytest.mark.parametrize(
    ("position", "fallback", "header", "blocked"),
    [
        ("FIRST", "NO_MATCH", "192.0.2.1, 203.0.113.1", True),
        ("LAST", "NO_MATCH", "192.0.2.1, 203.0.113.1", False),
        ("LAST", "NO_MATCH", "203.0.113.1, 192.0.2.1", True),
        ("ANY", "NO_MATCH", "203.0.113.1, 192.0.2.1, 203.0.113.2", True),
        ("FIRST", "MATCH", "not an address", True),
        ("FIRST", "NO_MATCH", "not an address", False),
        ("FIRST", "MATCH", None, False),  # without the header the rule doesn't apply
    ],
)
def test_forwarded_addresses(
    position: str, fallback: str, header: str | None, blocked: bool
) -> None:
    forwarded = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": fallback}
    statement = {
        "IPSetReferenceStatement": {
            "ARN": "arn:set",
            "IPSetForwardedIPConfig": {**forwarded, "Position": position},
        }
    }
    headers = [("x-forwarded-for", header)] if header else []
    assert blocks(statement, source_ip="203.0.113.9", headers=headers) is blocked


def test_countries_that_are_known() -> None:
    statement = {"GeoMatchStatement": {"CountryCodes": ["NL", "DE"]}}
    assert blocks(statement, source_ip="192.0.2.1")
    assert not blocks(statement, source_ip="198.51.100.1")
    assert not blocks({"NotStatement": {"Statement": statement}}, source_ip="192.0.2.1")
    assert blocks({"NotStatement": {"Statement": statement}}, source_ip="198.51.100.1")


@pytest.mark.parametrize(
    "text",
    [
        "' or '1'='1",
        "1 or 1=1",
        "x'; DROP TABLE payments;--",
        "1 UNION/**/SELECT card,1 FROM t",
        "admin'--",
        "1;SELECT pg_sleep(5)",
    ],
)
def test_sql_injection_is_seen_after_decoding(text: str) -> None:
    statement = {"SqliMatchStatement": {**looks_at(QUERY, "URL_DECODE")}}
    assert blocks(statement, query=text.replace(" ", "+").replace("'", "%27").encode())
    assert not blocks(statement, query=b"reference=O%27Brien+and+sons")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '" onfocus="alert(1)" x="',
        "javascript:alert(1)",
        "<svg/onload=alert(1)>",
    ],
)
def test_cross_site_scripting_is_seen(text: str) -> None:
    statement = {"XssMatchStatement": looks_at(JSON)}
    assert blocks(statement, body=json.dumps({"reference": text}).encode())
    assert not blocks(statement, body=b'{"reference":"a < b, c > d on time (ok)"}')


def test_statements_are_combined() -> None:
    good, bad = contains("good"), contains("bad")
    both = {"AndStatement": {"Statements": [good, bad]}}
    assert [blocks(both, query=query) for query in (b"good", b"bad", b"good,bad")] == [
        False,
        False,
        True,
    ]
    assert [blocks(either(good, bad), query=query) for query in (b"good", b"", b"bad")] == [
        True,
        False,
        True,
    ]


def test_what_can_not_be_known_decides_nothing_by_itself() -> None:
    there = {"GeoMatchStatement": {"CountryCodes": ["NL"]}}
    sent: dict[str, Any] = {"source_ip": "203.0.113.1", "query": b"bad"}
    assert blocks(either(there, contains("bad")), **sent)
    for statement in (
        there,
        {"NotStatement": {"Statement": there}},
        either(there, contains("worse")),
        {"AndStatement": {"Statements": [there, contains("bad")]}},
    ):
        compiled = compile_web_acl(
            read_back(web_acl([rule("countries", statement)])),
            Sets(ip_set=lambda _: (), patterns=lambda _: (), rule_group=no_group),
            country=Countries({}),
            rates=Rates(),
        )
        verdict = compiled.evaluate(request(**sent))
        assert verdict.action == "ALLOW"
        (gap,) = compiled.not_evaluated()
        assert verdict.not_evaluated == [gap]
        assert (gap.rule, gap.requests) == ("countries", 1)
        assert "203.0.113.1" in gap.reason


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({"AsnMatchStatement": {"AsnList": [1]}}, "AsnMatchStatement in rule it isn't supported"),
        (contains("a", {"NewField": {}}), "rule it: AWS WAF's field to match NewField"),
        (contains("a", QUERY, "ROT13"), "text transformation ROT13"),
        ({"RegexMatchStatement": {"RegexString": "(", **looks_at(PATH)}}, r"expression '\('"),
    ],
)
def test_what_is_not_supported_is_refused(statement: dict[str, Any], message: str) -> None:
    with pytest.raises(CompileError, match=f"web ACL payments: .*{message}"):
        blocks(statement)


def test_transformations_go_by_priority() -> None:
    backwards = steps("HEX_DECODE", "LOWERCASE")[::-1]
    statement = contains("a", QUERY)
    statement["ByteMatchStatement"]["TextTransformations"] = backwards
    assert blocks(statement, query=b"41")
