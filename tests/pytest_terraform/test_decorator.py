"""@terraform in use, as in a test file for the package pytest-terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from harness.pytest_terraform import ACCOUNT_ID, terraform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.pytest_terraform import AppliedModule

ARN = f"arn:aws:sns:eu-west-1:{ACCOUNT_ID}:desk-notices"


def test_fixture_serves_the_whole_file(topic: AppliedModule) -> None:
    assert topic["aws_sns_topic.notices.name"] == "desk-notices"


@terraform("topic", scope="module")
def test_attributes_are_found_by_type_and_name(topic: AppliedModule) -> None:
    assert topic["aws_sns_topic.notices.id"] == ARN
    assert topic["aws_sns_topic.notices.tags"] == {"keeper": "night-shift"}


@terraform("topic", scope="module")
def test_outputs_are_as_in_the_state(topic: AppliedModule) -> None:
    assert topic.outputs["topic_arn"]["value"] == ARN
    assert topic.outputs["password"]["sensitive"] is True


@pytest.fixture(scope="module")
def session_of_before() -> Iterator[object]:
    """What another test left in boto3: a session that leads somewhere else."""
    boto3.setup_default_session(region_name="us-east-1")
    yield boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION = None


def test_boto3_finds_the_account_by_itself(session_of_before: object, topic: AppliedModule) -> None:
    assert boto3.DEFAULT_SESSION is not session_of_before
    found = boto3.client("ssm").get_parameter(Name="/desk/password", WithDecryption=True)
    assert found["Parameter"]["Value"] == topic["password.value"]


def test_root_can_be_planned_again(topic: AppliedModule) -> None:
    assert topic.terraform is not None
    assert topic.terraform.plan().is_empty
    assert topic.work_dir == str(topic.terraform.workdir)


def test_tree_stays_clean(topic: AppliedModule) -> None:
    assert topic.terraform is not None
    assert [path.name for path in topic.terraform.directory.iterdir()] == ["main.tf"]


@terraform("topic", scope="module", name="also_topic")
def test_another_name_shares_the_apply(topic: AppliedModule, also_topic: AppliedModule) -> None:
    assert also_topic is topic


def test_unknown_teardown_is_refused() -> None:
    with pytest.raises(ValueError, match="teardown is 'on', 'ignore' or 'off', not 'later'"):
        terraform("topic", teardown="later")
