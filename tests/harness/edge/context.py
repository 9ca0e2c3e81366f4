"""The ``$context`` variables of API Gateway, for access logs and response templates.

Names: "Variables for access logging for API Gateway" in the API Gateway guide. A variable
without a value is None; whoever renders it decides how that looks.
"""

from __future__ import annotations

import functools
import json
import time
from typing import TYPE_CHECKING

from harness.edge.tls import CLIENT_CERTIFICATE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.edge.exchange import Exchange

    Variable = Callable[[Exchange], "str | None"]


@functools.lru_cache(maxsize=8)
def request_time(epoch: int) -> str:
    """The time of a request in the common log format, UTC."""
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(epoch))


def _milliseconds(seconds: float | None) -> str | None:
    return None if seconds is None else str(round(seconds * 1000))


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _authorize(exchange: Exchange) -> str | None:
    if exchange.decision is None:
        return None
    return "200" if exchange.decision == "allow" else "403"


def _validation_error(exchange: Exchange) -> str | None:
    detail = exchange.refusal.validation_error if exchange.refusal else None
    return None if detail is None else json.dumps(detail)[1:-1]


def _waf_status(exchange: Exchange) -> str | None:
    if exchange.waf is None:
        return None
    return "403" if exchange.waf.action == "BLOCK" else "200"


def _web_acl(exchange: Exchange) -> str | None:
    stage_acl = exchange.stage.web_acl
    return stage_acl.web_acl.arn if stage_acl else None


def _of_client_certificate(exchange: Exchange, *, name: str) -> str | None:
    certificate = exchange.tls.client_certificate if exchange.tls else None
    return certificate[name] if certificate else None


VARIABLES: Mapping[str, Variable] = {
    "accountId": lambda x: x.stage.account_id,
    "apiId": lambda x: x.stage.api_id,
    "authorize.status": _authorize,
    "authorize.error": lambda x: None if x.decision in (None, "allow") else x.decision,
    "awsEndpointRequestId": lambda x: x.worker_request_id,
    "cipherSuite": lambda x: x.tls.cipher_suite if x.tls else None,
    "customDomain.basePathMatched": lambda x: x.mapped.base_path if x.mapped else None,
    "deploymentId": lambda x: x.stage.deployment_id,
    "domainName": lambda x: x.domain_name,
    "domainPrefix": lambda x: x.domain_name.partition(".")[0],
    "error.message": lambda x: x.refusal.message if x.refusal else None,
    "error.messageString": lambda x: json.dumps(x.refusal.message) if x.refusal else None,
    "error.responseType": lambda x: x.refusal.response_type if x.refusal else None,
    "error.validationErrorString": _validation_error,
    "extendedRequestId": lambda x: x.request_id,
    "httpMethod": lambda x: x.verb,
    "identity.accessKey": lambda x: x.caller.access_key if x.caller else None,
    "identity.accountId": lambda x: x.caller.account_id if x.caller else None,
    "identity.apiKey": lambda x: x.api_key_value,
    "identity.apiKeyId": lambda x: x.api_key.key_id if x.api_key else None,
    "identity.caller": lambda x: x.caller.principal_id if x.caller else None,
    **{
        f"identity.clientCert.{name}": functools.partial(_of_client_certificate, name=name)
        for name in CLIENT_CERTIFICATE_FIELDS
    },
    "identity.sourceIp": lambda x: x.source_ip,
    "identity.user": lambda x: x.caller.principal_id if x.caller else None,
    "identity.userAgent": lambda x: x.header(b"user-agent"),
    "identity.userArn": lambda x: x.caller.arn if x.caller else None,
    "integration.error": lambda x: x.integration_error,
    "integration.integrationStatus": lambda x: _text(x.integration_status),
    "integration.latency": lambda x: _milliseconds(x.integration_latency),
    "integration.requestId": lambda x: x.worker_request_id,
    "integration.status": lambda x: _text(x.integration_status),
    "integrationErrorMessage": lambda x: x.integration_error,
    "integrationLatency": lambda x: _milliseconds(x.integration_latency),
    "integrationStatus": lambda x: _text(x.integration_status),
    "path": lambda x: x.whole_path,
    "protocol": lambda x: x.protocol,
    "requestId": lambda x: x.request_id,
    "requestTime": lambda x: request_time(int(x.received_at)),
    "requestTimeEpoch": lambda x: str(round(x.received_at * 1000)),
    "resourceId": lambda x: x.method.resource_id if x.method else None,
    "resourcePath": lambda x: x.method.resource_path if x.method else None,
    "responseLatency": lambda x: _milliseconds(time.perf_counter() - x.started),
    "responseLength": lambda x: str(x.response_length),
    "stage": lambda x: x.stage.name,
    "status": lambda x: str(x.status),
    "tlsVersion": lambda x: x.tls.version if x.tls else None,
    "waf.latency": lambda x: _milliseconds(x.waf.seconds) if x.waf else None,
    "waf.status": _waf_status,
    "wafResponseCode": lambda x: f"WAF_{x.waf.action}" if x.waf else None,
    "webaclArn": _web_acl,
    "xrayTraceId": lambda x: x.trace_root if x.stage.traced else None,
}
