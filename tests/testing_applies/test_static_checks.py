"""Folders of HCL as authors of static checks read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.testing.static import Folder

if TYPE_CHECKING:
    from pathlib import Path

QUEUES = """\
variable "kept_days" {
  type = number
}

resource "aws_sqs_queue" "payments" {
  name = "payments"

  dynamic "redrive" {
    for_each = [1]
    content {
      attempts = 3
    }
  }
}

resource "aws_sqs_queue" "refunds" {
  name = "refunds"
}

resource "aws_sns_topic" "alarms" {
  name = "alarms"
}

output "topic_arn" {
  value = aws_sns_topic.alarms.arn
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "queues.tf").write_text(QUEUES)
    return Folder.read(tmp_path)


def test_a_resource_knows_its_attributes_and_its_place(folder: Folder) -> None:
    payments = folder.resource("aws_sqs_queue.payments")
    assert payments.get("name") == "payments"
    assert payments.place == f"{folder.path}/queues.tf:5"
    assert payments.attributes["name"].line == 6
    assert [block.get("attempts") for block in payments.inner("redrive")] == [3]
    assert folder.resource("aws_sns_topic").address == "aws_sns_topic.alarms"


def test_blocks_variables_and_outputs_are_found(folder: Folder) -> None:
    assert [block.address for block in folder.blocks("resource")] == [
        "aws_sqs_queue.payments",
        "aws_sqs_queue.refunds",
        "aws_sns_topic.alarms",
    ]
    assert folder.variables["kept_days"].line == 1
    assert folder.outputs["topic_arn"].get("value") == "${aws_sns_topic.alarms.arn}"


def test_a_type_of_two_is_not_one(folder: Folder) -> None:
    with pytest.raises(LookupError) as refused:
        folder.resource("aws_sqs_queue")
    assert "2 resources are aws_sqs_queue" in str(refused.value)
    assert "queues.tf:16 aws_sqs_queue.refunds" in str(refused.value)


def test_what_is_missing_is_told_with_what_there_is(folder: Folder) -> None:
    with pytest.raises(LookupError) as refused:
        folder.resource("aws_kms_key")
    assert "no resource is aws_kms_key" in str(refused.value)
    assert "queues.tf:20 aws_sns_topic.alarms" in str(refused.value)


def test_the_fixture_reads_below_the_rootdir_and_marks_its_tests(
    pytester: pytest.Pytester,
) -> None:
    pytester.makefile(".tf", **{"queues/queues": QUEUES})
    pytester.makepyfile(
        """
        def test_reads(static):
            assert static("queues").resource("aws_sns_topic").get("name") == "alarms"

        def test_something_else():
            pass
        """
    )
    result = pytester.runpytest("-m", "static")
    result.assert_outcomes(passed=1, deselected=1)
