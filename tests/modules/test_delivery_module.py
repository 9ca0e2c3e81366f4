"""modules/delivery: the pipeline that promotes one release, and what its projects may."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import AFTER_APPLY, Options, pci, rejects

if TYPE_CHECKING:
    from harness.testing import PlannedRoot, Planner

MODULE = "modules/delivery"
TOOLING = "333333333333"
IN_TOOLING = Options(account_id=TOOLING)
CONNECTION = f"arn:aws:codestar-connections:eu-west-1:{TOOLING}:connection/0a1b"
ACCOUNTS = {
    "dev": "444444444444",
    "qa": "555555555555",
    "integration": "666666666666",
    "production": "777777777777",
}
GATE: dict[str, Any] = {
    "window": "* * 8-15 ? * MON-THU",
    "alarm_names": ["payments-availability", "payments-latency"],
    "alarm_role_arn": "arn:aws:iam::777777777777:role/payments-gate",
}
GOOD: dict[str, Any] = {
    "name": "payments-delivery",
    "accounts": ACCOUNTS,
    "source_code": {"repository": "example/payment-api-platform"},
    "production_gate": GATE,
}
STAGES = (
    "source",
    "verify",
    "build",
    "dev",
    "qa",
    "integration",
    "prod-plan",
    "prod-approve",
    "prod-deploy",
    "prod-shift",
    "record",
)
LONG = {"minutes": {"integration": 60, "prod-shift": 60, "verify": 60}}

REFUSED: dict[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", "lower-case letters"),
    "short_account": ("accounts", {**ACCOUNTS, "qa": "55555"}, "12 digits"),
    "shared_account": ("accounts", {**ACCOUNTS, "qa": ACCOUNTS["dev"]}, "an account of its own"),
    "pipelines_own_account": (
        "accounts",
        {**ACCOUNTS, "qa": TOOLING},
        "who may change the pipeline must not be in an account that it deploys to",
    ),
    "repository_without_owner": ("source_code", {"repository": "platform"}, "with its owner"),
    "unknown_host": (
        "source_code",
        {"repository": "a/b", "provider_type": "Gitea"},
        'Use "Bitbucket", "GitHub" or "GitLab"',
    ),
    "connection_by_name": (
        "source_code",
        {"repository": "a/b", "connection_arn": "github"},
        "Give the connection by its ARN",
    ),
    "too_many_paths": (
        "source_code",
        {"repository": "a/b", "excluded_paths": [f"p{number}/**" for number in range(9)]},
        "up to 8 patterns",
    ),
    "window_of_five_fields": (
        "production_gate",
        {**GATE, "window": "* 8-15 ? * MON-THU"},
        "Write the window as CodePipeline does",
    ),
    "no_alarm": ("production_gate", {**GATE, "alarm_names": []}, "platform that is failing"),
    "five_alarms": ("production_gate", {**GATE, "alarm_names": list("abcde")}, "five rules"),
    "hasty_approval": ("approval_minutes", 4, "5 or more"),
    "approval_as_long_as_a_plan": ("approval_minutes", 240, "a plan lives four hours"),
    "shift_that_stops_half_way": ("shift", {"weights_percent": [5, 50]}, "up to 100 percent"),
    "shift_that_goes_back": ("shift", {"weights_percent": [10, 5, 100]}, "shares that grow"),
    "shift_that_begins_with_half": ("shift", {"weights_percent": [50, 100]}, "20 percent or less"),
    "no_bake": ("shift", {"bake_minutes": 0}, "an alarm needs one to sound"),
    "hour_of_chained_roles": (
        "time_budget",
        {"minutes": {"prod-deploy": 61}},
        "a role that is entered from a role ends after an hour",
    ),
    "over_budget": ("time_budget", LONG, "longer than total_minutes"),
    "shift_longer_than_its_project": (
        "shift",
        {"step_minutes": 10},
        "take longer than prod-shift may",
    ),
    "schedule_in_words": ("drift_schedule", "daily", "as EventBridge does"),
    "long_lock": ("artifacts", {"lock_days": 31}, "plans are among what is locked"),
    "unknown_lock": ("artifacts", {"lock_mode": "LEGAL"}, 'Use "GOVERNANCE"'),
    "short_records": ("artifacts", {"keep_days": 90}, "PCI DSS 10.5.1"),
    "image_by_tag": ("build_environment", {"image": "example/builder:latest"}, "by its digest"),
    "no_subnet": (
        "network",
        {"vpc_id": "vpc-1", "subnet_ids": [], "security_group_ids": ["sg-1"]},
        "a subnet and a security group",
    ),
    "no_address": ("subscriber_emails", ["operators"], "Give e-mail addresses"),
    "short_logs": ("log_retention_days", 30, "three months are to be at hand"),
    "hasty_keys": ("key_deletion_window_days", 3, "7 to 30 days"),
}

REPORTED = {"shift_longer_than_its_project": "time_budget"}
"""Where another variable's rule notices."""


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=REPORTED.get(case, variable), match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value}, options=IN_TOOLING)


