"""Web ACLs as AWS WAF's API takes and returns them, for tests and for the bench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Document = dict[str, Any]

QUERY: Document = {"QueryString": {}}
PATH: Document = {"UriPath": {}}
BODY: Document = {"Body": {"OversizeHandling": "CONTINUE"}}
JSON: Document = {
    "JsonBody": {
        "MatchPattern": {"All": {}},
        "MatchScope": "ALL",
        "InvalidFallbackBehavior": "EVALUATE_AS_STRING",
        "OversizeHandling": "CONTINUE",
    }
}


def steps(*transformations: str) -> list[Document]:
    """Text transformations in this order; none is NONE."""
    names = transformations or ("NONE",)
    return [{"Priority": number, "Type": name} for number, name in enumerate(names)]


def looks_at(field: Document, *transformations: str) -> Document:
    """What a statement looks at."""
    return {"FieldToMatch": field, "TextTransformations": steps(*transformations)}


def contains(
    text: str | bytes, field: Document = QUERY, *transformations: str, how: str = "CONTAINS"
) -> Document:
    """A byte match."""
    wanted = text.encode() if isinstance(text, str) else text
    settings = {"SearchString": wanted, "PositionalConstraint": how}
    return {"ByteMatchStatement": {**settings, **looks_at(field, *transformations)}}


def larger_than(size: int, field: Document) -> Document:
    """A size constraint."""
    settings = {"ComparisonOperator": "GT", "Size": size, **looks_at(field)}
    return {"SizeConstraintStatement": settings}


def either(*statements: Document) -> Document:
    """One of them matches."""
    return {"OrStatement": {"Statements": list(statements)}}


def rate(limit: int, seconds: int = 60, kind: str = "IP", **more: Any) -> Document:
    """More requests than the limit within a window."""
    settings = {"Limit": limit, "EvaluationWindowSec": seconds, "AggregateKeyType": kind}
    return {"RateBasedStatement": {**settings, **more}}


def managed(name: str, version: str | None = None) -> Document:
    """A managed rule group of AWS."""
    pinned = {"Version": version} if version else {}
    return {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name, **pinned}}


def rule(
    name: str, statement: Document, action: str = "Block", *, labels: Iterable[str] = ()
) -> Document:
    """A rule whose metric has its name; groups get an override instead of an action."""
    made: Document = {"Name": name, "Statement": statement, "VisibilityConfig": visibility(name)}
    group = {"ManagedRuleGroupStatement", "RuleGroupReferenceStatement"} & statement.keys()
    if group:
        made["OverrideAction"] = {"Count" if action == "Count" else "None": {}}
    else:
        made["Action"] = {action: {}}
    if labels:
        made["RuleLabels"] = [{"Name": label} for label in labels]
    return made


def visibility(name: str) -> Document:
    """Metrics under a name, no samples."""
    return {
        "CloudWatchMetricsEnabled": True,
        "MetricName": name,
        "SampledRequestsEnabled": False,
    }


def web_acl(rules: Sequence[Mapping[str, Any]], name: str = "payments", **more: Any) -> Document:
    """CreateWebACL's arguments; the rules get priorities in their order."""
    return {
        "Name": name,
        "Scope": "REGIONAL",
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": visibility(name),
        "Rules": [{**each, "Priority": number} for number, each in enumerate(rules)],
        **more,
    }


def read_back(arguments: Document) -> Document:
    """What GetWebACL would return for CreateWebACL's arguments."""
    arn = f"arn:aws:wafv2:eu-west-1:444444444444:regional/webacl/{arguments['Name']}/1"
    return {**arguments, "Id": "1", "ARN": arn}
