"""Web ACLs through boto3, where moto alone is too lenient or forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Clients = Callable[[str], Any]

REGIONAL = "REGIONAL"
LOG_GROUP = "arn:aws:logs:eu-west-1:444444444444:log-group"
VISIBILITY = {
    "SampledRequestsEnabled": False,
    "CloudWatchMetricsEnabled": True,
    "MetricName": "shop",
}
QUERY: Mapping[str, Any] = {"QueryString": {}}
JSON_BODY = {"JsonBody": {"MatchPattern": {"All": {}}, "MatchScope": "ALL"}}
AS_IT_IS = [{"Priority": 0, "Type": "NONE"}]
DECODED = [{"Priority": 0, "Type": "URL_DECODE"}]


def rule(name: str, statement: Mapping[str, Any], priority: int = 1) -> dict[str, Any]:
    return {
        "Name": name,
        "Priority": priority,
        "Statement": statement,
        "Action": {"Block": {}},
        "VisibilityConfig": {**VISIBILITY, "MetricName": name},
    }


def group(name: str) -> dict[str, Any]:
    return {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name}}


def make(waf: Any, *rules: Mapping[str, Any], name: str = "shop", **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = waf.create_web_acl(
        Name=name,
        Scope=REGIONAL,
        DefaultAction={"Allow": {}},
        VisibilityConfig=VISIBILITY,
        Rules=list(rules),
        **more,
    )["Summary"]
    return answer


def read(waf: Any, summary: Mapping[str, Any]) -> dict[str, Any]:
    found = waf.get_web_acl(Name=summary["Name"], Id=summary["Id"], Scope=REGIONAL)
    acl: dict[str, Any] = found["WebACL"]
    return acl


def update(waf: Any, summary: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> None:
    waf.update_web_acl(
        Name=summary["Name"],
        Id=summary["Id"],
        Scope=REGIONAL,
        DefaultAction={"Allow": {}},
        VisibilityConfig=VISIBILITY,
        Rules=rules,
        LockToken=summary["LockToken"],
    )


@pytest.fixture
def stage_arn(client: Clients) -> str:
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="shop")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    gateway.create_deployment(restApiId=api, stageName="live")
    return f"arn:aws:apigateway:eu-west-1::/restapis/{api}/stages/live"


COSTS: Mapping[str, tuple[Mapping[str, Any], int]] = {
    "managed": (group("AWSManagedRulesCommonRuleSet"), 700),
    "sql": ({"SqliMatchStatement": {"FieldToMatch": QUERY, "TextTransformations": DECODED}}, 30),
    "scripts": (
        {"XssMatchStatement": {"FieldToMatch": JSON_BODY, "TextTransformations": AS_IT_IS}},
        80,
    ),
    "key": (
        {
            "RateBasedStatement": {
                "Limit": 100,
                "AggregateKeyType": "CUSTOM_KEYS",
                "CustomKeys": [{"Header": {"Name": "x-api-key", "TextTransformations": AS_IT_IS}}],
            }
        },
        32,
    ),
    "elsewhere": (
        {"NotStatement": {"Statement": {"GeoMatchStatement": {"CountryCodes": ["NL"]}}}},
        1,
    ),
}


@pytest.mark.mends("wafv2:CreateWebACL")
def test_rules_cost_capacity(client: Clients) -> None:
    waf = client("wafv2")
    rules = [
        rule(name, statement, priority)
        for priority, (name, (statement, _)) in enumerate(COSTS.items())
    ]
    summary = make(waf, *rules)
    assert read(waf, summary)["Capacity"] == sum(units for _, units in COSTS.values())
    update(waf, summary, rules[:1])
    assert read(waf, summary)["Capacity"] == 700
    common = [rule(f"group-{n}", group("AWSManagedRulesCommonRuleSet"), n) for n in range(8)]
    with pytest.raises(waf.exceptions.WAFLimitsExceededException):
        make(waf, *common, name="large")
    with pytest.raises(waf.exceptions.WAFInvalidParameterException, match="same priority"):
        make(waf, rules[0], {**rules[1], "Priority": 0}, name="twice")
    assert [each["Name"] for each in waf.list_web_acls(Scope=REGIONAL)["WebACLs"]] == ["shop"]


@pytest.mark.mends("wafv2:GetWebACL")
def test_protected_fields_are_kept(client: Clients) -> None:
    waf = client("wafv2")
    field = {"FieldType": "SINGLE_HEADER", "FieldKeys": ["x-api-key"]}
    protection = {"DataProtections": [{"Field": field, "Action": "HASH"}]}
    summary = make(waf, DataProtectionConfig=protection)
    assert read(waf, summary)["DataProtectionConfig"] == protection


@pytest.mark.mends("wafv2:UpdateWebACL")
def test_all_rules_can_be_taken_out(client: Clients) -> None:
    waf = client("wafv2")
    summary = make(waf, rule("sql", COSTS["sql"][0]))
    update(waf, summary, [])
    assert read(waf, summary)["Rules"] == []


@pytest.mark.mends("wafv2:DeleteWebACL")
def test_a_web_acl_before_a_stage_is_not_deleted(client: Clients, stage_arn: str) -> None:
    waf = client("wafv2")
    summary = make(waf)
    waf.associate_web_acl(WebACLArn=summary["ARN"], ResourceArn=stage_arn)
    named = {name: summary[name] for name in ("Name", "Id", "LockToken")}
    with pytest.raises(waf.exceptions.WAFAssociatedItemException):
        waf.delete_web_acl(**named, Scope=REGIONAL)
    waf.disassociate_web_acl(ResourceArn=stage_arn)
    waf.delete_web_acl(**named, Scope=REGIONAL)


@pytest.mark.mends("wafv2:DeleteIPSet")
def test_a_set_of_addresses_in_use_is_not_deleted(client: Clients) -> None:
    waf = client("wafv2")
    addresses = waf.create_ip_set(
        Name="deny", Scope=REGIONAL, IPAddressVersion="IPV4", Addresses=["203.0.113.0/24"]
    )["Summary"]
    denying = rule("deny", {"IPSetReferenceStatement": {"ARN": addresses["ARN"]}})
    summary = make(waf, denying)
    named = {name: addresses[name] for name in ("Name", "Id", "LockToken")}
    with pytest.raises(waf.exceptions.WAFAssociatedItemException):
        waf.delete_ip_set(**named, Scope=REGIONAL)
    waf.delete_web_acl(
        Name="shop", Id=summary["Id"], Scope=REGIONAL, LockToken=summary["LockToken"]
    )
    waf.delete_ip_set(**named, Scope=REGIONAL)


@pytest.mark.mends("wafv2:AssociateWebACL")
def test_a_stage_has_one_web_acl(client: Clients, stage_arn: str) -> None:
    waf = client("wafv2")
    for name in ("first", "second"):
        arn = make(waf, name=name)["ARN"]
        waf.associate_web_acl(WebACLArn=arn, ResourceArn=stage_arn)
    assert waf.get_web_acl_for_resource(ResourceArn=stage_arn)["WebACL"]["Name"] == "second"
    with pytest.raises(waf.exceptions.WAFNonexistentItemException):
        waf.associate_web_acl(WebACLArn=arn, ResourceArn=f"{stage_arn}-of-nobody")


@pytest.mark.mends("wafv2:ListResourcesForWebACL")
def test_stages_behind_a_web_acl_are_listed(client: Clients, stage_arn: str) -> None:
    waf = client("wafv2")
    arn = make(waf)["ARN"]
    waf.associate_web_acl(WebACLArn=arn, ResourceArn=stage_arn)
    stages = waf.list_resources_for_web_acl(WebACLArn=arn, ResourceType="API_GATEWAY")
    assert stages["ResourceArns"] == [stage_arn]
    assert waf.list_resources_for_web_acl(WebACLArn=arn)["ResourceArns"] == []
    api, _, stage = stage_arn.partition("/restapis/")[2].partition("/stages/")
    client("apigateway").delete_stage(restApiId=api, stageName=stage)
    stages = waf.list_resources_for_web_acl(WebACLArn=arn, ResourceType="API_GATEWAY")
    assert stages["ResourceArns"] == []


@pytest.mark.mends("wafv2:PutLoggingConfiguration")
def test_logs_go_to_a_group_of_the_right_name(client: Clients) -> None:
    waf = client("wafv2")

    def log(to: str, of: str) -> None:
        waf.put_logging_configuration(
            LoggingConfiguration={"ResourceArn": of, "LogDestinationConfigs": [to]}
        )

    arn = make(waf)["ARN"]
    log(f"{LOG_GROUP}:aws-waf-logs-shop", arn)
    with pytest.raises(waf.exceptions.WAFInvalidParameterException, match="ARN isn't valid"):
        log(f"{LOG_GROUP}:/waf/shop", arn)
    with pytest.raises(waf.exceptions.WAFNonexistentItemException):
        log(f"{LOG_GROUP}:aws-waf-logs-shop", f"{arn}-of-nobody")
