"""What statements of a web ACL cost, in capacity units, as AWS WAF's documentation says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from moto.wafv2.models import FakeRule

MOST_UNITS = 5000
MANAGED_GROUPS = {
    "AWSManagedRulesACFPRuleSet": 50,
    "AWSManagedRulesATPRuleSet": 50,
    "AWSManagedRulesAdminProtectionRuleSet": 100,
    "AWSManagedRulesAmazonIpReputationList": 25,
    "AWSManagedRulesAnonymousIpList": 50,
    "AWSManagedRulesAntiDDoSRuleSet": 50,
    "AWSManagedRulesBotControlRuleSet": 50,
    "AWSManagedRulesCommonRuleSet": 700,
    "AWSManagedRulesKnownBadInputsRuleSet": 200,
    "AWSManagedRulesLinuxRuleSet": 200,
    "AWSManagedRulesPHPRuleSet": 100,
    "AWSManagedRulesSQLiRuleSet": 200,
    "AWSManagedRulesUnixRuleSet": 100,
    "AWSManagedRulesWindowsRuleSet": 200,
    "AWSManagedRulesWordPressRuleSet": 100,
}

_BASE = {
    "AsnMatchStatement": 1,
    "GeoMatchStatement": 1,
    "IPSetReferenceStatement": 1,
    "LabelMatchStatement": 1,
    "RegexMatchStatement": 3,
    "RegexPatternSetReferenceStatement": 25,
    "SizeConstraintStatement": 1,
    "XssMatchStatement": 40,
}
_TRANSFORMATION = 10
_ALL_ARGUMENTS = 10
_CUSTOM_KEY = 30


def units_of(rules: Iterable[FakeRule], groups: Mapping[str, int]) -> int:
    """Add up what the rules cost; ``groups`` has the capacity of rule groups by their ARN."""
    return sum(_units(rule.statement, groups) for rule in rules)


def _units(statement: Mapping[str, Any], groups: Mapping[str, int]) -> int:
    ((kind, content),) = statement.items()
    match kind:
        case "AndStatement" | "OrStatement":
            return sum(_units(each, groups) for each in content["Statements"])
        case "NotStatement":
            return _units(content["Statement"], groups)
        case "ManagedRuleGroupStatement":
            return MANAGED_GROUPS[content["Name"]] + _scope(content, groups)
        case "RuleGroupReferenceStatement":
            return groups[content["ARN"]]
        case "RateBasedStatement":
            return 2 + _CUSTOM_KEY * len(content.get("CustomKeys") or ()) + _scope(content, groups)
        case _:
            return _matching(kind, content)


def _scope(content: Mapping[str, Any], groups: Mapping[str, int]) -> int:
    scope = content.get("ScopeDownStatement")
    return _units(scope, groups) if scope else 0


def _matching(kind: str, content: Mapping[str, Any]) -> int:
    base: int = _base(kind, content)
    field = content.get("FieldToMatch") or {}
    if "JsonBody" in field:
        base *= 2
    if "AllQueryArguments" in field:
        base += _ALL_ARGUMENTS
    transformations = content.get("TextTransformations") or ()
    return base + _TRANSFORMATION * len(
        [each for each in transformations if each["Type"] != "NONE"]
    )


def _base(kind: str, content: Mapping[str, Any]) -> int:
    match kind:
        case "ByteMatchStatement":
            return 10 if content["PositionalConstraint"].startswith("CONTAINS") else 2
        case "SqliMatchStatement":
            return 30 if content.get("SensitivityLevel") == "HIGH" else 20
        case _:
            return _BASE[kind]
