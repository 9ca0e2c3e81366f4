"""What the rules of modules/waf block of the attacks, and that they block no payment."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci
from waf.audit import Audit, audit
from waf.corpus import attacks, misses, payments

if TYPE_CHECKING:
    from collections.abc import Callable

    from waf.conftest import DeployedAcl

    Change = Callable[[dict[str, Any]], None]


def rule_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (rule for rule in document["Rules"] if rule["Name"] == name)
    return dict(found)


def without(name: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["Rules"] = [rule for rule in document["Rules"] if rule["Name"] != name]

    return change


def counting(name: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        rule = rule_of(document, name)
        without(name)(document)
        document["Rules"].append({**rule, "Action": {"Count": {}}})

    return change


def limit_raised(document: dict[str, Any], limit: int = 16384) -> None:
    for rule in document["Rules"]:
        if rule["Name"] == "body-size":
            rule["Statement"]["SizeConstraintStatement"]["Size"] = limit


def more_inspected(document: dict[str, Any]) -> None:
    limit_raised(document, 65536)
    limits = {"API_GATEWAY": {"DefaultSizeInspectionLimit": "KB_64"}}
    document["AssociationConfig"] = {"RequestBody": limits}


def rest_let_in(document: dict[str, Any]) -> None:
    limit_raised(document)
    field = rule_of(document, "body-size")["Statement"]["SizeConstraintStatement"]["FieldToMatch"]
    field["Body"]["OversizeHandling"] = "CONTINUE"


def rates_doubled(document: dict[str, Any]) -> None:
    for rule in document["Rules"]:
        if "RateBasedStatement" in rule["Statement"]:
            rule["Statement"]["RateBasedStatement"]["Limit"] *= 2


def everything_off(document: dict[str, Any]) -> None:
    document["Rules"] = []


def everything_blocked(document: dict[str, Any]) -> None:
    document["DefaultAction"] = {"Block": {}}


def audited(deployed: DeployedAcl, change: Change | None = None) -> Audit:
    document = copy.deepcopy(dict(deployed.document))
    if change:
        change(document)
    return audit(document, deployed.sets)


@pci("6.4.2")
def test_every_attack_meets_its_rule_and_every_payment_passes(
    deployed_acl: DeployedAcl, capsys: pytest.CaptureFixture[str]
) -> None:
    found = audited(deployed_acl)
    with capsys.disabled():
        print("\n" + "\n".join(found.lines()))
    assert not found.wrong
    assert found.false_positives == 0
    assert found.payments == len(payments())


def test_managed_groups_are_counted_and_never_as_blocking(deployed_acl: DeployedAcl) -> None:
    found = audited(deployed_acl)
    groups = {
        rule["Name"]
        for rule in deployed_acl.document["Rules"]
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    assert groups
    assert set(found.not_evaluated) == groups
    assert not groups & set(found.stopped)
    assert all(number == found.payments for number in found.not_evaluated.values())


@pytest.mark.parametrize(
    ("change", "rule", "sentence"),
    [
        (everything_off, "sql-injection", "lets sql-injection/tautology@query pass"),
        (everything_off, "body-size", "lets oversize/a-megabyte pass"),
        (counting("sql-injection"), "sql-injection", "lets sql-injection/union@body pass"),
        (
            counting("cross-site-scripting"),
            "cross-site-scripting",
            "lets cross-site-scripting/svg@path pass",
        ),
        (counting("body-size"), "body-size", "lets oversize/larger-than-the-limit-by-one pass"),
        (counting("rate-by-address"), "rate-by-address", "lets 1001 requests of one-address pass"),
        (limit_raised, "body-size", "lets oversize/larger-than-the-limit-by-one pass"),
        (more_inspected, "body-size", "lets oversize/larger-than-what-is-inspected pass"),
        (
            rest_let_in,
            "body-size",
            "lets oversize/attack-behind-what-is-inspected pass",
        ),
        (without("rate-by-address"), "rate-by-address", "lets 1001 requests"),
        (
            without("rate-by-forwarded-address"),
            "rate-by-forwarded-address",
            "lets 41 requests of one-forwarded-address pass",
        ),
        (without("rate-by-api-key"), "rate-by-api-key", "lets 601 requests"),
        (rates_doubled, "rate-by-api-key", "lets 601 requests of one-key-many-addresses pass"),
        (without("deny-addresses"), "deny-addresses", "lets sender/denied-address pass"),
        (without("countries"), "countries", "lets sender/refused-country pass"),
        (everything_blocked, "Default_Action", "blocks the payment 'authorizePayment'"),
    ],
)
def test_a_weakened_web_acl_is_noticed_by_its_rule(
    deployed_acl: DeployedAcl, change: Change, rule: str, sentence: str
) -> None:
    wrong = audited(deployed_acl, change).wrong
    assert any(each.startswith(f"{rule} {sentence}") for each in wrong), wrong[:20]


def test_what_no_rule_of_ours_stops_is_listed() -> None:
    handled = {
        (attack.kind, attack.place) for attack in attacks() if attack.stopped_by == "<handler>"
    }
    assert handled == set(misses())


def test_every_operation_of_the_contracts_is_among_the_payments() -> None:
    names = {payment.name for payment in payments()}
    assert {"authorizePayment", "refundPayment", "createScore", "exportTransactions"} <= names
    assert len(names) == len(payments())
