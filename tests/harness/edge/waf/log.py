"""Log records as AWS WAF writes them: "Log fields" in the AWS WAF guide, format version 1.

One field is ours: ``notEvaluated`` names what AWS would have evaluated and the edge couldn't.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from harness.edge.table import CompileError
from harness.edge.waf.addresses import parsed
from harness.edge.waf.protection import Protection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.edge.exchange import Exchange
    from harness.edge.waf.addresses import Country
    from harness.edge.waf.request import InspectedRequest
    from harness.edge.waf.rules import Verdict, WebAcl
    from harness.runtime.logs import LogShipper


class WafLog:
    """Writes a record a request to the deployed log group.

    Args:
        configuration: ``LoggingConfiguration`` of GetLoggingConfiguration.

    Raises:
        CompileError: the destination isn't a log group.
    """

    def __init__(
        self,
        configuration: Mapping[str, Any],
        web_acl: WebAcl,
        *,
        region: str,
        country: Country,
        shipper: LogShipper,
    ) -> None:
        (destination,) = configuration["LogDestinationConfigs"]
        _, separator, group = destination.partition(":log-group:")
        if not separator:
            raise CompileError(f"AWS WAF's logs go to log groups only, not {destination}.")
        self._group = group.removesuffix(":*")
        self._stream = f"{region}_{web_acl.name}_0"
        self._web_acl = web_acl
        self._country = country
        self._kept = _filter(configuration.get("LoggingFilter"))
        self._shipper = shipper
        fields = configuration.get("RedactedFields") or ()
        self._shown = Protection(web_acl.protected, fields)

    def write(self, exchange: Exchange, request: InspectedRequest, verdict: Verdict) -> None:
        """Queue the record of a request."""
        if self._kept(request, verdict):
            record = orjson.dumps(self._record(exchange, request, verdict)).decode()
            self._shipper.put(self._group, self._stream, record, exchange.received_at)

    def _record(
        self, exchange: Exchange, request: InspectedRequest, verdict: Verdict
    ) -> dict[str, Any]:
        stage = exchange.stage
        record: dict[str, Any] = {
            "timestamp": round(exchange.received_at * 1000),
            "formatVersion": 1,
            "webaclId": self._web_acl.arn,
            "terminatingRuleId": verdict.rule,
            "terminatingRuleType": verdict.rule_type,
            "action": verdict.action,
            "terminatingRuleMatchDetails": self._shown.details(verdict.details),
            "httpSourceName": "APIGW",
            "httpSourceId": f"{stage.account_id}:{stage.api_id}:{stage.name}",
            "ruleGroupList": verdict.groups,
            "rateBasedRuleList": self._shown.rates(request.rates),
            "nonTerminatingMatchingRules": [
                {**each, "ruleMatchDetails": self._shown.details(each["ruleMatchDetails"])}
                for each in verdict.counted
            ],
            "requestHeadersInserted": None,
            "responseCodeSent": None,
            "httpRequest": self._request(exchange, request),
            "labels": [{"name": label} for label in request.labels],
            "requestBodySize": len(request.body),
            "requestBodySizeInspectedByWAF": min(len(request.body), self._web_acl.body_limit),
            "notEvaluated": [
                {"ruleId": gap.rule, "ruleGroupId": gap.group, "reason": gap.reason}
                for gap in verdict.not_evaluated
            ],
        }
        if request.oversize:
            record["oversizeFields"] = request.oversize
        return record

    def _request(self, exchange: Exchange, request: InspectedRequest) -> dict[str, Any]:
        shown, address = self._shown.value, parsed(request.source_ip)
        return {
            "clientIp": request.source_ip,
            "country": (address and self._country(address)) or "-",
            "headers": [self._header(name, value) for name, value in request.headers],
            "uri": shown("URI_PATH", _text(request.path)),
            "args": shown("QUERY_STRING", _text(request.query)),
            "httpVersion": exchange.protocol,
            "httpMethod": shown("METHOD", request.method),
            "requestId": exchange.request_id,
        }

    def _header(self, name: bytes, value: bytes) -> dict[str, str]:
        key = _text(name)
        return {"name": key, "value": self._shown.value("SINGLE_HEADER", _text(value), key)}


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _filter(
    settings: Mapping[str, Any] | None,
) -> Callable[[InspectedRequest, Verdict], bool]:
    """Which requests are logged; all without a filter."""
    if not settings:
        return lambda _request, _verdict: True
    keeps_others: bool = settings["DefaultBehavior"] == "KEEP"

    def kept(request: InspectedRequest, verdict: Verdict) -> bool:
        facts = {verdict.action, *(each["action"] for each in verdict.counted), *request.labels}
        for rule in settings["Filters"]:
            met = (_wanted(condition) in facts for condition in rule["Conditions"])
            if all(met) if rule["Requirement"] == "MEETS_ALL" else any(met):
                return bool(rule["Behavior"] == "KEEP")
        return keeps_others

    return kept


def _wanted(condition: Mapping[str, Any]) -> str:
    if "ActionCondition" in condition:
        return str(condition["ActionCondition"]["Action"])
    return str(condition["LabelNameCondition"]["LabelName"])
