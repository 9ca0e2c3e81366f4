"""modules/waf: what is deployed before the APIs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from harness.terraform import TerraformError
from harness.testing import pci, rejects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.testing import AppliedRoot, Clients, PlannedRoot, Planner

MODULE = "modules/waf"
WEB_ACL = "module.waf.aws_wafv2_web_acl.apis"
NAME = "payments-edge"


def in_days(days: int) -> str:
    """A date as RFC 3339 writes it; whole days, so that plans of one day are remembered."""
    day = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return f"{day + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


BASELINE: Mapping[str, Mapping[str, Any]] = {
    "common": {"name": "AWSManagedRulesCommonRuleSet", "version": "Version_1.20", "capacity": 700},
    "ip-reputation": {"name": "AWSManagedRulesAmazonIpReputationList", "capacity": 25},
    "known-bad-inputs": {
        "name": "AWSManagedRulesKnownBadInputsRuleSet",
        "version": "Version_1.25",
        "capacity": 200,
    },
    "linux": {"name": "AWSManagedRulesLinuxRuleSet", "version": "Version_2.6", "capacity": 200},
    "sql-database": {
        "name": "AWSManagedRulesSQLiRuleSet",
        "version": "Version_2.3",
        "capacity": 200,
    },
}
UNPINNED = {**BASELINE, "common": {**BASELINE["common"], "version": None}}
PINNED_LIST = {**BASELINE, "ip-reputation": {**BASELINE["ip-reputation"], "version": "Version_1"}}
EXPIRED_RULE = {
    **BASELINE,
    "common": {**BASELINE["common"], "rules_counted_until": {"NoUserAgent_HEADER": in_days(-1)}},
}

REFUSED: Mapping[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", '"aws-waf-logs-" and such a name alone'),
    "host_in_a_network": ("addresses", {"deny": ["203.0.113.7/24"]}, "no bits set behind it"),
    "everybody": ("addresses", {"allow": ["0.0.0.0/0"]}, '"/0" would be everybody'),
    "no_network": ("addresses", {"deny": ["203.0.113.7"]}, "in CIDR notation"),
    "allowed_and_denied": (
        "addresses",
        {"allow": ["203.0.113.0/24"], "deny": ["203.0.113.0/24"]},
        "take 203.0.113.0/24 out of one",
    ),
    "long_country": ("countries", {"only": ["Netherlands"]}, "two capital letters"),
    "only_and_never": ("countries", {"only": ["NL"], "never": ["KP"]}, "either `only` or `never`"),
    "body_beyond_inspection": ("body_limit_bytes", 16385, "what isn't inspected isn't let in"),
    "odd_window": ("rate_limits", {"window_seconds": 90}, "over 60, 120, 300 or 600 seconds"),
    "tiny_rate": ("rate_limits", {"by_address": 9}, "10 to 2000000000 requests"),
    "other_signature": ("signatures", ["path-traversal"], "signatures are"),
    "capital_group": (
        "managed_rule_groups",
        {**BASELINE, "PHP": {"name": "Custom", "version": "1", "capacity": 1}},
        "short name has 2 to 40 lower-case letters",
    ),
    "floating_group": ("managed_rule_groups", UNPINNED, "Pin the version of every managed group"),
    "pinned_list": ("managed_rule_groups", PINNED_LIST, "AnonymousIpList have none"),
    "no_baseline": (
        "managed_rule_groups",
        {name: group for name, group in BASELINE.items() if name != "linux"},
        "The baseline stays",
    ),
    "rule_counted_too_long": ("managed_rule_groups", EXPIRED_RULE, "Where one has passed"),
    "no_such_rule": (
        "count_until",
        {"allow-addresses": in_days(7)},
        "There are: body-size, deny-addresses,",
    ),
    "counted_too_long": ("count_until", {"body-size": in_days(-1)}, "let the rule block again"),
    "counted_for_ever": ("count_until", {"body-size": in_days(92)}, "at most 90 days ahead"),
    "no_date": ("count_until", {"body-size": "soon"}, "as RFC 3339 writes them"),
    "beyond_aws": ("maximum_capacity", 5001, "at most 5000 units"),
    "short_logs": ("logs", {"retention_days": 7}, "three months at hand"),
    "hasty_key": ("key_deletion_window_days", 3, "AWS waits 7 to 30 days"),
    "alarm_at_zero": ("alarm_blocked_requests", 0, "somebody always tries"),
}


def rounds() -> Iterator[list[str]]:
    """Share the cases out, a variable once a round: one plan refuses them all.

    Names of rules come from what the rules are made of, which must be right while they are judged.
    """
    made_of = {"countries", "managed_rule_groups", "rate_limits", "signatures"}
    left = dict(REFUSED)
    while left:
        names_are_judged = "count_until" in {variable for variable, _, _ in left.values()}
        taken: dict[str, str] = {}
        for case, (variable, _, _) in left.items():
            if not (names_are_judged and variable in made_of):
                taken.setdefault(variable, case)
        for case in taken.values():
            del left[case]
        yield list(taken.values())


@pytest.mark.parametrize("cases", list(rounds()), ids="-".join)
def test_invalid_input_is_refused(plan: Planner, cases: Sequence[str]) -> None:
    given = {REFUSED[case][0]: REFUSED[case][1] for case in cases}
    with pytest.raises(TerraformError) as refusal:
        plan(MODULE, {"name": NAME, **given})
    for variable, _, words in (REFUSED[case] for case in cases):
        with rejects(variable=variable, match=re.escape(words)):
            raise refusal.value


def test_rules_beyond_the_capacity_are_refused_by_name(plan: Planner) -> None:
    with rejects(variable="maximum_capacity", match="need 1644 units") as refusal:
        plan(MODULE, name=NAME, signatures=["cross-site-scripting", "sql-injection"])
    for part in ("cross-site-scripting 180", "managed-common 700", "rate-by-api-key 32"):
        assert part in str(refusal).replace("\n", " ")


def test_the_capacity_is_what_aws_counts(plan: Planner, applied_waf: AppliedRoot) -> None:
    counted = applied_waf.one(WEB_ACL)["capacity"]
    with rejects(variable="maximum_capacity", match=f"need {counted} units"):
        plan(
            MODULE,
            name=NAME,
            countries={"never": ["KP"]},
            rate_limits={"by_forwarded_address": {"requests": 3000}},
            maximum_capacity=1,
        )


@pytest.fixture
def deployed(applied_waf: AppliedRoot) -> Mapping[str, Any]:
    """The web ACL as AWS tells it."""
    acl = applied_waf.one(WEB_ACL)
    waf = applied_waf.client("wafv2")
    found: dict[str, Any] = waf.get_web_acl(Name=NAME, Id=acl["id"], Scope="REGIONAL")["WebACL"]
    return found


IN_ORDER = (
    "deny-addresses",
    "body-size",
    "sql-injection",
    "managed-common",
    "managed-known-bad-inputs",
    "managed-linux",
    "managed-sql-database",
    "allow-addresses",
    "countries",
    "managed-ip-reputation",
    "rate-by-address",
    "rate-by-forwarded-address",
    "rate-by-api-key",
)


@pci("6.4.2")
def test_every_rule_is_deployed_once_in_order_and_blocks(deployed: Mapping[str, Any]) -> None:
    rules = sorted(deployed["Rules"], key=lambda rule: rule["Priority"])
    assert tuple(rule["Name"] for rule in rules) == IN_ORDER
    assert len({rule["Priority"] for rule in rules}) == len(rules)
    for rule in rules:
        name, action, override = rule["Name"], rule.get("Action"), rule.get("OverrideAction")
        if name.startswith("managed-"):
            assert (action, override) == (None, {"None": {}}), name
        else:
            wanted = "Allow" if name == "allow-addresses" else "Block"
            assert (list(action), override) == ([wanted], None), name
        assert rule["VisibilityConfig"]["MetricName"] == name


def statement(deployed: Mapping[str, Any], rule: str) -> Mapping[str, Any]:
    (found,) = (each for each in deployed["Rules"] if each["Name"] == rule)
    content: Mapping[str, Any] = found["Statement"]
    return content


@pci("6.4.2")
def test_groups_of_the_baseline_are_pinned(deployed: Mapping[str, Any]) -> None:
    for name, group in BASELINE.items():
        content = statement(deployed, f"managed-{name}")["ManagedRuleGroupStatement"]
        assert (content["Name"], content.get("Version")) == (group["name"], group.get("version"))


def test_a_body_that_is_not_seen_whole_is_too_large(deployed: Mapping[str, Any]) -> None:
    content = statement(deployed, "body-size")["SizeConstraintStatement"]
    assert (content["ComparisonOperator"], content["Size"]) == ("GT", 8192)
    assert content["FieldToMatch"] == {"Body": {"OversizeHandling": "MATCH"}}


def test_rates_are_counted_by_address_forwarded_address_and_key(
    deployed: Mapping[str, Any],
) -> None:
    rates = {
        name: statement(deployed, name)["RateBasedStatement"]
        for name in IN_ORDER
        if name.startswith("rate-")
    }
    assert {name: (rate["AggregateKeyType"], rate["Limit"]) for name, rate in rates.items()} == {
        "rate-by-address": ("IP", 3000),
        "rate-by-forwarded-address": ("FORWARDED_IP", 3000),
        "rate-by-api-key": ("CUSTOM_KEYS", 6000),
    }
    assert {rate["EvaluationWindowSec"] for rate in rates.values()} == {60}
    (key,) = rates["rate-by-api-key"]["CustomKeys"]
    assert key["Header"]["Name"] == "x-api-key"
    forwarded = rates["rate-by-forwarded-address"]["ForwardedIPConfig"]
    assert forwarded == {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"}


def test_denied_networks_are_in_the_sets_that_the_rule_names(
    applied_waf: AppliedRoot, deployed: Mapping[str, Any]
) -> None:
    named = {
        each["IPSetReferenceStatement"]["ARN"]
        for each in statement(deployed, "deny-addresses")["OrStatement"]["Statements"]
    }
    sets = [item for item in applied_waf.found.all("aws_wafv2_ip_set") if item["arn"] in named]
    assert {item["ip_address_version"]: item["addresses"] for item in sets} == {
        "IPV4": ["203.0.113.0/24"],
        "IPV6": ["2001:db8:bad::/48"],
    }


SECRETS = {"authorization", "cookie", "x-amz-security-token", "x-api-key"}
FREE_TEXT = {"user-agent", "referer", "x-forwarded-for", "x-request-id", "traceparent"}


@pci("8.3.2", "3.3.1")
def test_no_secret_and_no_free_text_reaches_log_or_samples(
    applied_waf: AppliedRoot, deployed: Mapping[str, Any]
) -> None:
    logging = applied_waf.client("wafv2").get_logging_configuration(ResourceArn=deployed["ARN"])
    redacted = logging["LoggingConfiguration"]["RedactedFields"]
    headers = {each["SingleHeader"]["Name"] for each in redacted if "SingleHeader" in each}
    assert headers > SECRETS | FREE_TEXT
    assert {"QueryString": {}} in redacted
    assert {"UriPath": {}} in redacted
    protected = deployed["DataProtectionConfig"]["DataProtections"]
    fields = {
        (each["Field"]["FieldType"], key)
        for each in protected
        for key in each["Field"].get("FieldKeys") or [""]
    }
    assert fields == {
        *(("SINGLE_HEADER", name) for name in headers),
        ("BODY", ""),
        ("QUERY_STRING", ""),
    }
    for protection in protected:
        assert not protection.get("ExcludeRuleMatchDetails")
        assert not protection.get("ExcludeRateBasedDetails")
    seen = [deployed, *deployed["Rules"]]
    assert not [each for each in seen if each["VisibilityConfig"]["SampledRequestsEnabled"]]


@pci("10.2.1", "10.5.1")
def test_what_rules_refused_or_counted_is_logged_encrypted_for_a_known_time(
    applied_waf: AppliedRoot, deployed: Mapping[str, Any]
) -> None:
    group = applied_waf.one("aws_cloudwatch_log_group")
    key = applied_waf.one("aws_kms_key")
    group.expect(name=f"aws-waf-logs-{NAME}", retention_in_days=365, kms_key_id=key["arn"])
    logging = applied_waf.client("wafv2").get_logging_configuration(ResourceArn=deployed["ARN"])
    configuration = logging["LoggingConfiguration"]
    assert configuration["LogDestinationConfigs"] == [group["arn"]]
    kept = configuration["LoggingFilter"]
    assert kept["DefaultBehavior"] == "DROP"
    (filter_,) = kept["Filters"]
    assert (filter_["Behavior"], filter_["Requirement"]) == ("KEEP", "MEETS_ANY")
    actions = {each["ActionCondition"]["Action"] for each in filter_["Conditions"]}
    assert actions == {"BLOCK", "COUNT"}
    policy = json.loads(applied_waf.one("aws_cloudwatch_log_resource_policy")["policy_document"])
    (statement,) = policy["Statement"]
    assert statement["Resource"] == f"{group['arn']}:log-stream:*"
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "555555555555"}


@pci("10.7.2")
def test_alarms_sound_on_attacks_floods_and_silence(applied_waf: AppliedRoot) -> None:
    alarms = {item["alarm_name"]: item for item in alarms_of(applied_waf.found)}
    rates = [name for name in IN_ORDER if name.startswith("rate-")]
    assert set(alarms) == {f"{NAME}-waf-{name}" for name in ("blocked", "unlogged", *rates)}
    where = {"Region": "eu-west-1", "WebACL": NAME}
    blocked = alarms[f"{NAME}-waf-blocked"]
    blocked.expect(
        metric_name="BlockedRequests", dimensions={**where, "Rule": "ALL"}, threshold=500
    )
    for name in rates:
        alarm = alarms[f"{NAME}-waf-{name}"]
        alarm.expect(metric_name="BlockedRequests", dimensions={**where, "Rule": name}, threshold=0)
    queries = {each["id"]: each for each in alarms[f"{NAME}-waf-unlogged"]["metric_query"]}
    (lines,) = queries["lines"]["metric"]
    assert lines["metric_name"] == "IncomingLogEvents"
    assert lines["dimensions"] == {"LogGroupName": f"aws-waf-logs-{NAME}"}
    assert queries["unlogged"]["expression"] == ("IF(FILL(lines, 0) == 0, FILL(blocked, 0), 0)")


def alarms_of(planned: PlannedRoot) -> Iterator[Any]:
    yield from planned.all("aws_cloudwatch_metric_alarm")


def test_rules_count_until_a_date_and_are_alarmed_by_what_they_count(plan: Planner) -> None:
    planned = plan(
        MODULE,
        name=NAME,
        addresses={"allow": ["198.51.100.0/24"]},
        countries={"only": ["NL", "DE"]},
        signatures=["cross-site-scripting"],
        count_until={"rate-by-address": in_days(7), "managed-common": in_days(7)},
        managed_rule_groups={
            **BASELINE,
            "linux": {**BASELINE["linux"], "rules_counted_until": {"LFI_HEADER": in_days(7)}},
        },
        maximum_capacity=1600,
    )
    rules = {rule["name"]: rule for rule in planned.one("aws_wafv2_web_acl.apis")["rule"]}
    assert rules["rate-by-address"]["action"][0]["count"]
    assert not rules["rate-by-address"]["action"][0]["block"]
    assert rules["rate-by-api-key"]["action"][0]["block"]
    assert rules["managed-common"]["override_action"][0]["count"]
    assert rules["managed-linux"]["override_action"][0]["none"]
    (group,) = rules["managed-linux"]["statement"][0]["managed_rule_group_statement"]
    (override,) = group["rule_action_override"]
    assert (override["name"], bool(override["action_to_use"][0]["count"])) == ("LFI_HEADER", True)
    (elsewhere,) = rules["countries"]["statement"][0]["not_statement"]
    (geo,) = elsewhere["statement"][0]["geo_match_statement"]
    assert geo["country_codes"] == ["DE", "NL"]
    (scripts,) = rules["cross-site-scripting"]["statement"][0]["or_statement"]
    assert len(scripts["statement"]) == 3
    assert "sql-injection" not in rules
    rate = planned.one('aws_cloudwatch_metric_alarm.rate["rate-by-address"]')
    rate.expect(metric_name="CountedRequests")


def count_instead_of_blocking(clients: Clients) -> None:
    waf = clients.client("wafv2")
    (summary,) = (
        each for each in waf.list_web_acls(Scope="REGIONAL")["WebACLs"] if each["Name"] == NAME
    )
    found = waf.get_web_acl(Name=NAME, Id=summary["Id"], Scope="REGIONAL")
    acl = found["WebACL"]
    for rule in acl["Rules"]:
        if rule["Name"] == "sql-injection":
            rule["Action"] = {"Count": {}}
    kept = ("Description", "DefaultAction", "VisibilityConfig", "DataProtectionConfig", "Rules")
    waf.update_web_acl(
        Name=NAME,
        Id=summary["Id"],
        Scope="REGIONAL",
        LockToken=found["LockToken"],
        **{name: acl[name] for name in kept},
    )


def test_a_rule_that_was_made_to_count_is_noticed(applied_waf: AppliedRoot) -> None:
    applied_waf.tamper(count_instead_of_blocking)
    applied_waf.assert_drift(WEB_ACL)
    applied_waf.repair()
