"""Reads the web ACLs of stages from the deployed AWS, each once a compilation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.edge.waf.compiler import Sets, compile_web_acl
from harness.edge.waf.log import WafLog
from harness.edge.waf.metrics import WafMetrics
from harness.edge.waf.stage_acl import StageAcl

if TYPE_CHECKING:
    import boto3

    from harness.edge.waf.addresses import Country
    from harness.edge.waf.rates import Rates
    from harness.edge.waf.rules import WebAcl
    from harness.runtime.logs import LogShipper
    from harness.runtime.metrics import Metrics


class WebAcls:
    """Compiles what is associated with stages.

    Args:
        session: of the account that the stages are in.
        rates: what rate-based rules counted; they outlive a compilation.
    """

    def __init__(
        self,
        session: boto3.Session,
        *,
        country: Country,
        rates: Rates,
        logs: LogShipper,
        metrics: Metrics,
    ) -> None:
        self._client: Any = session.client("wafv2")
        self._region = session.region_name
        self._country = country
        self._rates = rates
        self._logs = logs
        self._metrics = metrics
        self._known: dict[str, tuple[WebAcl, WafLog | None, WafMetrics]] = {}
        self._sets = sets_of(self._client)

    def refresh(self) -> None:
        """Read everything anew from now on."""
        self._known = {}

    def of_stage(self, api_id: str, stage: str) -> StageAcl | None:
        """The web ACL of a stage; None when it has none.

        Raises:
            CompileError: something in it isn't supported.
        """
        arn = f"arn:aws:apigateway:{self._region}::/restapis/{api_id}/stages/{stage}"
        document = self._client.get_web_acl_for_resource(ResourceArn=arn).get("WebACL")
        if not document:
            return None
        web_acl, log, metrics = self._compiled(document)
        return StageAcl(web_acl, log, metrics)

    def _compiled(self, document: Any) -> tuple[WebAcl, WafLog | None, WafMetrics]:
        arn = document["ARN"]
        if arn not in self._known:
            web_acl = compile_web_acl(
                document, self._sets, country=self._country, rates=self._rates
            )
            metrics = WafMetrics(self._metrics, web_acl, self._region)
            self._known[arn] = web_acl, self._log(web_acl), metrics
        return self._known[arn]

    def _log(self, web_acl: WebAcl) -> WafLog | None:
        try:
            found = self._client.get_logging_configuration(ResourceArn=web_acl.arn)
        except self._client.exceptions.WAFNonexistentItemException:
            return None
        return WafLog(
            found["LoggingConfiguration"],
            web_acl,
            region=self._region,
            country=self._country,
            shipper=self._logs,
        )


def sets_of(client: Any) -> Sets:
    """What web ACLs refer to, read through a client of AWS WAF."""

    def addresses(arn: str) -> list[str]:
        return list(client.get_ip_set(**_named(arn))["IPSet"]["Addresses"])

    def patterns(arn: str) -> list[str]:
        found = client.get_regex_pattern_set(**_named(arn))["RegexPatternSet"]
        return [each["RegexString"] for each in found["RegularExpressionList"]]

    return Sets(
        ip_set=addresses,
        patterns=patterns,
        rule_group=lambda arn: client.get_rule_group(ARN=arn)["RuleGroup"],
    )


def _named(arn: str) -> dict[str, str]:
    """What Get operations want of an ARN that ends in ``regional/ipset/NAME/ID``."""
    *_, name, identifier = arn.split("/")
    return {"Name": name, "Id": identifier, "Scope": "REGIONAL"}
