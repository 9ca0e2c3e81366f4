"""The deployed web ACL in front of a deployed API: answers, log records, metrics, reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.edge import Edge, EdgeError
from harness.monitored import statistics
from harness.testing.web_acls import (
    JSON,
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
    from collections.abc import Iterator

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS

ACCOUNT, REGION = "444444444444", "eu-west-1"
WAF_GROUP, ACCESS_GROUP = "aws-waf-logs-payments", "/access"
PROBLEM = '{"type":"about:blank","status":403,"code":"$context.error.responseType"}'
ACCESS = {
    "id": "$context.requestId",
    "waf": "$context.wafResponseCode",
    "status": "$context.waf.status",
    "acl": "$context.webaclArn",
    "type": "$context.error.responseType",
}
SECRET = "merchant-key-of-no-plan"
RULES = [
    rule("countries", {"GeoMatchStatement": {"CountryCodes": ["KP"]}}),
    rule("body-size", larger_than(1000, {"Body": {"OversizeHandling": "MATCH"}})),
    rule(
        "sql-injection",
        either(*({"SqliMatchStatement": looks_at(field, "URL_DECODE")} for field in (QUERY, JSON))),
        labels=["attack"],
    ),
    rule("watched", contains("watched"), "Count"),
    rule("managed-common", managed("AWSManagedRulesCommonRuleSet", "Version_1.19")),
    rule(
        "rate-by-api-key",
        rate(
            10,
            600,
            kind="CUSTOM_KEYS",
            CustomKeys=[{"Header": {"Name": "x-api-key", "TextTransformations": steps()}}],
        ),
    ),
]


@pytest.fixture(scope="module")
def acl_arn(deployer: Deployer) -> str:
    logs, waf = deployer.client("logs"), deployer.client("wafv2")
    for group in (WAF_GROUP, ACCESS_GROUP):
        logs.create_log_group(logGroupName=group)
    arn: str = waf.create_web_acl(**web_acl(RULES))["Summary"]["ARN"]
    waf.put_logging_configuration(
        LoggingConfiguration={
            "ResourceArn": arn,
            "LogDestinationConfigs": [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{WAF_GROUP}"],
            "RedactedFields": [{"SingleHeader": {"Name": "X-Api-Key"}}],
        }
    )
    return arn


@pytest.fixture(scope="module")
def api_id(deployer: Deployer, acl_arn: str) -> str:
    """An API with two stages: `live` behind the web ACL, `bare` behind none."""
    signed = deployer.operation(deployer.mock(), "sigv4")
    made = deployer.api(
        {
            "/pets": {"get": deployer.operation(deployer.mock()), "post": signed},
        },
        extensions={
            "gateway-responses": {
                "WAF_FILTERED": {
                    "statusCode": 403,
                    "responseParameters": {
                        "gatewayresponse.header.content-type": "'application/problem+json'"
                    },
                    "responseTemplates": {"application/json": PROBLEM},
                }
            }
        },
    )
    for stage in ("live", "bare"):
        deployer.deploy(made, stage)
        deployer.client("apigateway").update_stage(
            restApiId=made,
            stageName=stage,
            patchOperations=[
                {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
                for name, value in {
                    "destinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{ACCESS_GROUP}",
                    "format": json.dumps(ACCESS),
                }.items()
            ],
        )
    deployer.client("wafv2").associate_web_acl(
        WebACLArn=acl_arn, ResourceArn=f"arn:aws:apigateway:{REGION}::/restapis/{made}/stages/live"
    )
    return made


@pytest.fixture(scope="module")
def guarded(aws: EmbeddedAWS, api_id: str) -> Iterator[Edge]:
    with Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region=REGION,
        environment=aws.environment(ACCOUNT),
        countries={"127.0.0.0/8": "DE"},
    ) as running:
        assert api_id
        yield running


@pytest.fixture(scope="module")
def url(guarded: Edge, api_id: str) -> str:
    return guarded.invoke_url(api_id, "live")


def records(deployer: Deployer, guarded: Edge, answer: httpx.Response) -> list[dict[str, Any]]:
    """The WAF log records of one request."""
    return [
        record
        for record in logged(deployer, guarded, WAF_GROUP)
        if record["httpRequest"]["requestId"] == answer.headers["x-amzn-requestid"]
    ]


def logged(deployer: Deployer, guarded: Edge, group: str) -> list[dict[str, Any]]:
    guarded.flush_logs()
    events = deployer.client("logs").filter_log_events(logGroupName=group)["events"]
    return [json.loads(event["message"]) for event in events]


def test_a_blocked_request_gets_the_deployed_answer(url: str, http: httpx.Client) -> None:
    answer = http.get(url + "/pets", params={"q": "1' or '1'='1"})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"type": "about:blank", "status": 403, "code": "WAF_FILTERED"}
    assert http.get(url + "/pets", params={"q": "O'Brien"}).status_code == 200


@pytest.mark.parametrize(("verb", "path"), [("POST", "/pets"), ("GET", "/nothing-deployed-here")])
def test_it_comes_before_signature_and_route(
    url: str, http: httpx.Client, verb: str, path: str
) -> None:
    refused = http.request(verb, url + path)
    assert refused.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    blocked = http.request(verb, url + path, params={"q": "1 or 1=1"})
    assert blocked.json()["code"] == "WAF_FILTERED"


def test_a_stage_without_a_web_acl_blocks_nothing(
    guarded: Edge, api_id: str, http: httpx.Client
) -> None:
    bare = guarded.invoke_url(api_id, "bare")
    assert http.get(bare + "/pets", params={"q": "1 or 1=1"}).status_code == 200


def test_the_record_says_what_was_seen(
    deployer: Deployer, guarded: Edge, url: str, http: httpx.Client, acl_arn: str, api_id: str
) -> None:
    answer = http.get(
        url + "/pets?watched&q=1+or+1%3D1", headers={"X-Api-Key": SECRET, "User-Agent": "me"}
    )
    (record,) = records(deployer, guarded, answer)
    request = record.pop("httpRequest")
    headers = {each["name"]: each["value"] for each in request.pop("headers")}
    assert headers["x-api-key"] == "REDACTED"
    assert headers["user-agent"] == "me"
    assert SECRET not in json.dumps(record)
    assert request == {
        "clientIp": "127.0.0.1",
        "country": "DE",
        "uri": "/live/pets",
        "args": "watched&q=1+or+1%3D1",
        "httpVersion": "HTTP/1.1",
        "httpMethod": "GET",
        "requestId": answer.headers["x-amzn-requestid"],
    }
    assert isinstance(record.pop("timestamp"), int)
    assert record == {
        "formatVersion": 1,
        "webaclId": acl_arn,
        "terminatingRuleId": "sql-injection",
        "terminatingRuleType": "REGULAR",
        "action": "BLOCK",
        "terminatingRuleMatchDetails": [
            {
                "conditionType": "SQL_INJECTION",
                "location": "QUERY_STRING",
                "sensitivityLevel": "LOW",
                "matchedData": ["=1", "or", "1="],
            }
        ],
        "httpSourceName": "APIGW",
        "httpSourceId": f"{ACCOUNT}:{api_id}:live",
        "ruleGroupList": [],
        "rateBasedRuleList": [],
        "nonTerminatingMatchingRules": [],
        "requestHeadersInserted": None,
        "responseCodeSent": None,
        "labels": [{"name": f"awswaf:{ACCOUNT}:webacl:payments:attack"}],
        "requestBodySize": 0,
        "requestBodySizeInspectedByWAF": 0,
        "notEvaluated": [],
    }


def test_the_record_of_a_request_that_passed_says_what_was_not_evaluated(
    deployer: Deployer, guarded: Edge, url: str, http: httpx.Client
) -> None:
    answer = http.get(url + "/pets?watched")
    (record,) = records(deployer, guarded, answer)
    assert (record["action"], record["terminatingRuleId"]) == ("ALLOW", "Default_Action")
    (counted,) = record["nonTerminatingMatchingRules"]
    assert (counted["ruleId"], counted["action"]) == ("watched", "COUNT")
    (gap,) = record["notEvaluated"]
    assert (gap["ruleId"], gap["ruleGroupId"]) == (
        "managed-common",
        "AWS/AWSManagedRulesCommonRuleSet",
    )


def test_a_body_over_the_limit_is_marked(
    deployer: Deployer, guarded: Edge, url: str, http: httpx.Client
) -> None:
    answer = http.post(url + "/pets", content=b"x" * 17_000)
    (record,) = records(deployer, guarded, answer)
    assert record["terminatingRuleId"] == "body-size"
    assert record["oversizeFields"] == ["REQUEST_BODY"]
    assert (record["requestBodySize"], record["requestBodySizeInspectedByWAF"]) == (17000, 16384)


def test_a_rate_blocks_after_exactly_its_limit(
    deployer: Deployer, guarded: Edge, url: str, http: httpx.Client
) -> None:
    answers = [http.get(url + "/pets", headers={"x-api-key": "k" * 20}) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [403] * 2
    (record,) = records(deployer, guarded, answers[-1])
    assert (record["terminatingRuleId"], record["terminatingRuleType"]) == (
        "rate-by-api-key",
        "RATE_BASED",
    )


def test_access_logs_say_what_the_web_acl_did(
    deployer: Deployer, guarded: Edge, url: str, api_id: str, http: httpx.Client, acl_arn: str
) -> None:
    bare = guarded.invoke_url(api_id, "bare")
    answers = [http.get(each) for each in (f"{url}/pets", f"{url}/pets?1+or+1=1", f"{bare}/pets")]
    lines = {line.pop("id"): line for line in logged(deployer, guarded, ACCESS_GROUP)}
    passed, blocked, bare_line = (lines[a.headers["x-amzn-requestid"]] for a in answers)
    assert passed == {"waf": "WAF_ALLOW", "status": "200", "acl": acl_arn, "type": "-"}
    assert blocked == {"waf": "WAF_BLOCK", "status": "403", "acl": acl_arn, "type": "WAF_FILTERED"}
    assert bare_line == {"waf": "-", "status": "-", "acl": "-", "type": "-"}


def test_what_rules_do_is_measured(
    deployer: Deployer, guarded: Edge, url: str, http: httpx.Client
) -> None:
    guarded.flush_metrics()

    def measured(name: str, which: str) -> float:
        place = {"WebACL": "payments", "Region": REGION, "Rule": which}
        cloudwatch = deployer.client("cloudwatch")
        return float(statistics(cloudwatch, "AWS/WAFV2", name, **place).get("Sum", 0))

    wanted = [
        ("AllowedRequests", "Default_Action", 1),
        ("AllowedRequests", "ALL", 1),
        ("BlockedRequests", "sql-injection", 2),
        ("BlockedRequests", "ALL", 2),
        ("CountedRequests", "watched", 1),
        ("CountedRequests", "ALL", 1),
    ]
    before = [measured(name, which) for name, which, _ in wanted]
    for query in ("watched", "1 or 1=1", "2 or 2=2"):
        http.get(url + "/pets", params={"q": query})
    guarded.flush_metrics()
    after = [measured(name, which) for name, which, _ in wanted]
    assert [late - early for late, early in zip(after, before, strict=True)] == [
        number for _, _, number in wanted
    ]


def test_what_is_not_evaluated_can_be_asked_for(
    guarded: Edge, url: str, http: httpx.Client, api_id: str, acl_arn: str
) -> None:
    (before,) = guarded.web_acls()
    http.get(url + "/pets")
    (report,) = guarded.web_acls()
    assert (report["name"], report["arn"]) == ("payments", acl_arn)
    assert report["stages"] == [f"{api_id}/live"]
    (gap,) = report["not_evaluated"]
    assert (gap["rule"], gap["version"]) == ("managed-common", "Version_1.19")
    assert gap["requests"] == before["not_evaluated"][0]["requests"] + 1


def test_it_is_said_at_the_start(
    aws: EmbeddedAWS, api_id: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region=REGION,
        environment=aws.environment(ACCOUNT),
    ) as running:
        running.reload()
        url = running.invoke_url(api_id, "live")
        assert httpx.get(f"{url}/pets").status_code == 200
        rules = {gap["rule"]: gap["reason"] for gap in running.web_acls()[0]["not_evaluated"]}
    assert rules["countries"] == "nobody can say in which country 127.0.0.1 is"
    said = capfd.readouterr().err
    assert said.count("managed-common (AWS/AWSManagedRulesCommonRuleSet Version_1.19)") == 1
    assert f"{api_id}/live" in said


def test_a_web_acl_that_can_not_be_served_is_refused_with_its_place(
    deployer: Deployer, guarded: Edge, acl_arn: str, api_id: str
) -> None:
    waf = deployer.client("wafv2")
    name, identifier = acl_arn.split("/")[-2:]
    place = {"Name": name, "Id": identifier, "Scope": "REGIONAL"}
    changed = web_acl([rule("asn", {"AsnMatchStatement": {"AsnList": [1]}})])

    def update(document: dict[str, Any]) -> None:
        lock = waf.get_web_acl(**place)["LockToken"]
        settings = {k: document[k] for k in ("DefaultAction", "VisibilityConfig", "Rules")}
        waf.update_web_acl(**place, LockToken=lock, **settings)

    update(changed)
    wanted = f"API {api_id}, stage live: web ACL payments: AWS WAF's AsnMatchStatement in rule asn"
    try:
        with pytest.raises(EdgeError, match=wanted):
            guarded.reload()
    finally:
        update(web_acl(RULES))
        guarded.reload()
