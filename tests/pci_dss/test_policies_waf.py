"""What web ACLs stop, and what their logs leave out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.testing import pci

from .judging import reasons, undecided

ACL = "aws_wafv2_web_acl.apis"
GROUP = "aws_wafv2_rule_group.floods"
ATTACHED = "aws_wafv2_web_acl_rule_group_association.bots"
ALLOWED: Mapping[str, Any] = {"default_action": [{"allow": [{}], "block": []}]}
GROUP_ARN = "arn:aws:wafv2:eu-west-1:444444444444:regional/rulegroup/floods/1"

Rule = Mapping[str, Any]


def rule(name: str, action: str = "block", **statement: Any) -> dict[str, Any]:
    others: dict[str, Any] = {other: [] for other in ("allow", "block", "count") if other != action}
    return {"name": name, "action": [{action: [{}], **others}], "statement": [statement]}


def group(name: str, override: str = "none", **statement: Any) -> dict[str, Any]:
    managed = {"name": name, "vendor_name": "AWS", **statement}
    return {
        "name": name,
        "override_action": [{override: [{}]}],
        "statement": [{"managed_rule_group_statement": [managed]}],
    }


def acl(*rules: Rule, **attributes: Any) -> dict[str, Any]:
    return {ACL: {"name": "apis", "rule": list(rules), **ALLOWED, **attributes}}


COMMON = group("AWSManagedRulesCommonRuleSet")
BASELINE = [
    COMMON,
    group("AWSManagedRulesKnownBadInputsRuleSet"),
    group("AWSManagedRulesSQLiRuleSet"),
    group("AWSManagedRulesAmazonIpReputationList"),
]
RATE: Mapping[str, Any] = {"rate_based_statement": [{"limit": 600, "aggregate_key_type": "IP"}]}
FLOODS = rule("floods", **RATE)


def counting(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "action_to_use": [{"count": [{}], "allow": []}]}]


def refusing_label(key: str, action: str = "block") -> dict[str, Any]:
    match = {"label_match_statement": [{"scope": "LABEL", "key": key}]}
    return rule("labelled", action, and_statement=[{"statement": [match]}])


SIZE_LABEL = "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body"
EXEMPTING = group(COMMON["name"], rule_action_override=counting("SizeRestrictions_BODY"))


@pci("6.4.2")
@pytest.mark.parametrize(
    "plan",
    [
        acl(*BASELINE, FLOODS),
        acl(rule("known", "allow"), rule("odd", "captcha")),
        acl(default_action=[{"block": [{}], "allow": []}]),
        acl(EXEMPTING, refusing_label(SIZE_LABEL)),
        acl(
            {**rule("mark", "count"), "rule_label": [{"name": "odd"}]},
            refusing_label("awswaf:444444444444:webacl:apis:odd"),
        ),
        {GROUP: {"rule": [FLOODS]}},
        {ATTACHED: {"rule_name": "bots", "override_action": "none"}},
    ],
)
def test_rules_that_refuse_pass(plan: Any) -> None:
    assert not reasons("PCI_7", plan)


@pci("6.4.2")
@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (acl(FLOODS, rule("size", "count")), "the rule size only counts"),
        (acl(FLOODS, group("Common", "count")), "the group of the rule Common only counts"),
        (acl(EXEMPTING), "SizeRestrictions_BODY in the group of the rule AWSManagedRulesCommon"),
        (
            acl(EXEMPTING, refusing_label(SIZE_LABEL, "count")),
            "SizeRestrictions_BODY in the group of the rule AWSManagedRulesCommon",
        ),
        (acl(EXEMPTING, refusing_label("awswaf:managed:aws:other:Size")), "only counts"),
        (
            acl(
                group(
                    "Common",
                    rule_action_override=[{"name": "XSS", "action_to_use": [{"allow": [{}]}]}],
                )
            ),
            "XSS in the group of the rule Common lets in what it finds",
        ),
        (
            acl(FLOODS, {**rule("mark", "count"), "rule_label": [{"name": "odd"}]}),
            "the rule mark only counts",
        ),
        (acl(), "no rule of it refuses anything"),
        (acl(rule("known", "allow")), "no rule of it refuses anything"),
        ({GROUP: {"rule": [rule("floods", "count")]}}, "the rule floods only counts"),
        (
            {ATTACHED: {"rule_name": "bots", "override_action": "count"}},
            "the group of the rule bots only counts",
        ),
        (
            {
                ATTACHED: {
                    "rule_name": "bots",
                    "managed_rule_group": [{"rule_action_override": counting("Bots")}],
                }
            },
            "Bots in the group of the rule bots only counts",
        ),
    ],
)
def test_what_only_counts_fails(plan: Any, words: str) -> None:
    assert words in reasons("PCI_7", plan)


def test_a_group_that_is_attached_apart_refuses_too() -> None:
    arn = "arn:aws:wafv2:eu-west-1:444444444444:regional/webacl/apis/1"
    attached: dict[str, Any] = {"web_acl_arn": arn, "rule_name": "bots"}
    plan = {**acl(arn=arn), ATTACHED: {**attached, "override_action": "none"}}
    assert not reasons("PCI_7", plan)
    assert reasons("PCI_7", {**plan, ATTACHED: {**attached, "override_action": "count"}})


def test_a_rule_that_is_not_known_is_not_evaluated_unless_another_one_counts() -> None:
    unknown = {ACL: {"rule": [{"action": True}]}}
    assert "rule.0.action" in undecided("PCI_7", acl({"name": "a"}), unknown=unknown)
    found = reasons("PCI_7", acl({"name": "a"}, rule("b", "count")), unknown=unknown)
    assert found == "the rule b only counts"


@pytest.mark.parametrize("policy", ["PCI_7", "PCI_8", "PCI_9"])
def test_rules_in_json_are_not_evaluated(policy: str) -> None:
    assert "rule_json isn't read" in undecided(policy, acl(rule_json="[]"))
    assert "rule isn't known" in undecided(policy, {ACL: ALLOWED}, unknown={ACL: {"rule": True}})


@pci("6.4.2")
def test_the_baseline_is_there() -> None:
    assert not reasons("PCI_8", acl(*BASELINE))
    for lacking in BASELINE:
        others = [each for each in BASELINE if each != lacking]
        assert reasons("PCI_8", acl(*others, FLOODS)) == f"it lacks {lacking['name']}"


@pci("6.4.2")
def test_a_group_of_the_name_by_another_vendor_is_not_the_baseline() -> None:
    imitation = group("AWSManagedRulesSQLiRuleSet", vendor_name="Somebody")
    rules = [imitation if each["name"] == imitation["name"] else each for each in BASELINE]
    assert reasons("PCI_8", acl(*rules)) == "it lacks AWSManagedRulesSQLiRuleSet"


def test_the_baseline_may_be_attached_apart() -> None:
    arn = "arn:aws:wafv2:eu-west-1:444444444444:regional/webacl/apis/1"
    reputation = {"name": "AWSManagedRulesAmazonIpReputationList", "vendor_name": "AWS"}
    attached = {ATTACHED: {"web_acl_arn": arn, "managed_rule_group": [reputation]}}
    assert not reasons("PCI_8", {**acl(*BASELINE[:3], arn=arn), **attached})
    elsewhere = {ATTACHED: {**attached[ATTACHED], "web_acl_arn": f"{arn}2"}}
    assert reasons("PCI_8", {**acl(*BASELINE[:3], arn=arn), **elsewhere})


@pci("6.4.2")
@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (acl(FLOODS), ""),
        (acl(*BASELINE), "no rate rule of it blocks"),
        (acl(rule("floods", "count", **RATE)), "no rate rule of it blocks"),
        (acl(rule("size", size_constraint_statement=[{}])), "no rate rule of it blocks"),
        (acl(rule("floods", "challenge", **RATE)), "no rate rule of it blocks"),
    ],
)
def test_a_rate_rule_blocks(plan: Any, words: str) -> None:
    assert reasons("PCI_9", plan) == words


@pci("6.4.2")
@pytest.mark.parametrize(
    ("override", "action", "blocks"),
    [("none", "block", True), ("none", "count", False), ("count", "block", False)],
)
def test_a_rate_rule_may_be_in_a_group(override: str, action: str, blocks: bool) -> None:
    referred = {
        "name": "floods",
        "override_action": [{override: [{}]}],
        "statement": [{"rule_group_reference_statement": [{"arn": GROUP_ARN}]}],
    }
    plan = {**acl(referred), GROUP: {"arn": GROUP_ARN, "rule": [rule("a", action, **RATE)]}}
    assert bool(reasons("PCI_9", plan)) is not blocks


def test_a_group_that_is_elsewhere_is_not_evaluated() -> None:
    statement = {"rule_group_reference_statement": [{"arn": GROUP_ARN}]}
    assert "is elsewhere" in undecided("PCI_9", acl({"name": "a", "statement": [statement]}))


LOGGING = "aws_wafv2_web_acl_logging_configuration.apis"


def redacting(*headers: str) -> list[dict[str, Any]]:
    fields = [{"single_header": [{"name": header}]} for header in headers]
    return [*fields, {"single_header": [], "uri_path": [{}]}]


@pci("3.3.1")
@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (["authorization", "cookie", "x-api-key"], ""),
        (["Authorization", "Cookie"], ""),
        ([], "the header authorization is logged; the header cookie is logged"),
        (["cookie"], "the header authorization is logged"),
        (["authorization", "cookies"], "the header cookie is logged"),
    ],
)
def test_secret_headers_are_redacted(headers: list[str], words: str) -> None:
    assert reasons("PCI_38", {LOGGING: {"redacted_fields": redacting(*headers)}}) == words


@pci("3.3.1")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"action": "HASH"}, ""),
        ({"field": [{"field_type": "SINGLE_COOKIE", "field_keys": ["cookie"]}]}, "authorization"),
        ({"field": [{"field_type": "SINGLE_HEADER", "field_keys": ["cookie"]}]}, "authorization"),
    ],
)
def test_the_web_acl_may_protect_them(changes: dict[str, Any], words: str) -> None:
    arn = "arn:aws:wafv2:eu-west-1:444444444444:regional/webacl/apis/1"
    field = {"field_type": "SINGLE_HEADER", "field_keys": ["Authorization", "cookie"]}
    protection = {"action": "SUBSTITUTION", "field": [field], **changes}
    plan = {
        LOGGING: {"resource_arn": arn},
        **acl(arn=arn, data_protection_config=[{"data_protection": [protection]}]),
    }
    found = reasons("PCI_38", plan)
    assert words in found
    assert bool(words) == bool(found)


def test_a_header_that_is_not_known_is_not_evaluated() -> None:
    unknown = {LOGGING: {"redacted_fields": [{"single_header": [{"name": True}]}]}}
    plan = {LOGGING: {"redacted_fields": redacting("a", "cookie")}}
    assert "name isn't known" in undecided("PCI_38", plan, unknown=unknown)
