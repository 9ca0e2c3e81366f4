"""Compiles web ACLs from the documents that AWS WAF's API returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.edge.table import CompileError
from harness.edge.waf.components import Components
from harness.edge.waf.rules import (
    ALLOW,
    BLOCK,
    COUNT,
    RATE_BASED,
    REGULAR,
    ManagedGroup,
    NotEvaluated,
    OwnRule,
    RuleGroup,
    WebAcl,
)
from harness.edge.waf.statements import Place, Surroundings, compile_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.edge.waf.addresses import Country
    from harness.edge.waf.rates import Rates

    Document = Mapping[str, Any]

KIB = 1024
_ACTIONS = {"Allow": ALLOW, "Block": BLOCK, "Count": COUNT}
_FLOATING = "the newest version, since none is pinned"


class Sets:
    """Where statements find what they refer to; each takes an ARN."""

    def __init__(
        self,
        *,
        ip_set: Callable[[str], Iterable[str]],
        patterns: Callable[[str], Iterable[str]],
        rule_group: Callable[[str], Document],
    ) -> None:
        self.ip_set = ip_set
        self.patterns = patterns
        self.rule_group = rule_group


def compile_web_acl(document: Document, sets: Sets, *, country: Country, rates: Rates) -> WebAcl:
    """Compile a web ACL.

    Args:
        document: ``WebACL`` of GetWebACL.
        sets: what its statements refer to.
        country: where addresses are.
        rates: what its rate-based rules counted so far.

    Raises:
        CompileError: something in it isn't supported; says which rule and what.
    """
    try:
        return _Compiler(document, sets, country, rates).compile()
    except CompileError as error:
        raise CompileError(f"web ACL {document['Name']}: {error}") from error


class _Compiler:
    def __init__(self, document: Document, sets: Sets, country: Country, rates: Rates) -> None:
        self._document = document
        self._sets = sets
        self._arn: str = document["ARN"]
        self._account = self._arn.split(":")[4]
        self._surroundings = Surroundings(
            components=Components(_body_limit(document)),
            ip_set=sets.ip_set,
            patterns=sets.patterns,
            country=country,
            rates=rates,
        )

    def compile(self) -> WebAcl:
        document = self._document
        _refuse_firewall_manager(document)
        name, visibility = document["Name"], document["VisibilityConfig"]
        labels = f"awswaf:{self._account}:webacl:{name}:"
        action = _action(document["DefaultAction"], "the default action")
        rules = sorted(document.get("Rules") or (), key=lambda rule: int(rule["Priority"]))
        return WebAcl(
            name=name,
            arn=self._arn,
            metric=visibility["MetricName"],
            default_action=action,
            rules=tuple(self._rule(rule, labels) for rule in rules),
            body_limit=self._surroundings.components.body_limit,
            default_counted=bool(visibility["CloudWatchMetricsEnabled"]),
            protected=(document.get("DataProtectionConfig") or {}).get("DataProtections") or (),
        )

    def _rule(self, rule: Document, labels: str) -> OwnRule | RuleGroup | ManagedGroup:
        if managed := rule["Statement"].get("ManagedRuleGroupStatement"):
            return self._managed(rule["Name"], managed, labels)
        if group := rule["Statement"].get("RuleGroupReferenceStatement"):
            return self._group(rule, group)
        return self._own(rule, labels, self._arn)

    def _managed(self, name: str, managed: Document, labels: str) -> ManagedGroup:
        scope = managed.get("ScopeDownStatement")
        gap = NotEvaluated(
            rule=name,
            reason="what a managed rule group looks for is known to its vendor only",
            group=f"{managed['VendorName']}/{managed['Name']}",
            version=managed.get("Version") or _FLOATING,
        )
        return ManagedGroup(
            gap, compile_statement(scope, self._place(name, labels, self._arn)) if scope else None
        )

    def _group(self, rule: Document, reference: Document) -> RuleGroup:
        arn = reference["ARN"]
        group = self._sets.rule_group(arn)
        labels = f"awswaf:{self._account}:rulegroup:{group['Name']}:"
        overrides = {
            each["Name"]: each["ActionToUse"] for each in reference.get("RuleActionOverrides") or ()
        }
        overrides |= {each["Name"]: {"Count": {}} for each in reference.get("ExcludedRules") or ()}
        rules = [
            self._own({**each, "Action": overrides.get(each["Name"], each["Action"])}, labels, arn)
            for each in sorted(group.get("Rules") or (), key=lambda each: int(each["Priority"]))
        ]
        counts = "Count" in (rule.get("OverrideAction") or {})
        return RuleGroup(rule["Name"], arn, rules, counts=counts, metric=_metric(rule))

    def _own(self, rule: Document, labels: str, context: str) -> OwnRule:
        name = rule["Name"]
        own_labels = [labels + each["Name"] for each in rule.get("RuleLabels") or ()]
        return OwnRule(
            name,
            compile_statement(rule["Statement"], self._place(name, labels, context)),
            action=_action(rule["Action"], f"rule {name}"),
            labels=own_labels,
            rule_type=RATE_BASED if "RateBasedStatement" in rule["Statement"] else REGULAR,
            metric=_metric(rule),
        )

    def _place(self, rule: str, labels: str, context: str) -> Place:
        return Place(self._surroundings, (self._arn, context), labels, rule)


def _metric(rule: Document) -> str | None:
    visibility = rule["VisibilityConfig"]
    return visibility["MetricName"] if visibility["CloudWatchMetricsEnabled"] else None


def _action(action: Document, where: str) -> str:
    """The name of an action, refused when it does more than its name says."""
    ((name, settings),) = ((key, value) for key, value in action.items() if value is not None)
    if name not in _ACTIONS:
        raise CompileError(
            f"{where}: the action {name} isn't supported: programs can't solve puzzles."
        )
    if settings:
        raise CompileError(
            f"{where}: {' and '.join(settings)} isn't supported; blocked requests are answered "
            "by the gateway response WAF_FILTERED."
        )
    return _ACTIONS[name]


def _body_limit(document: Document) -> int:
    """How many bytes of a body are inspected for API Gateway: 16, 32, 48 or 64 KiB."""
    association = document.get("AssociationConfig") or {}
    settings = (association.get("RequestBody") or {}).get("API_GATEWAY") or {}
    return int(settings.get("DefaultSizeInspectionLimit", "KB_16").removeprefix("KB_")) * KIB


def _refuse_firewall_manager(document: Document) -> None:
    for key in ("PreProcessFirewallManagerRuleGroups", "PostProcessFirewallManagerRuleGroups"):
        if document.get(key):
            raise CompileError(f"{key} of Firewall Manager aren't supported.")
