"""Small pipelines made with boto3, in a second: what they do stands in the test that makes them."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from harness.pipeline.artifacts import pack
from harness.pipeline.source import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from harness.aws import EmbeddedAWS

ACCOUNT = "333333333333"
REGION: Final = "eu-west-1"
NAME = "small"
BUCKET = f"small-artifacts-{ACCOUNT}"
AUTHOR = "ada@payments.example"


class Folder:
    """A source whose files are a folder's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def fetch(self, configuration: Mapping[str, str]) -> Revision:
        """Pack the folder."""
        files = [each for each in self.directory.rglob("*") if each.is_file()]
        return Revision(
            pack(self.directory, files),
            {
                "CommitId": "c0ffee",
                "AuthorEmail": AUTHOR,
                "BranchName": configuration["BranchName"],
            },
        )


def rule(name: str, provider: str, **configuration: str) -> dict[str, Any]:
    """A rule of a condition."""
    return {
        "name": name,
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": configuration,
    }


def entered_if(*rules: dict[str, Any], result: str = "FAIL") -> dict[str, Any]:
    """An entry condition."""
    return {"beforeEntry": {"conditions": [{"result": result, "rules": list(rules)}]}}


def approval(
    name: str, *, order: int = 1, shown: str = "look", minutes: int = 60
) -> dict[str, Any]:
    """An approval action."""
    return {
        "name": name,
        "actionTypeId": _kind("Approval", "Manual"),
        "runOrder": order,
        "configuration": {"CustomData": shown},
        "timeoutInMinutes": minutes,
    }


def _kind(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}


@dataclass
class Small:
    """Makes projects, and a pipeline of stages that run them."""

    aws: EmbeddedAWS
    stages: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = self.aws.session(ACCOUNT)
        self.session.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.pipeline_role = self.role("pipeline", "codepipeline.amazonaws.com")
        self.stage(
            "source",
            {
                "name": "source",
                "actionTypeId": _kind("Source", "CodeStarSourceConnection"),
                "configuration": {"BranchName": "main", "DetectChanges": "false"},
                "outputArtifacts": [{"name": "source"}],
                "namespace": "source",
            },
        )

    def role(self, name: str, service: str) -> str:
        """A role that a service may assume."""
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": service},
                }
            ],
        }
        made = self.session.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
        )
        return str(made["Role"]["Arn"])

    def stage(self, name: str, *actions: dict[str, Any], **more: Any) -> None:
        """Add a stage."""
        self.stages.append({"name": name, "actions": list(actions), **more})

    def build(
        self,
        name: str,
        buildspec: str,
        *,
        order: int = 1,
        inputs: Sequence[str] = ("source",),
        outputs: Sequence[str] = (),
        told: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
        minutes: int = 5,
        service: str = "codebuild.amazonaws.com",
    ) -> dict[str, Any]:
        """Make a project of its own, and return the action that runs it."""
        self.session.client("codebuild").create_project(
            name=name,
            source={"type": "CODEPIPELINE", "buildspec": textwrap.dedent(buildspec)},
            artifacts={"type": "CODEPIPELINE"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [
                    {"name": key, "value": value, "type": "PLAINTEXT"}
                    for key, value in (variables or {}).items()
                ],
            },
            serviceRole=self.role(f"build-{name}", service),
            timeoutInMinutes=minutes,
        )
        overrides = [
            {"name": key, "value": value, "type": "PLAINTEXT"}
            for key, value in (told or {}).items()
        ]
        return {
            "name": name,
            "actionTypeId": _kind("Build", "CodeBuild"),
            "runOrder": order,
            "configuration": {
                "ProjectName": name,
                "PrimarySource": inputs[0],
                "EnvironmentVariables": json.dumps(overrides),
            },
            "inputArtifacts": [{"name": each} for each in inputs],
            "outputArtifacts": [{"name": each} for each in outputs],
            "namespace": name,
        }

    def create(self, *, mode: str = "QUEUED") -> None:
        """Create the pipeline of the stages so far."""
        self.session.client("codepipeline").create_pipeline(pipeline=self._declared(mode))

    def update(self, *, mode: str = "QUEUED") -> None:
        """Change the pipeline to the stages so far."""
        self.session.client("codepipeline").update_pipeline(pipeline=self._declared(mode))

    def _declared(self, mode: str) -> Any:
        return {
            "name": NAME,
            "roleArn": self.pipeline_role,
            "artifactStore": {"type": "S3", "location": BUCKET},
            "pipelineType": "V2",
            "executionMode": mode,
            "stages": self.stages,
            "variables": [
                {"name": key, "defaultValue": value} for key, value in self.variables.items()
            ],
        }
