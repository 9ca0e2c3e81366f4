"""modules/lambda-service: a released function, its alias, role, logs, queue and alarms."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from pathlib import Path

    from harness.testing import AppliedRoot, PlannedRoot, Planner
    from harness.testing.examples import ExamplePlanner

MODULE = "modules/lambda-service"

EXAMPLE = "module.transaction_gateway"
SWEEPER = "module.platform.module.sweeper"

RELEASED = {
    "sha256_base64": "irrelevant",
    "s3": {"bucket": "releases", "key": "service.zip", "object_version": "1"},
}
GOOD = {
    "name": "payments-dev-service",
    "description": "Does something",
    "handler": "service.handle",
    "concurrency": {"reserved": 1},
    "artifact": RELEASED,
}
STATEMENT = {"actions": ["dynamodb:GetItem"], "resources": ["arn:aws:dynamodb:::table/a"]}

REFUSED: dict[str, tuple[str, Any, str]] = {
    "underscored_name": ("name", "payments_dev", "lower-case letters, digits and hyphens"),
    "two_artifacts": (
        "artifact",
        {**RELEASED, "path": "dist/service.zip"},
        "either `path` or `s3`",
    ),
    "missing_zip": (
        "artifact",
        {"path": "dist/nothing.zip", "sha256_base64": ""},
        "`make package`",
    ),
    "old_runtime": ("runtime", "python3.8", "a runtime that AWS patches"),
    "much_memory": ("memory_mb", 20000, "128 to 10240 MB"),
    "endless": ("timeout_seconds", 3600, "1 to 900 seconds"),
    "secret": ("environment", {"ACQUIRER_API_KEY": "s3cr3t"}, "must hold the ARN of a secret"),
    "spaced_statement": ("permissions", {"read items": STATEMENT}, "letters and digits only"),
    "any_action": (
        "permissions",
        {"All": {**STATEMENT, "actions": ["dynamodb:*"]}},
        "Name every action in full",
    ),
    "any_resource": (
        "permissions",
        {"All": {**STATEMENT, "resources": ["*"]}},
        "Name the resources",
    ),
    "many_retries": ("asynchronous", {"maximum_retries": 9}, "retries it 0, 1 or 2 times"),
    "unlimited": ("concurrency", {"reserved": -1}, "Reserve at least 1"),
    "whole_canary": ("canary", {"stable_version": "1", "weight": 1}, "from 0 to under 1"),
    "latest_canary": ("canary", {"stable_version": "$LATEST", "weight": 0.1}, "a published"),
    "crontab": ("schedule", {"expression": "* * * * *"}, "rate(1 minute)"),
    "short_logs": ("logs", {"retention_days": 30}, "three months at hand"),
    "quiet_logs": ("logs", {"level": "NONE"}, "TRACE, DEBUG, INFO"),
    "one_subnet": (
        "vpc",
        {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
        "two subnets",
    ),
}


# What an assessor asks for among them.
EVIDENCE = {"old_runtime": pci("6.3.3"), "secret": pci("8.6.2"), "short_logs": pci("10.5.1")}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=EVIDENCE.get(case, ())) for case in REFUSED]
)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value})


@pci("6.5.1")
def test_tampered_zip_is_refused(plan: Planner, release: Path) -> None:
    artifact = {"path": release / "transaction_gateway.zip", "sha256_base64": "AAAA"}
    with rejects(variable="artifact", match="isn't the released"):
        plan(MODULE, {**GOOD, "artifact": artifact})


@pci("8.6.2")
def test_refused_secrets_are_not_repeated(plan: Planner) -> None:
    with rejects(variable="environment", match="must hold the ARN") as refused:
        plan(MODULE, {**GOOD, "environment": {"ACQUIRER_API_KEY": "s3cr3t"}})
    assert "s3cr3t" not in "".join(item.message for item in refused.matching)


@pytest.fixture
def planned(plan_example: ExamplePlanner) -> PlannedRoot:
    return plan_example("modules/lambda-service/README.md")


@pci("6.5.1")
def test_code_is_the_released_artifact(planned: PlannedRoot, release: Path) -> None:
    digest = _released(release)["sha256_base64"]
    planned.one("aws_lambda_function").expect(source_code_hash=digest, publish=True)


def test_function_is_limited_and_traced(planned: PlannedRoot) -> None:
    planned.one("aws_lambda_function").expect(
        reserved_concurrent_executions=20,
        runtime="python3.13",
        architectures=["arm64"],
        tracing_config=[{"mode": "Active"}],
    )


@pci("10.5.1")
def test_logs_are_structured_and_kept(planned: PlannedRoot) -> None:
    group = planned.one("aws_cloudwatch_log_group").expect(retention_in_days=365)
    logging = {"log_format": "JSON", "log_group": group["name"]}
    planned.one("aws_lambda_function").expect(logging_config=[logging])


def test_dead_letters_are_kept_and_alarmed(planned: PlannedRoot) -> None:
    refusal = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    queue = planned.one("aws_sqs_queue").expect(
        message_retention_seconds=14 * 24 * 60 * 60, policy={"Statement": [refusal]}
    )
    planned.one("aws_cloudwatch_metric_alarm.dead_letters").expect(
        dimensions={"QueueName": queue["name"]}, threshold=0
    )


@pci("7.2.5")
def test_role_can_do_only_what_is_named(applied_lambda_service: AppliedRoot) -> None:
    policy = applied_lambda_service.resources[f"{EXAMPLE}.aws_iam_role_policy.function"]["policy"]
    allowed = {item["Sid"]: item for item in json.loads(policy)["Statement"]}
    assert set(allowed) == {
        "KeepPayments",
        "UseServiceKey",
        "WriteDeadLetters",
        "WriteLogs",
        "WriteTraces",
    }
    assert [sid for sid, item in allowed.items() if item["Resource"] == "*"] == ["WriteTraces"]
    assert allowed["KeepPayments"]["Resource"] == [
        "arn:aws:dynamodb:eu-west-1:444444444444:table/payments-dev-transactions"
    ]


@pci("3.5.1")
def test_everything_is_encrypted_under_one_key(applied_lambda_service: AppliedRoot) -> None:
    resources = applied_lambda_service.resources
    key = resources[f"{EXAMPLE}.aws_kms_key.service[0]"]["arn"]
    assert resources[f"{EXAMPLE}.aws_lambda_function.service"]["kms_key_arn"] == key
    assert resources[f"{EXAMPLE}.aws_cloudwatch_log_group.function"]["kms_key_id"] == key
    assert resources[f"{EXAMPLE}.aws_sqs_queue.dead_letters"]["kms_master_key_id"] == key


def test_failures_of_the_alias_go_to_the_queue(applied_payment_platform: AppliedRoot) -> None:
    name = applied_payment_platform.resources[f"{SWEEPER}.aws_lambda_function.service"][
        "function_name"
    ]
    queue = applied_payment_platform.resources[f"{SWEEPER}.aws_sqs_queue.dead_letters"]["arn"]
    config = applied_payment_platform.client("lambda").get_function_event_invoke_config(
        FunctionName=name, Qualifier="live"
    )
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == queue
    assert config["MaximumRetryAttempts"] == 0


@pci("7.2.5")
def test_schedule_runs_the_alias_and_nothing_else_may(
    applied_payment_platform: AppliedRoot,
) -> None:
    rule = applied_payment_platform.resources[f"{SWEEPER}.aws_cloudwatch_event_rule.schedule[0]"]
    target = applied_payment_platform.resources[
        f"{SWEEPER}.aws_cloudwatch_event_target.schedule[0]"
    ]
    permission = applied_payment_platform.resources[f"{SWEEPER}.aws_lambda_permission.schedule[0]"]
    alias = applied_payment_platform.resources[f"{SWEEPER}.aws_lambda_alias.live"]["arn"]
    assert (rule["schedule_expression"], target["arn"]) == ("rate(1 minute)", alias)
    assert (permission["source_arn"], permission["qualifier"]) == (rule["arn"], "live")
    queue = applied_payment_platform.resources[f"{SWEEPER}.aws_sqs_queue.dead_letters"]
    assert target["dead_letter_config"] == [{"arn": queue["arn"]}]
    assert rule["arn"] in queue["policy"]


@pytest.mark.parametrize(("weight", "routes"), [(0, 0), (0.05, 1)])
def test_a_version_stands_ready_before_anybody_reaches_it(
    plan: Planner, release: Path, weight: float, routes: int
) -> None:
    artifact = {
        "path": release / "transaction_gateway.zip",
        "sha256_base64": _released(release)["sha256_base64"],
    }
    canary = {"stable_version": "41", "weight": weight}
    planned = plan(MODULE, {**GOOD, "artifact": artifact}, canary=canary)
    alias = planned.one("aws_lambda_alias.live").values
    assert (alias["function_version"], len(alias["routing_config"])) == ("41", routes)


def test_provisioned_concurrency_and_vpc_stand_on_alias_and_function(
    plan: Planner, release: Path
) -> None:
    artifact = {
        "path": release / "transaction_gateway.zip",
        "sha256_base64": _released(release)["sha256_base64"],
    }
    planned = plan(
        MODULE,
        {**GOOD, "artifact": artifact},
        concurrency={"reserved": 5, "provisioned": 2},
        vpc={"subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]},
    )
    planned.one("aws_lambda_provisioned_concurrency_config").expect(
        qualifier="live", provisioned_concurrent_executions=2
    )
    planned.one("aws_lambda_function").expect(
        vpc_config={"subnet_ids": {"subnet-1", "subnet-2"}, "security_group_ids": {"sg-1"}}
    )


def _released(release: Path) -> dict[str, str]:
    listing: dict[str, str] = json.loads((release / "release.json").read_text())["functions"][
        "transaction_gateway"
    ]
    return listing
