"""Pipelines, projects and connections through boto3: what Terraform needs of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]

ACCOUNT = "444444444444"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/builder"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/ours"
PROJECT: dict[str, Any] = {
    "name": "verify",
    "source": {"type": "CODEPIPELINE", "buildspec": ".pipeline/buildspecs/verify.yml"},
    "artifacts": {"type": "CODEPIPELINE"},
    "environment": {
        "type": "ARM_CONTAINER",
        "image": "aws/codebuild/amazonlinux-aarch64-standard:3.0",
        "computeType": "BUILD_GENERAL1_SMALL",
    },
    "serviceRole": ROLE,
    "encryptionKey": KEY,
    "concurrentBuildLimit": 1,
    "timeoutInMinutes": 30,
}


def read_back(codebuild: Any) -> dict[str, Any]:
    (found,) = codebuild.batch_get_projects(names=["verify"])["projects"]
    return dict(found)


@pytest.mark.mends("codebuild:CreateProject")
def test_a_project_of_a_pipeline_keeps_its_key(client: Clients) -> None:
    codebuild = client("codebuild")
    codebuild.create_project(**PROJECT)
    found = read_back(codebuild)
    assert (found["encryptionKey"], found["concurrentBuildLimit"]) == (KEY, 1)
    assert found["source"]["type"] == "CODEPIPELINE"


@pytest.mark.mends("codebuild:UpdateProject")
def test_a_project_can_change(client: Clients) -> None:
    codebuild = client("codebuild")
    where = {
        "source": {**PROJECT["source"], "location": "a"},
        "artifacts": {"type": "NO_ARTIFACTS"},
    }
    codebuild.create_project(**{**PROJECT, **where})
    codebuild.update_project(name="verify", timeoutInMinutes=45)
    assert read_back(codebuild)["timeoutInMinutes"] == 45
    with pytest.raises(ClientError, match="Project cannot be found: build"):
        codebuild.update_project(name="build")


@pytest.mark.mends("codebuild:DeleteProject")
def test_a_project_is_deleted_by_its_arn(client: Clients) -> None:
    codebuild = client("codebuild")
    arn = codebuild.create_project(**PROJECT)["project"]["arn"]
    codebuild.delete_project(name=arn)
    assert codebuild.list_projects()["projects"] == []


@pytest.mark.mends("codeconnections:CreateConnection")
def test_a_connection_waits_and_is_gone_after_its_deletion(client: Clients) -> None:
    connections = client("codeconnections")
    tags = [{"Key": "owner", "Value": "payments"}]
    arn = connections.create_connection(ConnectionName="source", ProviderType="GitHub", Tags=tags)[
        "ConnectionArn"
    ]
    found = connections.get_connection(ConnectionArn=arn)["Connection"]
    assert (found["ConnectionStatus"], found["OwnerAccountId"]) == ("PENDING", ACCOUNT)
    connections.tag_resource(ResourceArn=arn, Tags=[{"Key": "scope", "Value": "pci"}])
    connections.untag_resource(ResourceArn=arn, TagKeys=["owner"])
    assert connections.list_tags_for_resource(ResourceArn=arn)["Tags"] == [
        {"Key": "scope", "Value": "pci"}
    ]
    connections.delete_connection(ConnectionArn=arn)
    assert connections.list_connections()["Connections"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        connections.get_connection(ConnectionArn=arn)


@pytest.mark.mends("codepipeline:GetPipeline")
def test_a_pipelines_times_are_numbers(client: Clients) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "codepipeline.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = client("iam").create_role(
        RoleName="pipeline",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    pipelines = client("codepipeline")
    kind = {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
    stages = [
        {"name": name, "actions": [{"name": "approve", "actionTypeId": kind}]}
        for name in ("first", "second")
    ]
    store = {"type": "S3", "location": "artifacts"}
    pipelines.create_pipeline(
        pipeline={
            "name": "delivery",
            "roleArn": role,
            "artifactStore": store,
            "stages": stages,
            "pipelineType": "V2",
            "executionMode": "QUEUED",
        }
    )
    bodies: list[bytes] = []

    def read(http_response: Any, **_: Any) -> None:
        bodies.append(http_response.content)

    pipelines.meta.events.register("after-call.codepipeline.GetPipeline", read)
    assert pipelines.get_pipeline(name="delivery")["pipeline"]["executionMode"] == "QUEUED"
    (times,) = (json.loads(body)["metadata"] for body in bodies)
    assert isinstance(times["created"], int | float)
    assert isinstance(times["updated"], int | float)
