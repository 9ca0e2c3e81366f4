"""modules/lambda-service: a released function, its alias, role, logs, queue and alarms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = "module.transaction_gateway"
SWEEPER = "module.platform.module.sweeper"

GOOD = {
    "name": "payments-dev-service",
    "description": "Does something",
    "handler": "service.handle",
    "concurrency": {"reserved": 1},
    "artifact": {
        "sha256_base64": "irrelevant",
        "s3": {"bucket": "releases", "key": "service.zip", "object_version": "1"},
    },
}
STATEMENT = {"actions": ["dynamodb:GetItem"], "resources": ["arn:aws:dynamodb:::table/a"]}
ZIP = "dist/transaction_gateway.zip"

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "underscored_name": ({"name": "payments_dev"}, "lower-case letters, digits and hyphens"),
    "two_artifacts": (
        {"artifact": {**GOOD["artifact"], "path": ZIP}},  # type: ignore[dict-item]  # a table of JSON
        "either `path` or `s3`",
    ),
    "missing_zip": (
        {"artifact": {"path": "dist/nothing.zip", "sha256_base64": ""}},
        "`make package`",
    ),
    "tampered_zip": ({"artifact": {"path": ZIP, "sha256_base64": "AAAA"}}, "isn't the released"),
    "old_runtime": ({"runtime": "python3.8"}, "a runtime that AWS patches"),
    "much_memory": ({"memory_mb": 20000}, "128 to 10240 MB"),
    "endless": ({"timeout_seconds": 3600}, "1 to 900 seconds"),
    "secret": ({"environment": {"ACQUIRER_API_KEY": "s3cr3t"}}, "must hold the ARN of a secret"),
    "spaced_statement": ({"permissions": {"read items": STATEMENT}}, "letters and digits only"),
    "any_action": (
        {"permissions": {"All": {**STATEMENT, "actions": ["dynamodb:*"]}}},
        "Name every action in full",
    ),
    "any_resource": (
        {"permissions": {"All": {**STATEMENT, "resources": ["*"]}}},
        "Name the resources",
    ),
    "many_retries": ({"asynchronous": {"maximum_retries": 9}}, "retries it 0, 1 or 2 times"),
    "unlimited": ({"concurrency": {"reserved": -1}}, "Reserve at least 1"),
    "whole_canary": ({"canary": {"stable_version": "1", "weight": 1}}, "over 0 and under 1"),
    "latest_canary": ({"canary": {"stable_version": "$LATEST", "weight": 0.1}}, "a published"),
    "crontab": ({"schedule": {"expression": "* * * * *"}}, "rate(1 minute)"),
    "short_logs": ({"logs": {"retention_days": 30}}, "three months at hand"),
    "quiet_logs": ({"logs": {"level": "NONE"}}, "TRACE, DEBUG, INFO"),
    "one_subnet": (
        {"vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}},
        "two subnets",
    ),
}


@pytest.fixture(scope="module")
def refusals(refuse: Callable[..., Any]) -> Any:
    bad = {case: arguments for case, (arguments, _) in REFUSED.items()}
    return refuse("lambda-service", GOOD, bad)


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(refusals: Any, case: str) -> None:
    _, words = REFUSED[case]
    assert any(words in message for message in refusals.of(case)), refusals.of(case)


def test_refused_secrets_are_not_repeated(refusals: Any) -> None:
    assert "s3cr3t" not in "".join(refusals.of("secret"))


def test_every_validation_is_triggered(refusals: Any) -> None:
    assert not refusals.untriggered_rules


@pytest.fixture
def function(examples: Any) -> Any:
    return examples.planned("lambda-service")[f"{EXAMPLE}.aws_lambda_function.service"]


def test_code_is_the_released_artifact(function: Any, release: Any) -> None:
    listing = json.loads((release / "release.json").read_text())["transaction_gateway"]
    assert function["source_code_hash"] == listing["sha256_base64"]
    assert function["publish"] is True


def test_function_is_limited_and_traced(function: Any) -> None:
    assert function["reserved_concurrent_executions"] == 20
    assert (function["runtime"], function["architectures"]) == ("python3.13", ["arm64"])
    assert function["tracing_config"] == [{"mode": "Active"}]


def test_logs_are_structured_and_kept(examples: Any, function: Any) -> None:
    (logging,) = function["logging_config"]
    group = examples.planned("lambda-service")[f"{EXAMPLE}.aws_cloudwatch_log_group.function"]
    assert logging["log_format"] == "JSON"
    assert logging["log_group"] == group["name"]
    assert group["retention_in_days"] == 365


def test_dead_letters_are_kept_and_alarmed(examples: Any) -> None:
    resources = examples.planned("lambda-service")
    queue = resources[f"{EXAMPLE}.aws_sqs_queue.dead_letters"]
    alarm = resources[f"{EXAMPLE}.aws_cloudwatch_metric_alarm.dead_letters"]
    (refusal,) = json.loads(queue["policy"])["Statement"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert queue["message_retention_seconds"] == 14 * 24 * 60 * 60
    assert alarm["dimensions"] == {"QueueName": queue["name"]}
    assert alarm["threshold"] == 0


def test_role_can_do_only_what_is_named(examples: Any) -> None:
    policy = examples.applied("lambda-service")[f"{EXAMPLE}.aws_iam_role_policy.function"]["policy"]
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


def test_everything_is_encrypted_under_one_key(examples: Any) -> None:
    resources = examples.applied("lambda-service")
    key = resources[f"{EXAMPLE}.aws_kms_key.service[0]"]["arn"]
    assert resources[f"{EXAMPLE}.aws_lambda_function.service"]["kms_key_arn"] == key
    assert resources[f"{EXAMPLE}.aws_cloudwatch_log_group.function"]["kms_key_id"] == key
    assert resources[f"{EXAMPLE}.aws_sqs_queue.dead_letters"]["kms_master_key_id"] == key


def test_failures_of_the_alias_go_to_the_queue(examples: Any) -> None:
    name = examples.applied("payment-platform")[f"{SWEEPER}.aws_lambda_function.service"][
        "function_name"
    ]
    queue = examples.applied("payment-platform")[f"{SWEEPER}.aws_sqs_queue.dead_letters"]["arn"]
    config = examples.client("lambda").get_function_event_invoke_config(
        FunctionName=name, Qualifier="live"
    )
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == queue
    assert config["MaximumRetryAttempts"] == 0


def test_schedule_runs_the_alias_and_nothing_else_may(examples: Any) -> None:
    rule = examples.applied("payment-platform")[f"{SWEEPER}.aws_cloudwatch_event_rule.schedule[0]"]
    target = examples.applied("payment-platform")[
        f"{SWEEPER}.aws_cloudwatch_event_target.schedule[0]"
    ]
    permission = examples.applied("payment-platform")[
        f"{SWEEPER}.aws_lambda_permission.schedule[0]"
    ]
    alias = examples.applied("payment-platform")[f"{SWEEPER}.aws_lambda_alias.live"]["arn"]
    assert (rule["schedule_expression"], target["arn"]) == ("rate(1 minute)", alias)
    assert (permission["source_arn"], permission["qualifier"]) == (rule["arn"], "live")
    queue = examples.applied("payment-platform")[f"{SWEEPER}.aws_sqs_queue.dead_letters"]
    assert target["dead_letter_config"] == [{"arn": queue["arn"]}]
    assert rule["arn"] in queue["policy"]


def test_provisioned_concurrency_and_vpc_stand_on_alias_and_function(
    consumer: Any, release: Any
) -> None:
    digest = json.loads((release / "release.json").read_text())["transaction_gateway"]
    artifact = {"path": ZIP, "sha256_base64": digest["sha256_base64"]}
    vpc = {"subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]}
    arguments = {"concurrency": {"reserved": 5, "provisioned": 2}, "vpc": vpc}
    root = consumer.modules(
        "lambda-service", {"service": GOOD | {"artifact": artifact} | arguments}
    )
    resources = root.plan().resources
    provisioned = resources["module.service.aws_lambda_provisioned_concurrency_config.live[0]"]
    assert provisioned.values["qualifier"] == "live"
    assert provisioned.values["provisioned_concurrent_executions"] == 2
    (attached,) = resources["module.service.aws_lambda_function.service"].values["vpc_config"]
    assert set(attached["subnet_ids"]) == {"subnet-1", "subnet-2"}