@pytest.fixture
def planned(plan: Planner) -> PlannedRoot:
    return plan(MODULE, GOOD, options=IN_TOOLING)


def stages(planned: PlannedRoot) -> dict[str, dict[str, Any]]:
    """The pipeline's stages by name, in their order."""
    found = planned.one("aws_codepipeline.delivery")["stage"]
    return {stage["name"]: stage for stage in found}


def rules(stage: dict[str, Any]) -> tuple[str, list[str]]:
    """What is asked before a stage is entered: the result of a no, and the rules' providers."""
    (entry,) = stage["before_entry"]
    (condition,) = entry["condition"]
    providers = [rule["rule_type_id"][0]["provider"] for rule in condition["rule"]]
    return condition["result"], providers


def test_one_release_at_a_time_goes_through_the_stages(planned: PlannedRoot) -> None:
    planned.one("aws_codepipeline.delivery").expect(
        pipeline_type="V2", execution_mode="QUEUED", tags={"time-budget-minutes": "240"}
    )
    assert tuple(stages(planned)) == STAGES


def test_a_push_starts_it_once_and_nothing_polls(plan: Planner) -> None:
    source_code = {"repository": "example/payment-api-platform", "connection_arn": CONNECTION}
    planned = plan(MODULE, {**GOOD, "source_code": source_code}, options=IN_TOOLING)
    pipeline = planned.one("aws_codepipeline.delivery")
    (source,) = stages(planned)["source"]["action"]
    assert source["configuration"]["DetectChanges"] == "false", "the trigger starts it"
    assert "PollForSourceChanges" not in json.dumps(pipeline["stage"])
    (trigger,) = pipeline["trigger"]
    (git,) = trigger["git_configuration"]
    (push,) = git["push"]
    assert git["source_action_name"] == source["name"]
    assert push["branches"][0]["includes"] == ["main"]
    assert push["file_paths"][0]["excludes"] == ["docs/**"]


@pci("6.5.1", "6.5.4")
def test_two_people_approve_what_goes_to_production(planned: PlannedRoot) -> None:
    order = list(stages(planned))
    assert order.index("prod-plan") < order.index("prod-approve") < order.index("prod-deploy")
    actions = stages(planned)["prod-approve"]["action"]
    approvals = [action for action in actions if action["category"] == "Approval"]
    (verifier,) = [action for action in actions if action["category"] == "Build"]
    assert [approval["name"] for approval in approvals] == ["approve-first", "approve-second"]
    for approval in approvals:
        assert approval["provider"] == "Manual"
        assert approval["timeout_in_minutes"] == 220, "the plan lives 240, prod-deploy takes 20"
        assert approval["run_order"] < verifier["run_order"]


@pci("6.5.1")
def test_approvers_see_what_they_approve(planned: PlannedRoot) -> None:
    (text,) = {
        action["configuration"]["CustomData"]
        for action in stages(planned)["prod-approve"]["action"]
        if action["category"] == "Approval"
    }
    for variable in ("PLAN_SUMMARY", "PLAN_SHA256", "PLAN_EXPIRES_AT"):
        assert f"#{{prod-plan.{variable}}}" in text
    longest = re.sub(r"#\{[^}]*\}", "x" * 64, text)
    assert len(longest) < 1000, "CodePipeline's limit"


@pci("6.5.1")
def test_production_is_entered_in_its_window_while_its_alarms_are_quiet(
    planned: PlannedRoot,
) -> None:
    found = stages(planned)
    quiet = ["CloudWatchAlarm", "CloudWatchAlarm"]
    assert rules(found["prod-plan"]) == ("FAIL", quiet)
    assert rules(found["prod-approve"]) == ("SKIP", ["VariableCheck"])
    assert rules(found["prod-deploy"]) == ("FAIL", ["DeploymentWindow", *quiet])
    # An alarm that sounds mustn't keep traffic from going back: the shift asks it where it begins.
    assert rules(found["prod-shift"]) == ("FAIL", ["DeploymentWindow"])
    (entry,) = found["prod-deploy"]["before_entry"]
    window, first, _ = entry["condition"][0]["rule"]
    assert window["configuration"] == {"Cron": GATE["window"], "TimeZone": "UTC"}
    assert first["configuration"]["AlarmName"] == "payments-availability"
    assert first["role_arn"] == GATE["alarm_role_arn"]


