"""Rate-based rules at their boundary, on a virtual clock."""

from __future__ import annotations

from typing import Any

import pytest

from harness.edge.table import CompileError
from harness.edge.waf.addresses import Countries
from harness.edge.waf.compiler import Sets, compile_web_acl
from harness.edge.waf.rates import MOST_KEYS, Rates, RateWindow
from harness.edge.waf.request import InspectedRequest
from harness.testing.web_acls import contains, rate, read_back, rule, steps, web_acl

LIMIT = 10


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Sender:
    """Sends requests through a web ACL with rate rules."""

    def __init__(self, *rules: dict[str, Any]) -> None:
        self.clock = Clock()
        self.rates = Rates(self.clock)
        self.rules = rules
        self.reload()

    def reload(self, *rules: dict[str, Any]) -> None:
        """Compile again, as after a change of what is deployed."""
        self.acl = compile_web_acl(
            read_back(web_acl(rules or self.rules)),
            Sets(ip_set=lambda _: (), patterns=lambda _: (), rule_group=lambda _: {}),
            country=Countries({}),
            rates=self.rates,
        )

    def passed(self, times: int, **sent: Any) -> int:
        """How many of so many requests pass."""
        return sum(self.send(**sent)[0] == "ALLOW" for _ in range(times))

    def send(
        self, source: str = "192.0.2.1", query: str = "", method: str = "GET", **headers: str
    ) -> tuple[str, list[dict[str, Any]]]:
        """Send one; its action, and what the log says of rates."""
        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        request = InspectedRequest(
            method=method,
            path=b"/live/pay",
            query=query.encode(),
            headers=named,
            body=b"",
            source_ip=source,
        )
        return self.acl.evaluate(request).action, request.rates


def custom(*keys: dict[str, Any], **more: Any) -> dict[str, Any]:
    return rate(LIMIT, kind="CUSTOM_KEYS", CustomKeys=list(keys), **more)


def header(name: str) -> dict[str, Any]:
    return {"Header": {"Name": name, "TextTransformations": steps("LOWERCASE")}}


@pytest.mark.parametrize("seconds", [60, 120, 300, 600])
def test_exactly_the_limit_passes_and_after_the_window_again(seconds: int) -> None:
    sender = Sender(rule("rate-by-address", rate(LIMIT, seconds)))
    assert sender.passed(LIMIT) == LIMIT
    assert sender.passed(1) == 0
    assert sender.passed(1, source="192.0.2.2") == 1  # nobody else is held up
    sender.clock.now += seconds - 1
    assert sender.passed(1) == 0
    sender.clock.now += seconds  # what was blocked counted too, a second before the window
    assert sender.passed(LIMIT + 1) == LIMIT


