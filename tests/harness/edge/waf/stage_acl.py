"""A stage's web ACL on the way of a request: decides, logs, measures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.edge.exchange import Refusal
from harness.edge.waf.request import InspectedRequest
from harness.edge.waf.rules import BLOCK

if TYPE_CHECKING:
    from harness.edge.exchange import Exchange
    from harness.edge.waf.log import WafLog
    from harness.edge.waf.metrics import WafMetrics
    from harness.edge.waf.rules import WebAcl


class StageAcl:
    """A web ACL with where its log records and metrics go."""

    __slots__ = ("_log", "_metrics", "web_acl")

    def __init__(self, web_acl: WebAcl, log: WafLog | None, metrics: WafMetrics) -> None:
        self.web_acl = web_acl
        self._log = log
        self._metrics = metrics

    def check(self, exchange: Exchange) -> None:
        """Let a request pass or block it.

        Raises:
            Refusal: WAF_FILTERED, 403.
        """
        request = InspectedRequest(
            method=exchange.verb,
            path=f"/{exchange.stage.name}{exchange.path}".encode("latin-1"),
            query=exchange.query,
            headers=exchange.headers,
            body=exchange.body,
            source_ip=exchange.source_ip,
        )
        started = time.perf_counter()
        verdict = self.web_acl.evaluate(request)
        verdict.seconds = time.perf_counter() - started
        exchange.waf = verdict
        self._metrics.count(verdict)
        if self._log:
            self._log.write(exchange, request, verdict)
        if verdict.action == BLOCK:
            raise Refusal("WAF_FILTERED", 403, "Forbidden", error_type="ForbiddenException")
