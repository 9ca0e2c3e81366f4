"""Rules of a web ACL, one after the other, and what they decide about a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from harness.edge.waf.request import NotKnownError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.edge.waf.request import InspectedRequest
    from harness.edge.waf.statements import Matcher

ALLOW, BLOCK, COUNT = "ALLOW", "BLOCK", "COUNT"
REGULAR, RATE_BASED, GROUP, MANAGED = "REGULAR", "RATE_BASED", "GROUP", "MANAGED_RULE_GROUP"
DEFAULT_ACTION = "Default_Action"


@dataclass(slots=True)
class Verdict:
    """What a web ACL says about one request, and what it found on the way."""

    action: str = ALLOW
    rule: str = DEFAULT_ACTION
    rule_type: str = REGULAR
    details: list[dict[str, Any]] = field(default_factory=list)
    counted: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    not_evaluated: list[NotEvaluated] = field(default_factory=list)
    metrics: list[tuple[str, str]] = field(default_factory=list)
    """Action and metric of the rule for each match, in order."""
    seconds: float = 0.0


class Rule(Protocol):
    """Something that stands in a web ACL."""

    name: str

    def decide(self, request: InspectedRequest, verdict: Verdict) -> bool:
        """Look at a request; True when that ends its evaluation."""


@dataclass(slots=True, eq=False)
class NotEvaluated:
    """What AWS evaluates and the edge can't: never a match, and always said.

    ``group`` and ``version`` are of a managed rule group.
    """

    rule: str
    reason: str
    group: str | None = None
    version: str | None = None
    requests: int = 0
    """How many it would have been evaluated for."""

    def note(self, verdict: Verdict) -> None:
        """Count a request."""
        self.requests += 1
        verdict.not_evaluated.append(self)


class OwnRule:
    """A rule with a statement and an action.

    Args:
        metric: under which its matches are counted, None for nowhere.
        labels: in full.
    """

    __slots__ = ("_labels", "_matches", "_metric", "_unknown", "action", "name", "rule_type")

    def __init__(
        self,
        name: str,
        matches: Matcher,
        *,
        action: str,
        labels: Sequence[str] = (),
        rule_type: str = REGULAR,
        metric: str | None = None,
    ) -> None:
        self.name = name
        self.action = action
        self.rule_type = rule_type
        self._matches = matches
        self._labels = tuple(labels)
        self._metric = metric
        self._unknown: dict[str, NotEvaluated] = {}

    def decide(self, request: InspectedRequest, verdict: Verdict) -> bool:
        """Match, label, and count or end."""
        try:
            if not self._matches(request):
                return False
        except NotKnownError as error:
            self._not_known(str(error)).note(verdict)
            return False
        details, request.details = request.details, []
        request.labels.extend(self._labels)
        if self._metric:
            verdict.metrics.append((self.action, self._metric))
        if self.action == COUNT:
            counted = {"ruleId": self.name, "action": COUNT, "ruleMatchDetails": details}
            verdict.counted.append(counted)
            return False
        verdict.action, verdict.rule, verdict.rule_type = self.action, self.name, self.rule_type
        verdict.details = details
        return True

    def unknown(self) -> list[NotEvaluated]:
        """Why it couldn't be decided, where that happened."""
        return list(self._unknown.values())

    def _not_known(self, reason: str) -> NotEvaluated:
        if len(self._unknown) > 100:  # an attacker chooses addresses
            reason = "and more like these"
        return self._unknown.setdefault(reason, NotEvaluated(self.name, reason))


class RuleGroup:
    """A reference to a rule group of our own.

    Args:
        counts: whether the reference overrides every action that ends by counting.
    """

    __slots__ = ("_arn", "_counts", "_metric", "_rules", "name")

    def __init__(
        self, name: str, arn: str, rules: Sequence[OwnRule], *, counts: bool, metric: str | None
    ) -> None:
        self.name = name
        self._arn = arn
        self._rules = tuple(rules)
        self._counts = counts
        self._metric = metric

    def decide(self, request: InspectedRequest, verdict: Verdict) -> bool:
        """Look at the group's rules, and do what it decides or count it."""
        inner = Verdict()
        ended = any(rule.decide(request, inner) for rule in self._rules)
        terminating = {"ruleId": inner.rule, "action": inner.action, "ruleMatchDetails": None}
        verdict.not_evaluated += inner.not_evaluated
        verdict.metrics += [each for each in inner.metrics if each[0] == COUNT]
        verdict.groups.append(
            {
                "ruleGroupId": self._arn,
                "terminatingRule": terminating if ended else None,
                "nonTerminatingMatchingRules": [
                    {"ruleId": each["ruleId"], "action": COUNT} for each in inner.counted
                ],
                "excludedRules": None,
            }
        )
        if not ended:
            return False
        if self._metric:
            verdict.metrics.append((COUNT if self._counts else inner.action, self._metric))
        if self._counts:
            counted = {"ruleId": self.name, "action": COUNT, "ruleMatchDetails": inner.details}
            verdict.counted.append(counted)
            return False
        verdict.action, verdict.rule, verdict.rule_type = inner.action, self.name, GROUP
        verdict.details = inner.details
        return True

    def unknown(self) -> list[NotEvaluated]:
        """Why rules of the group couldn't be decided, where that happened."""
        return [each for rule in self._rules for each in rule.unknown()]


class ManagedGroup:
    """A managed rule group: what it looks for only its vendor knows."""

    __slots__ = ("_applies", "_gap", "name")

    def __init__(self, gap: NotEvaluated, applies: Matcher | None) -> None:
        self.name = gap.rule
        self._gap = gap
        self._applies = applies

    def decide(self, request: InspectedRequest, verdict: Verdict) -> bool:
        """Say that it wasn't evaluated, for a request that it applies to."""
        try:
            applies = self._applies is None or self._applies(request)
        except NotKnownError:
            applies = True
        if applies:
            self._gap.note(verdict)
        return False

    def unknown(self) -> list[NotEvaluated]:
        """That it is never evaluated."""
        return [self._gap]


@dataclass(frozen=True, slots=True, eq=False)
class WebAcl:
    """A compiled web ACL; ``rules`` by priority."""

    name: str
    arn: str
    metric: str
    default_action: str
    rules: tuple[OwnRule | RuleGroup | ManagedGroup, ...]
    body_limit: int
    default_counted: bool = True
    protected: Sequence[Mapping[str, Any]] = ()
    """``DataProtections`` of the API."""

    def evaluate(self, request: InspectedRequest) -> Verdict:
        """Decide about a request."""
        verdict = Verdict(self.default_action)
        for rule in self.rules:
            if rule.decide(request, verdict):
                break
        return verdict

    def not_evaluated(self) -> list[NotEvaluated]:
        """What couldn't be evaluated so far, managed groups first of all."""
        found = [each for rule in self.rules for each in rule.unknown()]
        return sorted(found, key=lambda each: each.group is None)
