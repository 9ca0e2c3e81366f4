"""Rules of a web ACL in their order: actions, labels, groups, and what isn't evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.edge.table import CompileError
from harness.edge.waf.addresses import Countries
from harness.edge.waf.compiler import Sets, compile_web_acl
from harness.edge.waf.rates import Rates
from harness.edge.waf.request import InspectedRequest
from harness.testing.web_acls import contains, managed, read_back, rule, visibility, web_acl

if TYPE_CHECKING:
    from harness.edge.waf.rules import Verdict, WebAcl

GROUP_ARN = "arn:aws:wafv2:eu-west-1:444444444444:regional/rulegroup/ours/1"
OWN = "awswaf:444444444444:webacl:payments:"
GROUPS = "awswaf:444444444444:rulegroup:ours:"


def compiled(*rules: dict[str, Any], group: tuple[dict[str, Any], ...] = (), **more: Any) -> WebAcl:
    document = {
        "Name": "ours",
        "VisibilityConfig": visibility("ours"),
        "Rules": [{**each, "Priority": number} for number, each in enumerate(group)],
    }
    sets = Sets(ip_set=lambda _: (), patterns=lambda _: (), rule_group=lambda _: document)
    return compile_web_acl(
        read_back(web_acl(rules, **more)), sets, country=Countries({}), rates=Rates()
    )


def asked(acl: WebAcl, query: str) -> tuple[Verdict, InspectedRequest]:
    request = InspectedRequest(
        method="GET",
        path=b"/live/pets",
        query=query.encode(),
        headers=[],
        body=b"",
        source_ip="192.0.2.7",
    )
    return acl.evaluate(request), request


def decided(acl: WebAcl, query: str) -> tuple[str, str]:
    verdict, _ = asked(acl, query)
    return verdict.action, verdict.rule


def label(key: str, scope: str = "LABEL") -> dict[str, Any]:
    return {"LabelMatchStatement": {"Scope": scope, "Key": key}}


def test_the_first_rule_that_ends_decides_and_counting_goes_on() -> None:
    acl = compiled(
        rule("counts", contains("a"), "Count"),
        rule("allows", contains("good"), "Allow"),
        rule("blocks", contains("a"), "Block"),
    )
    assert decided(acl, "x") == ("ALLOW", "Default_Action")
    assert decided(acl, "a good") == ("ALLOW", "allows")
    verdict, _ = asked(acl, "a")
    assert (verdict.action, verdict.rule) == ("BLOCK", "blocks")
    assert [each["ruleId"] for each in verdict.counted] == ["counts"]
    assert verdict.metrics == [("COUNT", "counts"), ("BLOCK", "blocks")]


def test_priority_orders_rules_and_not_their_place_in_the_document() -> None:
    document = read_back(
        web_acl([rule("late", contains("a")), rule("early", contains("a"), "Allow")])
    )
    document["Rules"][0]["Priority"], document["Rules"][1]["Priority"] = 7, 3
    sets = Sets(ip_set=lambda _: (), patterns=lambda _: (), rule_group=lambda _: {})
    acl = compile_web_acl(document, sets, country=Countries({}), rates=Rates())
    assert decided(acl, "a") == ("ALLOW", "early")


def test_the_default_action_may_block() -> None:
    acl = compiled(rule("allows", contains("good"), "Allow"), DefaultAction={"Block": {}})
    assert decided(acl, "good") == ("ALLOW", "allows")
    assert decided(acl, "else") == ("BLOCK", "Default_Action")


@pytest.mark.parametrize(
    ("key", "scope", "blocked"),
    [
        ("seen:bad", "LABEL", True),
        ("bad", "LABEL", True),  # namespaces before the name may be left out
        ("seen", "LABEL", False),
        (f"{OWN}seen:bad", "LABEL", True),
        (f"{GROUPS}seen:bad", "LABEL", False),
        ("ad", "LABEL", False),
        ("seen:", "NAMESPACE", True),
        (f"{OWN}seen:", "NAMESPACE", True),
        ("unseen:", "NAMESPACE", False),
    ],
)
def test_later_rules_see_labels(key: str, scope: str, blocked: bool) -> None:
    acl = compiled(
        rule("labels", contains("a"), "Count", labels=["seen:bad"]),
        rule("blocks", label(key, scope)),
    )
    assert (decided(acl, "a")[0] == "BLOCK") is blocked
    assert decided(acl, "x")[0] == "ALLOW"
    assert asked(acl, "a")[1].labels == [f"{OWN}seen:bad"]


def test_earlier_rules_do_not() -> None:
    acl = compiled(
        rule("blocks", label("bad")), rule("labels", contains("a"), "Count", labels=["bad"])
    )
    assert decided(acl, "a") == ("ALLOW", "Default_Action")


def reference(**more: Any) -> dict[str, Any]:
    return {"RuleGroupReferenceStatement": {"ARN": GROUP_ARN, **more}}


def test_a_rule_group_of_our_own_decides_under_its_references_name() -> None:
    inner = (
        rule("labels", contains("a"), "Count", labels=["bad"]),
        rule("inner", label("bad")),
    )
    acl = compiled(rule("group", reference()), group=inner)
    verdict, request = asked(acl, "a")
    assert (verdict.action, verdict.rule, verdict.rule_type) == ("BLOCK", "group", "GROUP")
    assert request.labels == [f"{GROUPS}bad"]
    (listed,) = verdict.groups
    assert listed["ruleGroupId"] == GROUP_ARN
    assert listed["terminatingRule"]["ruleId"] == "inner"
    assert decided(acl, "x")[0] == "ALLOW"


@pytest.mark.parametrize(
    "statement",
    [
        reference(RuleActionOverrides=[{"Name": "inner", "ActionToUse": {"Count": {}}}]),
        reference(ExcludedRules=[{"Name": "inner"}]),
    ],
)
def test_a_rule_of_a_group_can_be_made_to_count(statement: dict[str, Any]) -> None:
    acl = compiled(rule("group", statement), group=(rule("inner", contains("a")),))
    verdict, _ = asked(acl, "a")
    assert (verdict.action, verdict.rule) == ("ALLOW", "Default_Action")
    assert verdict.groups[0]["nonTerminatingMatchingRules"] == [
        {"ruleId": "inner", "action": "COUNT"}
    ]


def test_a_whole_group_can_be_made_to_count() -> None:
    acl = compiled(rule("group", reference(), "Count"), group=(rule("inner", contains("a")),))
    verdict, _ = asked(acl, "a")
    assert (verdict.action, verdict.rule) == ("ALLOW", "Default_Action")
    assert [each["ruleId"] for each in verdict.counted] == ["group"]


def test_managed_groups_never_match_and_are_always_said() -> None:
    acl = compiled(
        rule("managed-common", managed("AWSManagedRulesCommonRuleSet", "Version_1.19")),
        rule("blocks", contains("a")),
        rule("managed-late", managed("AWSManagedRulesAmazonIpReputationList")),
    )
    assert [gap.requests for gap in acl.not_evaluated()] == [0, 0]
    assert decided(acl, "a") == ("BLOCK", "blocks")
    verdict, _ = asked(acl, "x")
    assert [gap.rule for gap in verdict.not_evaluated] == ["managed-common", "managed-late"]
    common, late = acl.not_evaluated()
    assert (common.group, common.version) == ("AWS/AWSManagedRulesCommonRuleSet", "Version_1.19")
    assert late.version == "the newest version, since none is pinned"
    assert (common.requests, late.requests) == (2, 1)


def test_a_managed_group_is_only_said_where_it_applies() -> None:
    statement = managed("AWSManagedRulesSQLiRuleSet")
    statement["ManagedRuleGroupStatement"]["ScopeDownStatement"] = contains("a")
    acl = compiled(rule("managed-sql", statement))
    assert len(asked(acl, "a")[0].not_evaluated) == 1
    assert not asked(acl, "x")[0].not_evaluated


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"Captcha": {}}, "rule it: the action Captcha isn't supported"),
        ({"Block": {"CustomResponse": {"ResponseCode": 418}}}, "CustomResponse isn't supported"),
    ],
)
def test_actions_that_are_not_supported_are_refused(action: dict[str, Any], message: str) -> None:
    with pytest.raises(CompileError, match=message):
        compiled({**rule("it", contains("a")), "Action": action})
