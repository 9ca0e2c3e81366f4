"""A configuration that was applied: what it made, whether it stays so, and what it leaves."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest

from harness.aws.errors import AwsError
from harness.terraform import SENSITIVE, TerraformError
from harness.testing import ExpectationError, Options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.testing import Applies, Clients

ELSEWHERE = "666666666666"
FAILS_HALF_WAY = """
resource "aws_sns_topic" "alarms" {
  name = "alarms"
}

resource "terraform_data" "check" {
  input = aws_sns_topic.alarms.arn

  lifecycle {
    postcondition {
      condition     = self.output == ""
      error_message = "The topic has an ARN."
    }
  }
}
"""


def topics(aws: EmbeddedAWS, account_id: str = Options().account_id) -> list[str]:
    listed = aws.client("sns", account_id).list_topics()["Topics"]
    return [topic["TopicArn"].rpartition(":")[2] for topic in listed]


def keep_forever(name: str) -> Callable[[Clients], object]:
    return lambda aws: aws.client("logs").delete_retention_policy(logGroupName=name)


def test_resources_and_outputs_are_those_of_the_state(
    applies: Applies, journal: Path, aws: EmbeddedAWS
) -> None:
    root = applies(journal, name="payments", secret="hunter2")
    arn = f"arn:aws:sns:eu-west-1:{Options().account_id}:payments"
    assert root.outputs["topic_arn"] == arn
    root.one("aws_sns_topic").expect(arn=arn, tags={"owner": "payments"})
    root.one("aws_ssm_parameter.secret").expect(value="hunter2")
    assert root.resources["aws_ssm_parameter.secret"]["value"] == SENSITIVE
    root.found.expect_counts(aws_sns_topic=1, aws_cloudwatch_log_group=1, resources=3)
    assert root.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["TopicArn"] == arn
    with pytest.raises(ExpectationError, match=r"journal: aws_sns_topic.alarms isn't as expected"):
        root.one("aws_sns_topic").expect(name="refunds")
    assert topics(aws) == ["payments"]


def test_options_choose_account_and_region(
    applies: Applies, journal: Path, aws: EmbeddedAWS
) -> None:
    root = applies(journal, name="far", options=Options(account_id=ELSEWHERE, region="us-west-2"))
    assert root.outputs["topic_arn"] == f"arn:aws:sns:us-west-2:{ELSEWHERE}:far"
    assert root.client("sns").list_topics()["Topics"]
    assert root.client("sns", region="eu-west-1").list_topics()["Topics"] == []
    assert topics(aws) == []


def test_the_same_is_applied_once_and_something_else_again(
    applies: Applies, journal: Path, aws: EmbeddedAWS
) -> None:
    since = aws.calls.mark()
    first = applies(journal, {"name": "payments"}, days=14)
    assert applies(journal, days=14, name="payments") is first
    assert applies(journal, name="refunds") is not first
    assert aws.calls.count("sns", "CreateTopic", since=since) == 2
    assert sorted(topics(aws)) == ["payments", "refunds"]


def test_a_second_plan_is_empty(applies: Applies, journal: Path) -> None:
    applies(journal, name="payments").assert_idempotent()


def test_what_a_second_plan_would_change_is_named(
    applies: Applies, configuration: Callable[[str], Path]
) -> None:
    root = applies(
        configuration(
            """
            resource "aws_ssm_parameter" "started" {
              name  = "/started"
              type  = "String"
              value = timestamp()
            }

            resource "terraform_data" "again" {
              input            = "same"
              triggers_replace = [timestamp()]
            }

            output "now" {
              value = timestamp()
            }
            """
        )
    )
    with pytest.raises(ExpectationError) as refused:
        root.assert_idempotent()
    text = str(refused.value)
    assert "configuration isn't idempotent; a second plan would change" in text
    moment = r'"20\d\d-\S+Z"'
    for line in (
        r"  aws_ssm_parameter\.started\n    expected: no change\n    found:    update",
        r"      value: \(sensitive value\) -> \(known after apply\)",
        r"  terraform_data\.again\n    expected: no change\n    found:    delete and create",
        rf"      triggers_replace: \[{moment}\] -> .*\(forces replacement\)",
        rf"  output now\n    expected: no change\n    found:    {moment} -> \(known after apply\)",
    ):
        assert re.search(line, text), f"{line}\n\n{text}"


def test_drift_is_found_and_repaired(applies: Applies, journal: Path) -> None:
    root = applies(journal, name="payments")
    assert root.drifted() == ()
    root.tamper(keep_forever("payments"))
    root.assert_drift("aws_cloudwatch_log_group.journal")
    root.tamper(lambda aws: aws.client("sns").delete_topic(TopicArn=root.outputs["topic_arn"]))
    assert root.drifted() == ("aws_cloudwatch_log_group.journal", "aws_sns_topic.alarms")
    root.repair()
    root.assert_drift()
    root.assert_idempotent()


def test_drift_that_is_not_as_expected_is_shown(applies: Applies, journal: Path) -> None:
    root = applies(journal, name="payments", secret="hunter2")
    root.tamper(keep_forever("payments"))
    root.tamper(
        lambda aws: aws.client("ssm").put_parameter(
            Name="/payments/secret", Value="hunter3", Overwrite=True
        )
    )
    with pytest.raises(ExpectationError) as refused:
        root.assert_drift("aws_sns_topic.alarms", "aws_kms_key.none")
    text = str(refused.value)
    assert "  aws_kms_key.none\n    expected: drift\n    found:    no resource" in text
    assert "  aws_sns_topic.alarms\n    expected: drift\n    found:    no drift" in text
    assert "  aws_cloudwatch_log_group.journal\n    expected: no drift\n" in text
    assert "      retention_in_days: 7 -> 0\n" in text
    assert "      value: (sensitive value) -> (sensitive value)\n" in text
    assert "hunter" not in text


def test_what_terraform_does_not_own_is_no_drift(applies: Applies, journal: Path) -> None:
    root = applies(journal, name="payments")
    root.tamper(
        lambda aws: aws.client("sns").subscribe(
            TopicArn=root.outputs["topic_arn"], Protocol="email", Endpoint="a@example.com"
        )
    )
    root.tamper(  # the same value again changes the version, which nobody chose
        lambda aws: aws.client("ssm").put_parameter(
            Name="/payments/secret", Value="first", Overwrite=True
        )
    )
    assert root.drifted() == ()
    found = [item["address"] for item in root.plan().document["resource_drift"]]
    assert "aws_ssm_parameter.secret" in found
    with pytest.raises(ExpectationError, match="expected: drift\n    found:    no drift"):
        root.assert_drift("aws_sns_topic.alarms")
    root.clients.client("sns").unsubscribe(
        SubscriptionArn=root.client("sns").list_subscriptions()["Subscriptions"][0][
            "SubscriptionArn"
        ]
    )


def test_a_test_that_tampered_is_named(applies: Applies, journal: Path) -> None:
    root = applies(journal, name="payments")
    root.tamper(keep_forever("payments"))
    with pytest.raises(ExpectationError, match="test_a_test_that_tampered_is_named tampered with"):
        root.assert_idempotent()


def test_another_test_gets_a_repaired_root(
    applies: Applies, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = applies(journal, name="payments")
    root.tamper(keep_forever("payments"))
    assert applies(journal, name="payments").drifted()
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "test_other.py::test_other (call)")
    assert applies(journal, name="payments") is root
    assert root.drifted() == ()


def test_a_destroy_leaves_nothing(applies: Applies, journal: Path, aws: EmbeddedAWS) -> None:
    root = applies(journal, name="payments")
    with pytest.raises(RuntimeError, match=r"journal is still there: call destroy\(\) first"):
        root.assert_no_leftovers()
    root.destroy()
    root.assert_no_leftovers()
    assert topics(aws) == []
    with pytest.raises(RuntimeError, match=r"destroyed by .*test_a_destroy_leaves_nothing: call"):
        root.one("aws_sns_topic")
    assert applies(journal, name="payments") is root
    assert topics(aws) == ["payments"]


def test_what_a_destroy_leaves_in_another_account_is_found(
    applies: Applies, journal: Path, aws: EmbeddedAWS
) -> None:
    root = applies(journal, name="payments")
    aws.client("sns", ELSEWHERE).create_topic(Name="payments")
    root.destroy()
    with pytest.raises(ExpectationError) as refused:
        root.assert_no_leftovers()
    assert str(refused.value).splitlines() == [
        f"{root.label} left behind",
        f"  {ELSEWHERE} eu-west-1 sns topics: arn:aws:sns:eu-west-1:{ELSEWHERE}:payments",
    ]
    aws.client("sns", ELSEWHERE).delete_topic(
        TopicArn=f"arn:aws:sns:eu-west-1:{ELSEWHERE}:payments"
    )


def test_what_another_root_holds_is_no_leftover(applies: Applies, journal: Path) -> None:
    root = applies(journal, name="payments")
    applies(journal, name="refunds")
    applies(journal, name="payments", options=Options(account_id=ELSEWHERE))
    root.destroy()
    root.assert_no_leftovers()
    root.client("logs").create_log_group(logGroupName="payments")
    assert [thing.account_id for thing in root.leftovers()] == [Options().account_id]
    root.client("logs").delete_log_group(logGroupName="payments")


def test_an_apply_that_fails_half_way_is_destroyed(
    applies: Applies, configuration: Callable[[str], Path], aws: EmbeddedAWS
) -> None:
    directory = configuration(FAILS_HALF_WAY)
    since = aws.calls.mark()
    for _ in range(2):
        with pytest.raises(TerraformError, match="The topic has an ARN") as refused:
            applies(directory)
        assert refused.value.command == "apply"
    assert aws.calls.count("sns", "CreateTopic", since=since) == 1
    assert topics(aws) == []
    assert [*applies.close()] == []


def test_a_failed_apply_that_cannot_be_destroyed_says_so(
    applies: Applies, configuration: Callable[[str], Path], aws: EmbeddedAWS
) -> None:
    def refuse(_: object) -> None:
        raise AwsError("AuthorizationError", "No.", 403)

    with (
        aws.faults.before(lambda call: call.action == "DeleteTopic", refuse, nth=1),
        pytest.raises(TerraformError, match="The topic has an ARN") as refused,
    ):
        applies(configuration(FAILS_HALF_WAY))
    assert refused.value.command == "apply"
    (note,) = refused.value.__notes__
    assert "couldn't be destroyed either: terraform destroy failed" in note
    (problem,) = applies.close()
    assert "left behind after everything was destroyed" in problem
    assert "sns topics: arn:aws:sns:" in problem
    aws.reset()


def test_a_wrong_variable_is_told_at_once(applies: Applies, journal: Path) -> None:
    with pytest.raises(ValueError, match="declares no variable 'nam'"):
        applies(journal, nam="payments")


def test_applies_in_the_background_overlap(
    applies: Applies, journal: Path, aws: EmbeddedAWS
) -> None:
    both = threading.Barrier(2, timeout=60)

    def meet(_: object) -> None:
        both.wait()

    with (
        aws.faults.before(lambda call: b"CreateTopic&Name=payments" in call.body, meet),
        aws.faults.before(lambda call: b"CreateTopic&Name=refunds" in call.body, meet),
    ):
        applies.start(journal, name="payments")
        applies.start(journal, name="refunds")
        applies(journal, name="payments")
        applies(journal, name="refunds")
    assert not both.broken


def test_what_came_later_is_destroyed_first(
    applies: Applies, journal: Path, aws: EmbeddedAWS
) -> None:
    for name in ("first", "second", "third"):
        applies(journal, name=name)
    since = aws.calls.mark()
    assert [*applies.close()] == []
    deleted = [call.resource for call in aws.calls.select("logs", "DeleteLogGroup", since=since)]
    assert deleted == ["third", "second", "first"]


def test_a_protection_is_lifted_before_the_destroy(
    applies: Applies, configuration: Callable[[str], Path]
) -> None:
    root = applies(
        configuration(
            """
            resource "aws_dynamodb_table" "payments" {
              name                        = "payments"
              billing_mode                = "PAY_PER_REQUEST"
              hash_key                    = "pk"
              deletion_protection_enabled = true

              attribute {
                name = "pk"
                type = "S"
              }
            }
            """
        )
    )

    def lift(aws: Clients) -> None:
        aws.client("dynamodb").update_table(TableName="payments", DeletionProtectionEnabled=False)

    with pytest.raises(TerraformError, match="DeletionProtectionEnabled"):
        root.destroy()
    root.before_destroy(lift)
    root.destroy()
    root.assert_no_leftovers()
