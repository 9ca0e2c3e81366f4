"""What AWS WAF measures of a web ACL's requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.edge.waf.rules import ALLOW, BLOCK, COUNT, DEFAULT_ACTION
from harness.runtime.metrics import Source

if TYPE_CHECKING:
    from harness.edge.waf.rules import Verdict, WebAcl
    from harness.runtime.metrics import Metrics

_NAMES = {ALLOW: "AllowedRequests", BLOCK: "BlockedRequests", COUNT: "CountedRequests"}
_VALUES = {action: {name: 1.0} for action, name in _NAMES.items()}


class WafMetrics:
    """Notes what each rule did, and the sum of all as the rule ``ALL``."""

    def __init__(self, metrics: Metrics, web_acl: WebAcl, region: str) -> None:
        self._metrics = metrics
        self._place = {"WebACL": web_acl.metric, "Region": region}
        self._default_counted = web_acl.default_counted
        self._sources: dict[str, Source] = {}

    def count(self, verdict: Verdict) -> None:
        """Note a request."""
        noted = verdict.metrics
        if verdict.rule == DEFAULT_ACTION and self._default_counted:
            noted = [*noted, (verdict.action, DEFAULT_ACTION)]
        for action, metric in noted:
            values = _VALUES[action]
            self._metrics.note(self._source(metric), values)
            self._metrics.note(self._source("ALL"), values)

    def _source(self, rule: str) -> Source:
        source = self._sources.get(rule)
        if source is None:
            dimensions = ({**self._place, "Rule": rule},)
            source = self._sources[rule] = Source("AWS/WAFV2", dimensions)
        return source