def test_the_window_moves() -> None:
    sender = Sender(rule("rate-by-address", rate(LIMIT)))
    assert sender.passed(LIMIT // 2) == LIMIT // 2
    sender.clock.now += 40
    assert sender.passed(LIMIT // 2) == LIMIT // 2
    sender.clock.now += 20  # the first half has left the window, the second hasn't
    assert sender.passed(LIMIT) == LIMIT // 2


def test_who_goes_on_stays_blocked() -> None:
    sender = Sender(rule("rate-by-address", rate(LIMIT)))
    sender.passed(LIMIT + 1)
    for _ in range(12):
        sender.clock.now += 10
        assert sender.passed(LIMIT) == 0
    sender.clock.now += 60
    assert sender.passed(1) == 1


def test_the_log_says_which_rate() -> None:
    sender = Sender(rule("rate-by-address", rate(LIMIT)))
    sender.passed(LIMIT)
    assert sender.send() == (
        "BLOCK",
        [
            {
                "rateBasedRuleName": "rate-by-address",
                "limitKey": "IP",
                "maxRateAllowed": LIMIT,
                "evaluationWindowSec": "60",
                "limitValue": "192.0.2.1",
                "customValues": [],
            }
        ],
    )


def test_forwarded_addresses_are_counted_one_by_one() -> None:
    config = {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"}
    sender = Sender(rule("rate", rate(LIMIT, kind="FORWARDED_IP", ForwardedIPConfig=config)))
    assert sender.passed(LIMIT + 1, x_forwarded_for="203.0.113.1, 192.0.2.9") == LIMIT
    assert sender.passed(1, x_forwarded_for="203.0.113.2") == 1
    assert sender.passed(1, x_forwarded_for="not an address") == 0
    assert sender.passed(LIMIT + 1) == LIMIT + 1  # without the header it doesn't apply


def test_keys_of_our_own_are_counted_together() -> None:
    sender = Sender(rule("rate-by-api-key", custom(header("X-API-Key"))))
    assert sender.passed(LIMIT + 1, x_api_key="one") == LIMIT
    assert sender.passed(1, x_api_key="ONE") == 0  # transformed first
    assert sender.passed(1, x_api_key="two") == 1
    assert sender.passed(LIMIT + 1) == LIMIT + 1
    (logged,) = sender.send(x_api_key="one")[1]
    assert logged["limitKey"] == "CUSTOMKEYS"
    assert logged["customValues"] == [{"key": "HEADER", "name": "X-API-Key", "value": "one"}]


@pytest.mark.parametrize(
    ("keys", "same", "other"),
    [
        (({"IP": {}}, {"HTTPMethod": {}}), {"query": "x"}, {"method": "PUT"}),
        (
            ({"QueryArgument": {"Name": "a", "TextTransformations": steps()}},),
            {"query": "a=1&b=2"},
            {"query": "a=2"},
        ),
        (
            ({"QueryString": {"TextTransformations": steps("LOWERCASE")}},),
            {"query": "A=1"},
            {"query": "a=2"},
        ),
        (({"Cookie": {"Name": "s", "TextTransformations": steps()}},), {}, {"cookie": "s=2"}),
        (({"UriPath": {"TextTransformations": steps()}}, {"IP": {}}), {}, {"source": "192.0.2.2"}),
    ],
)
def test_every_kind_of_key(
    keys: tuple[dict[str, Any], ...], same: dict[str, Any], other: dict[str, Any]
) -> None:
    sender = Sender(rule("rate", custom(*keys)))
    sent = {"query": "a=1", "cookie": "s=1"}
    assert sender.passed(LIMIT, **sent) == LIMIT
    assert sender.passed(1, **{**sent, **same}) == 0
    assert sender.passed(1, **{**sent, **other}) == 1


def test_labels_are_keys_too() -> None:
    namespace = "awswaf:444444444444:webacl:payments:tenant:"
    sender = Sender(
        rule("one", contains("one"), "Count", labels=["tenant:one"]),
        rule("two", contains("two"), "Count", labels=["tenant:two"]),
        rule("rate", custom({"LabelNamespace": {"Namespace": namespace}})),
    )
    assert sender.passed(LIMIT + 1, query="one") == LIMIT
    assert sender.passed(1, query="two") == 1
    assert sender.passed(LIMIT + 1) == LIMIT + 1


def test_one_count_for_all_of_what_is_in_scope() -> None:
    sender = Sender(rule("rate", rate(LIMIT, kind="CONSTANT", ScopeDownStatement=contains("pay"))))
    assert sender.passed(LIMIT, query="pay") == LIMIT
    assert sender.passed(1, query="pay", source="192.0.2.2") == 0
    assert sender.passed(LIMIT + 1, query="look") == LIMIT + 1


def test_counts_outlive_a_reload_unless_what_is_counted_changes() -> None:
    sender = Sender(rule("rate", rate(LIMIT)))
    sender.passed(LIMIT)
    sender.reload(rule("rate", rate(LIMIT + 5)))
    assert sender.passed(10) == 5
    sender.reload(rule("rate", rate(LIMIT, 120)))
    assert sender.passed(1) == 1


def test_no_more_keys_are_remembered_than_aws_tracks() -> None:
    clock = Clock()
    window = RateWindow(60, clock)
    for number in range(3 * MOST_KEYS):
        clock.now += 0.001
        window.count(number)
    assert len(window) <= MOST_KEYS + 1
    assert window.count(3 * MOST_KEYS - 1) == 2  # the latest are still known


def test_a_key_that_is_not_supported_is_refused() -> None:
    with pytest.raises(CompileError, match="rule rate: The aggregate key ASN isn't supported"):
        Sender(rule("rate", custom({"ASN": {}})))