def test_only_the_shift_goes_back_by_itself(planned: PlannedRoot) -> None:
    going_back = {
        name: stage["on_failure"][0]["result"]
        for name, stage in stages(planned).items()
        if stage["on_failure"]
    }
    assert going_back == {"prod-shift": "ROLLBACK"}


def test_every_stage_but_the_source_has_a_project_with_a_buildspec(planned: PlannedRoot) -> None:
    for stage in STAGES[1:]:
        project = planned.one(f'aws_codebuild_project.stage["{stage}"]')
        project.expect(name=f"payments-delivery-{stage}")
        assert project["source"][0]["type"] == "CODEPIPELINE"
        assert project["source"][0]["buildspec"] == f".pipeline/buildspecs/{stage}.yml"
        (action,) = [
            action
            for action in stages(planned)[stage]["action"]
            if action["provider"] == "CodeBuild"
        ]
        assert action["configuration"]["PrimarySource"] == "source"
        assert len(action["configuration"]["EnvironmentVariables"]) < 1000, "CodePipeline's limit"


def test_a_project_takes_no_longer_than_its_budget(plan: Planner) -> None:
    budget = {"total_minutes": 300, "minutes": {"integration": 45, "drift": 60}}
    planned = plan(MODULE, {**GOOD, "time_budget": budget}, options=IN_TOOLING)
    planned.one('aws_codebuild_project.stage["integration"]').expect(build_timeout=45)
    planned.one('aws_codebuild_project.stage["verify"]').expect(build_timeout=30)
    told = planned.outputs["time_budget"]
    assert told["total_minutes"] == 300


@pci("2.2.6")
def test_no_project_is_privileged(planned: PlannedRoot) -> None:
    for project in planned.all("aws_codebuild_project"):
        assert project["environment"][0]["privileged_mode"] is False


@pci("3.6.1")
def test_every_store_and_project_has_our_key(planned: PlannedRoot) -> None:
    planned.one("aws_kms_key.artifacts").expect(enable_key_rotation=True, arn=AFTER_APPLY)
    for project in planned.all("aws_codebuild_project"):
        project.expect(encryption_key=AFTER_APPLY)
    for group in planned.all("aws_cloudwatch_log_group"):
        group.expect(kms_key_id=AFTER_APPLY, retention_in_days=400)
    planned.one("aws_sns_topic.delivery").expect(kms_master_key_id=AFTER_APPLY)


def test_what_is_in_the_store_cannot_be_deleted_for_a_week(planned: PlannedRoot) -> None:
    planned.one("aws_s3_bucket.artifacts").expect(object_lock_enabled=True)
    lock = planned.one("aws_s3_bucket_object_lock_configuration.artifacts")
    lock.expect(rule=[{"default_retention": [{"days": 7, "mode": "GOVERNANCE"}]}])
    planned.one("aws_s3_bucket_versioning.artifacts").expect(
        versioning_configuration=[{"status": "Enabled"}]
    )


def test_plans_are_gone_before_releases_and_records(planned: PlannedRoot) -> None:
    lifecycle = planned.one("aws_s3_bucket_lifecycle_configuration.artifacts")
    days = {
        rule["filter"][0]["prefix"]: rule["expiration"][0]["days"] for rule in lifecycle["rule"]
    }
    assert days == {"payments-delivery/": 8, "plans/": 8, "records/": 400, "releases/": 400}


def test_a_bucket_without_lock_is_possible(plan: Planner) -> None:
    planned = plan(MODULE, {**GOOD, "artifacts": {"lock_days": 0}}, options=IN_TOOLING)
    planned.expect_counts(aws_s3_bucket_object_lock_configuration=0)


def test_signing_keys_sign_and_nothing_else(planned: PlannedRoot) -> None:
    planned.expect_outputs(
        signing_keys={
            "plan": {"alias": "alias/payments-plan", "arn": AFTER_APPLY},
            "release": {"alias": "alias/payments-release", "arn": AFTER_APPLY},
        }
    )
    for name in ("plan", "release"):
        planned.one(f'aws_kms_key.signing["{name}"]').expect(
            customer_master_key_spec="ECC_NIST_P256", key_usage="SIGN_VERIFY"
        )


