"""One root through its whole life: S3 backend, plan, apply, an empty second plan, destroy."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.aws import EmbeddedAWS
from harness.terraform import (
    SENSITIVE,
    ApplyResult,
    ChangeCounts,
    Outputs,
    Plan,
    Progress,
    ProgressKind,
    Terraform,
)

ACCOUNT = "444444444444"
BUCKET = f"state-{ACCOUNT}"

ROOT = f"""
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }}
  }}

  backend "s3" {{
    bucket       = "{BUCKET}"
    key          = "dev/terraform.tfstate"
    region       = "eu-west-1"
    use_lockfile = true
  }}
}}

provider "aws" {{
  allowed_account_ids = ["{ACCOUNT}"]
}}

variable "retention_days" {{
  type = number
}}

variable "password" {{
  type      = string
  sensitive = true
}}

module "events" {{
  source = "../topic"
  name   = "events"
}}

resource "aws_cloudwatch_log_group" "journal" {{
  name              = "journal"
  retention_in_days = var.retention_days
}}

resource "aws_ssm_parameter" "password" {{
  name  = "password"
  type  = "String"
  value = var.password
}}

output "topic_arn" {{
  value = module.events.arn
}}

output "password" {{
  value     = var.password
  sensitive = true
}}
"""

TOPIC = """
variable "name" {
  type = string
}

resource "aws_sns_topic" "events" {
  name = var.name
}

output "arn" {
  value = aws_sns_topic.events.arn
}
"""

ADDRESSES = {
    "aws_cloudwatch_log_group.journal",
    "aws_ssm_parameter.password",
    "module.events.aws_sns_topic.events",
}


@dataclass
class Life:
    """What each step of the life answered."""

    plan: Plan
    applied: ApplyResult
    outputs: Outputs
    second_plan: Plan
    drifted_plan: Plan
    destroyed: ApplyResult
    state_keys: list[str]
    keys_at_the_end: list[str]
    topics_at_the_end: int
    tree: Path
    steps: list[Progress] = field(default_factory=list)


@pytest.fixture(scope="module")
def life(terraform: Terraform, aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Life:
    base = tmp_path_factory.mktemp("life")
    tree = base / "tree"
    for name, text in {"root": ROOT, "topic": TOPIC}.items():
        (tree / name).mkdir(parents=True)
        (tree / name / "main.tf").write_text(text)
    s3, logs, sns = (aws.client(service, ACCOUNT) for service in ("s3", "logs", "sns"))
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def keys() -> list[str]:
        return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    steps: list[Progress] = []
    root = terraform.root(
        tree / "root",
        workdir=base / "work",
        environment=aws.environment(ACCOUNT),
        variables={"retention_days": 7, "password": "correct horse"},
    )
    root.init()
    plan = root.plan()
    applied = root.apply(plan, progress=steps.append)
    outputs, state_keys = root.outputs(), keys()
    second_plan = root.plan()
    logs.put_retention_policy(logGroupName="journal", retentionInDays=30)
    drifted_plan = root.plan()
    destroyed = root.destroy()
    return Life(
        plan=plan,
        applied=applied,
        outputs=outputs,
        second_plan=second_plan,
        drifted_plan=drifted_plan,
        destroyed=destroyed,
        state_keys=state_keys,
        keys_at_the_end=keys(),
        topics_at_the_end=len(sns.list_topics()["Topics"]),
        tree=tree,
        steps=steps,
    )


def test_the_plan_is_data(life: Life) -> None:
    assert not life.plan.is_empty
    assert life.plan.counts == ChangeCounts(add=3)
    assert {change.address for change in life.plan.changes} == ADDRESSES
    journal = life.plan.resources["aws_cloudwatch_log_group.journal"]
    assert journal.values["retention_in_days"] == 7
    assert life.plan.resources["module.events.aws_sns_topic.events"].module == "module.events"
    (topic,) = (change for change in life.plan.changes if change.type == "aws_sns_topic")
    assert topic.actions == ("create",)
    assert topic.before is None
    assert topic.unknown["arn"] is True
    assert life.plan.outputs["topic_arn"] is None, "known only after the apply"


def test_sensitive_values_are_readable_but_never_shown(life: Life) -> None:
    assert life.outputs["password"] == "correct horse"
    assert life.outputs.sensitive == {"password"}
    (secret,) = (change for change in life.plan.changes if change.type == "aws_ssm_parameter")
    assert secret.after is not None
    assert secret.after["value"] == SENSITIVE
    assert life.plan.resources[secret.address].values["value"] == SENSITIVE
    for shown in (life.plan, life.outputs, secret, secret.after):
        assert "correct horse" not in f"{shown} {shown!r}"


def test_the_apply_counts_and_the_outputs_arrive(life: Life) -> None:
    assert life.applied.counts == ChangeCounts(add=3)
    assert life.applied.seconds > 0
    assert life.outputs["topic_arn"] == f"arn:aws:sns:eu-west-1:{ACCOUNT}:events"
    with pytest.raises(KeyError, match="the outputs are: password, topic_arn"):
        life.outputs["topic"]


def test_progress_starts_and_ends_each_resource_and_counts_up(life: Life) -> None:
    kinds = (ProgressKind.STARTED, ProgressKind.DONE)
    for kind in kinds:
        assert {step.address for step in life.steps if step.kind is kind} == ADDRESSES
    done = [step for step in life.steps if step.kind is ProgressKind.DONE]
    assert [(step.completed, step.total) for step in done] == [(1, 3), (2, 3), (3, 3)]
    assert done[-1].in_progress == ()


def test_the_second_plan_is_empty(life: Life) -> None:
    assert life.second_plan.is_empty
    assert life.second_plan.counts == ChangeCounts()


def test_drift_is_seen_and_would_be_undone(life: Life) -> None:
    assert not life.drifted_plan.is_empty
    (change,) = life.drifted_plan.changes
    (drift,) = (found for found in life.drifted_plan.drift if found.address == change.address)
    assert change.address == "aws_cloudwatch_log_group.journal"
    assert drift.after is not None
    assert change.after is not None
    assert (drift.after["retention_in_days"], change.after["retention_in_days"]) == (30, 7)
    assert str(life.drifted_plan) == "  update         aws_cloudwatch_log_group.journal"


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.destroyed.counts == ChangeCounts(remove=3)
    assert life.topics_at_the_end == 0


def test_the_state_lies_in_the_bucket_and_its_lock_is_released(life: Life) -> None:
    assert life.state_keys == ["dev/terraform.tfstate"]
    assert life.keys_at_the_end == ["dev/terraform.tfstate"]


def test_the_tree_is_untouched(life: Life) -> None:
    assert sorted(str(path.relative_to(life.tree)) for path in life.tree.rglob("*")) == [
        "root",
        "root/main.tf",
        "topic",
        "topic/main.tf",
    ]
