"""Who stops the corpus's attacks on their way through the whole edge, and that payments arrive."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci
from waf.corpus import Attack, Sent, attacks, floods, misses, payments, raw_attacks

if TYPE_CHECKING:
    from waf.conftest import DeployedAcl
    from waf.served import Merchant, Outcome

GROUP = "aws-waf-logs-payments-corpus"


@pytest.fixture(scope="module")
def insider(merchant: Merchant) -> dict[str, Outcome]:
    """Every attack from a merchant's own system, by the attack's name."""
    return {a.name: merchant.send(a.sent) for a in attacks() if a.at_edge}


@pytest.fixture(scope="module")
def outsider(merchant: Merchant) -> dict[str, Outcome]:
    """Every attack from somebody without credentials."""
    return {a.name: merchant.send(a.sent, signed=False) for a in attacks() if a.at_edge}


@pytest.fixture(scope="module")
def rules(
    merchant: Merchant, insider: dict[str, Outcome], deployed_acl: DeployedAcl
) -> dict[str, str]:
    """Which rule ended each attack, by its name, as the deployed log group has it."""
    assert merchant.edge is not None
    merchant.edge.flush_logs()
    logs = deployed_acl.clients.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP)
    records = [json.loads(event["message"]) for page in pages for event in page["events"]]
    by_id = {each["httpRequest"]["requestId"]: each for each in records}
    return {
        name: by_id[outcome.request_id]["terminatingRuleId"]
        for name, outcome in insider.items()
        if outcome.request_id in by_id
    }


def wanted_stage(attack: Attack) -> str:
    by = str(attack.at_edge)
    return by if by.startswith("<") else "<waf>"


@pci("6.4.2")
def test_each_attack_is_stopped_where_the_corpus_says(
    insider: dict[str, Outcome], rules: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    tried = [attack for attack in attacks() if attack.at_edge]
    wrong = {
        attack.name: (insider[attack.name].stopped_by, attack.at_edge)
        for attack in tried
        if insider[attack.name].stopped_by != wanted_stage(attack)
    }
    assert not wrong
    for attack in tried:
        if wanted_stage(attack) == "<waf>":
            assert rules[attack.name] == attack.at_edge
            assert insider[attack.name].content_type == "application/problem+json"
    counted = Counter(
        rules[name] if outcome.stopped_by == "<waf>" else outcome.stopped_by
        for name, outcome in insider.items()
    )
    with capsys.disabled():
        print(f"\n{len(tried)} attacks with valid credentials, by who stopped them:")
        for by, number in counted.most_common():
            print(f"  {number:4} {by}")


def test_exactly_the_listed_attacks_reach_a_handler(insider: dict[str, Outcome]) -> None:
    places = {attack.name: (attack.kind, attack.place) for attack in attacks()}
    reached = {places[name] for name, o in insider.items() if o.stopped_by == "<handler>"}
    assert reached == set(misses())


def test_without_credentials_none_does(outsider: dict[str, Outcome]) -> None:
    stages = Counter(outcome.stopped_by for outcome in outsider.values())
    assert set(stages) <= {"<waf>", "<route>", "<transport>"}
    assert stages["<waf>"] > 200


def test_every_payment_arrives(merchant: Merchant) -> None:
    stopped = {
        payment.name: outcome
        for payment in payments()
        if (outcome := merchant.send(payment.sent)).stopped_by != "<handler>"
    }
    assert not stopped


@pytest.mark.parametrize("name", raw_attacks())
def test_no_disguised_request_is_answered_by_a_handler(merchant: Merchant, name: str) -> None:
    received = merchant.send_raw(raw_attacks()[name])
    assert b"the handler" not in received
    assert received.count(b"HTTP/1.1 ") <= 1
    assert not received or b" 400 " in received or b" 403 " in received


def test_guessing_behind_one_proxy_is_stopped_at_the_limit(merchant: Merchant) -> None:
    (flood,) = (each for each in floods() if each["name"] == "one-forwarded-address")
    outcomes = [
        merchant.send(
            Sent(
                headers={
                    "x-forwarded-for": flood["forwarded"],
                    "x-api-key": f"guessed-key-{number:08d}",
                }
            ),
            signed=False,
        ).stopped_by
        for number in range(flood["times"])
    ]
    assert outcomes == ["<route>"] * flood["passed"] + ["<waf>"]


def test_what_was_not_evaluated_is_said(merchant: Merchant, insider: dict[str, Any]) -> None:
    assert merchant.edge is not None
    (report,) = merchant.edge.web_acls()
    assert len(report["stages"]) == 3
    gaps = {gap["rule"]: gap for gap in report["not_evaluated"]}
    assert gaps["managed-common"]["version"].startswith("Version_")
    assert gaps["managed-common"]["requests"] > len(insider) / 4