@pci("6.5.1", "6.5.4")
def test_who_plans_cannot_sign_a_release(planned: PlannedRoot) -> None:
    signers = {}
    for name in ("plan", "release"):
        key = planned.one(f'aws_kms_key.signing["{name}"]')
        statements = {each["Sid"]: each for each in key.json("policy")["Statement"]}
        denied = statements["NobodyElseSigns"]
        assert (denied["Effect"], denied["Principal"], denied["Action"]) == (
            "Deny",
            "*",
            "kms:Sign",
        )
        but = denied["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
        signers[name] = {arn.rpartition("/payments-delivery-")[2] for arn in but}
    assert signers == {
        "plan": {"dev", "qa", "integration", "prod-plan", "prod-shift"},
        "release": {"build"},
    }


BOTH = {"payments-plan", "payments-deploy"}
ENTERED: dict[str, dict[str, set[str]]] = {
    "verify": {},
    "build": {},
    "dev": {"dev": BOTH},
    "qa": {"qa": {*BOTH, "merchant-*"}},
    "integration": {"integration": {*BOTH, "merchant-*"}},
    "prod-plan": {"production": {"payments-plan"}},
    "prod-approve": {},
    "prod-deploy": {"production": {"payments-deploy"}},
    "prod-shift": {"production": BOTH},
    "record": {name: {"payments-plan"} for name in ACCOUNTS},
    "drift": {name: {"payments-plan"} for name in ACCOUNTS},
}


@pci("6.5.3", "7.2.5")
@pytest.mark.parametrize("project", ENTERED)
def test_a_project_enters_only_the_accounts_of_its_stage(
    planned: PlannedRoot, project: str
) -> None:
    told = planned.one(f'aws_codebuild_project.stage["{project}"]')["environment"][0]
    variables = {each["name"]: each["value"] for each in told["environment_variable"]}
    settings = {"STAGE": project, "RELEASE_KEY": "alias/payments-release"}
    assert settings.items() <= variables.items()
    roles = planned.outputs["entered_role_arns"][project]
    wanted = {
        f"arn:aws:iam::{ACCOUNTS[account]}:role/{role}"
        for account, names in ENTERED[project].items()
        for role in names
    }
    assert set(roles) == wanted


@pci("7.2.5")
def test_a_role_is_used_by_its_own_project_only(planned: PlannedRoot) -> None:
    for stage in STAGES[1:]:
        role = planned.one(f'aws_iam_role.project["{stage}"]')
        (statement,) = role.json("assume_role_policy")["Statement"]
        project = f"arn:aws:codebuild:eu-west-1:{TOOLING}:project/payments-delivery-{stage}"
        assert statement["Principal"] == {"Service": "codebuild.amazonaws.com"}
        assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": project}


def test_a_connection_can_be_brought_along(plan: Planner) -> None:
    source = {"repository": "example/payment-api-platform", "connection_arn": CONNECTION}
    planned = plan(MODULE, {**GOOD, "source_code": source}, options=IN_TOOLING)
    planned.expect_counts(aws_codeconnections_connection=0)
    (action,) = stages(planned)["source"]["action"]
    assert action["configuration"]["ConnectionArn"] == CONNECTION


def test_builds_can_run_in_a_network_of_ours(plan: Planner) -> None:
    network = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}
    planned = plan(MODULE, {**GOOD, "network": network}, options=IN_TOOLING)
    for project in planned.all("aws_codebuild_project"):
        (found,) = project["vpc_config"]
        assert (found["vpc_id"], found["subnets"]) == ("vpc-1", ["subnet-1"])


def test_somebody_hears_of_failures_approvals_and_drift(plan: Planner) -> None:
    values = {**GOOD, "subscriber_emails": ["releases@payments.example"]}
    planned = plan(MODULE, values, options=IN_TOOLING)
    patterns = {
        name: planned.one(f'aws_cloudwatch_event_rule.notice["{name}"]').json("event_pattern")
        for name in ("approval-needed", "drift", "failed")
    }
    assert patterns["failed"]["detail"]["pipeline"] == ["payments-delivery"]
    assert "FAILED" in patterns["failed"]["detail"]["state"]
    assert patterns["approval-needed"]["detail"]["type"] == {"category": ["Approval"]}
    assert patterns["drift"]["detail"]["project-name"] == ["payments-delivery-drift"]
    planned.one("aws_sns_topic_subscription.email").expect(endpoint="releases@payments.example")


def test_drift_is_looked_for_every_day_with_what_was_released(planned: PlannedRoot) -> None:
    planned.one("aws_cloudwatch_event_rule.drift_schedule").expect(
        schedule_expression="cron(30 4 * * ? *)"
    )
    (source,) = planned.one('aws_codebuild_project.stage["drift"]')["source"]
    bucket = f"payments-delivery-artifacts-{TOOLING}"
    assert (source["type"], source["location"]) == ("S3", f"{bucket}/releases/current/source.zip")
