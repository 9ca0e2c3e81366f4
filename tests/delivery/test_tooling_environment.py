"""environments/tooling, applied by the role that bootstrap made: read back, planned anew, gone."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from delivery.conftest import ACCOUNTS
from harness.deploy_permissions import permissions_lacked, permissions_used
from harness.testing import pci
from pci_dss.policy import Result, policies
from terraform_plan.references import Resources

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS
    from harness.terraform import Root

TOOLING = ACCOUNTS["tooling"]
PIPELINE = "payments-delivery"
STAGES = [
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
]


@pytest.fixture(scope="module")
def pipeline(aws: EmbeddedAWS, tooling: Root) -> dict[str, Any]:
    """The deployed pipeline, read back."""
    assert tooling
    found: dict[str, Any] = aws.client("codepipeline", TOOLING).get_pipeline(name=PIPELINE)
    return dict(found["pipeline"])


def test_second_plan_is_empty(tooling: Root) -> None:
    assert tooling.plan().is_empty


def test_what_is_deployed_is_what_was_declared(pipeline: dict[str, Any]) -> None:
    assert (pipeline["pipelineType"], pipeline["executionMode"]) == ("V2", "QUEUED")
    assert [stage["name"] for stage in pipeline["stages"]] == STAGES
    stages = {stage["name"]: stage for stage in pipeline["stages"]}
    assert [
        (action["name"], action["actionTypeId"]["category"], action["runOrder"])
        for action in stages["prod-approve"]["actions"]
    ] == [
        ("approve-first", "Approval", 1),
        ("approve-second", "Approval", 1),
        ("verify-approvers", "Build", 2),
    ]
    (condition,) = stages["prod-deploy"]["beforeEntry"]["conditions"]
    assert condition["result"] == "FAIL"
    assert [rule["ruleTypeId"]["provider"] for rule in condition["rules"]] == [
        "DeploymentWindow",
        *["CloudWatchAlarm"] * 4,
    ]
    assert stages["prod-shift"]["onFailure"] == {"result": "ROLLBACK"}


def test_projects_are_there_with_roles_keys_and_timeouts(
    aws: EmbeddedAWS, tooling: Root, pipeline: dict[str, Any]
) -> None:
    names = {
        action["configuration"]["ProjectName"]
        for stage in pipeline["stages"]
        for action in stage["actions"]
        if action["actionTypeId"]["provider"] == "CodeBuild"
    }
    codebuild = aws.client("codebuild", TOOLING)
    found = {
        project["name"]: project
        for project in codebuild.batch_get_projects(names=sorted(names))["projects"]
    }
    assert set(found) == names
    outputs = tooling.outputs()
    minutes = outputs["time_budget"]["minutes"]
    for name, project in found.items():
        stage = name.removeprefix(f"{PIPELINE}-")
        assert project["serviceRole"] == outputs["projects"][stage]["role_arn"]
        assert project["encryptionKey"] == outputs["artifact_store"]["kms_key_arn"]
        assert project["timeoutInMinutes"] == minutes[stage]
        assert project["environment"]["privilegedMode"] is False


@pci("3.6.1")
def test_store_refuses_other_keys_and_keeps_what_it_has(aws: EmbeddedAWS, tooling: Root) -> None:
    store = tooling.outputs()["artifact_store"]
    s3 = aws.client("s3", TOOLING)
    bucket = store["bucket_name"]
    lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    retention = lock["Rule"]["DefaultRetention"]
    assert (retention["Mode"], retention["Days"]) == ("GOVERNANCE", 7)
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    default = encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    assert default == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": store["kms_key_arn"]}
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    denied = {each["Sid"]: each["Condition"] for each in policy["Statement"]}
    assert denied["RefuseInsecureTransport"] == {"Bool": {"aws:SecureTransport": "false"}}
    key = {"s3:x-amz-server-side-encryption-aws-kms-key-id": store["kms_key_arn"]}
    assert denied["RefuseOtherKeys"] == {"StringNotEqualsIfExists": key}


def test_releases_can_be_signed_and_checked(aws: EmbeddedAWS, tooling: Root) -> None:
    kms = aws.client("kms", TOOLING)
    for alias in (each["alias"] for each in tooling.outputs()["signing_keys"].values()):
        how = {"KeyId": alias, "SigningAlgorithm": "ECDSA_SHA_256"}
        signature = kms.sign(Message=b"release", MessageType="RAW", **how)["Signature"]
        told = kms.verify(Message=b"release", MessageType="RAW", Signature=signature, **how)
        assert told["SignatureValid"]


def test_connection_waits_for_somebody_to_confirm_it(aws: EmbeddedAWS, tooling: Root) -> None:
    connections = aws.client("codeconnections", TOOLING)
    arn = tooling.outputs()["connection_arn"]
    found = connections.get_connection(ConnectionArn=arn)["Connection"]
    assert (found["ConnectionName"], found["ConnectionStatus"]) == (PIPELINE, "PENDING")


@pci("7.2.5")
def test_deploy_role_may_do_what_applying_needs(aws: EmbeddedAWS, tooling: Root) -> None:
    assert tooling
    assert len(permissions_used(aws, TOOLING, "payments-deploy")) > 20, "the log forgot the apply"
    assert not permissions_lacked(aws, TOOLING, "payments-deploy")


# A lock for logs has to be long. This one is short on purpose: plans are among what is locked.
NOT_FOR_THIS_STORE = {"PCI_4"}


def judged(document: dict[str, Any]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What our PCI policies find wrong in a state or plan, by policy and address."""
    resources = Resources(document)
    verdicts = {
        (policy.id, address): policy.verdict(item, resources)
        for policy in policies()
        if policy.id not in NOT_FOR_THIS_STORE
        for address, item in resources.all.items()
    }
    return {
        place: verdict.reasons
        for place, verdict in verdicts.items()
        if verdict and verdict.result == Result.FAIL
    }


@pytest.fixture(scope="module")
def applied(tooling: Root) -> dict[str, Any]:
    """What was applied, as a plan of it: with the configuration that it came from."""
    plan = tooling.plan()
    return dict(plan.document)


@pci("6.5.1", "6.5.4", "3.6.1")
def test_our_policies_hold(applied: dict[str, Any]) -> None:
    assert not judged(applied)


def _without_approvals(document: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    pipelines = [
        item
        for module in changed["planned_values"]["root_module"]["child_modules"]
        for item in module["resources"]
        if item["type"] == "aws_codepipeline"
    ]
    for stage in pipelines[0]["values"]["stage"]:
        stage["action"] = [each for each in stage["action"] if each["category"] != "Approval"]
    return changed


@pci("6.5.1", "6.5.4")
def test_a_pipeline_without_its_approvals_is_noticed(applied: dict[str, Any]) -> None:
    found = judged(_without_approvals(applied))
    assert {policy for policy, _ in found} == {"PCI_36"}


def test_nothing_is_left_after_the_destroy(aws: EmbeddedAWS, tooling: Root) -> None:
    """Comes last: what the others look at is gone."""
    tooling.destroy()
    assert not tooling.state().get("values")
    assert not aws.client("codepipeline", TOOLING).list_pipelines()["pipelines"]
    assert not aws.client("codebuild", TOOLING).list_projects()["projects"]
    assert not aws.client("codeconnections", TOOLING).list_connections()["Connections"]
    left = [
        role["RoleName"]
        for role in aws.client("iam", TOOLING).list_roles()["Roles"]
        if role["RoleName"].startswith(PIPELINE)
    ]
    assert not left
