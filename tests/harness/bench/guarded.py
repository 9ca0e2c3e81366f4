"""A deployed API behind a web ACL, with as many routes and rules as one likes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.bench import route
from harness.testing.web_acls import (
    JSON,
    PATH,
    QUERY,
    contains,
    either,
    larger_than,
    looks_at,
    managed,
    rate,
    rule,
    steps,
    web_acl,
)

if TYPE_CHECKING:
    from collections.abc import Callable

FEWEST_RULES = 5
_NO_LIMIT = 2_000_000_000
_LOG_GROUP = "aws-waf-logs-bench"
_SECURITY = {
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
}
_KEY = {"Header": {"Name": "x-api-key", "TextTransformations": steps()}}
_HEADER = {"SingleHeader": {"Name": "user-agent"}}


class Guarded:
    """Deploys variants of one API, all called by the same role.

    Args:
        client: makes clients of the account.
    """

    def __init__(self, client: Callable[[str], Any], region: str, account_id: str) -> None:
        self._client = client
        self._region = region
        self._account_id = account_id
        self._credentials = route.caller(client)
        client("logs").create_log_group(logGroupName=_LOG_GROUP)

    def deploy(self, *, routes: int, rules: int) -> tuple[route.Route, str]:
        """Deploy an API with its own web ACL; gives it with the path of a route in the middle."""
        gateway = self._client("apigateway")
        api_id = gateway.import_rest_api(body=json.dumps(_definition(routes)))["id"]
        gateway.create_deployment(restApiId=api_id, stageName=route.STAGE)
        self._guard(api_id, rules)
        deployed = route.Route(api_id, route.key(gateway, api_id), self._credentials, self._region)
        return deployed, f"/merchants/m_bench/thing{routes // 2}/1"

    def _guard(self, api_id: str, rules: int) -> None:
        waf = self._client("wafv2")
        created = waf.create_web_acl(**web_acl(_rules(rules), name=f"bench-{api_id}"))
        arn = created["Summary"]["ARN"]
        group = f"arn:aws:logs:{self._region}:{self._account_id}:log-group:{_LOG_GROUP}"
        waf.put_logging_configuration(
            LoggingConfiguration={"ResourceArn": arn, "LogDestinationConfigs": [group]}
        )
        stage = f"arn:aws:apigateway:{self._region}::/restapis/{api_id}/stages/{route.STAGE}"
        waf.associate_web_acl(WebACLArn=arn, ResourceArn=stage)


def _definition(routes: int) -> dict[str, Any]:
    operation = {
        "security": [{"sigv4": [], "api_key": []}],
        "responses": {"200": {"description": "ok"}},
        "requestBody": {
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Payment"}}}
        },
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {
                "default": {
                    "statusCode": "200",
                    "responseTemplates": {"application/json": '{"state":"authorized"}'},
                }
            },
        },
    }
    schema = {name: value for name, value in route.SCHEMA.items() if name != "$schema"}
    everything = {"validateRequestBody": True, "validateRequestParameters": True}
    return {
        "openapi": "3.0.3",
        "info": {"title": f"bench {routes}", "version": "1"},
        "paths": {
            f"/merchants/{{merchant_id}}/thing{number}/{{thing_id}}": {"post": operation}
            for number in range(routes)
        },
        "components": {"securitySchemes": _SECURITY, "schemas": {"Payment": schema}},
        "x-amazon-apigateway-request-validators": {"all": everything},
    }


def _rules(number: int) -> list[dict[str, Any]]:
    """Five that inspect everything there is, and more of the kinds that people add."""
    signatures = [
        rule(
            name,
            either(
                *({kind: looks_at(field, "URL_DECODE")} for field in (QUERY, PATH)),
                {kind: looks_at(JSON)},
            ),
        )
        for name, kind in (
            ("sql-injection", "SqliMatchStatement"),
            ("cross-site-scripting", "XssMatchStatement"),
        )
    ]
    few = [
        rule("body-size", larger_than(8192, {"Body": {"OversizeHandling": "MATCH"}})),
        *signatures,
        rule("managed-common", managed("AWSManagedRulesCommonRuleSet", "Version_1.19")),
        rule("rate-by-api-key", rate(_NO_LIMIT, kind="CUSTOM_KEYS", CustomKeys=[_KEY])),
    ]
    more = [_further(each) for each in range(number - len(few))]
    return [*few, *more]


def _further(number: int) -> dict[str, Any]:
    kinds = (
        contains(f"/secret-{number}", PATH, "URL_DECODE", "LOWERCASE"),
        contains(f"scanner-{number}", _HEADER, "LOWERCASE"),
        {"RegexMatchStatement": {"RegexString": f"(?i)bad-?bot{number}$", **looks_at(_HEADER)}},
        contains(f"parameter{number}=", QUERY, "URL_DECODE"),
        contains(f"forbidden {number}", JSON),
    )
    return rule(f"further-{number}", kinds[number % len(kinds)])
