"""Real Terraform with the real provider: apply, an empty second plan, update, destroy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from harness.terraform import Root, Terraform, TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.aws import EmbeddedAWS

    Clients = Callable[[str], Any]

HERE = Path(__file__).parent
ACCOUNT = "444444444444"
LOCK = "service.tfstate.tflock"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def revision(aws: EmbeddedAWS, tmp_path: Path, function_zip: bytes) -> Callable[[int], Root]:
    """Prepare the cases in one of their two revisions, with one state."""
    artifact = tmp_path / "service.zip"
    artifact.write_bytes(function_zip)
    terraform = Terraform.discover()

    def prepare(number: int) -> Root:
        return terraform.root(
            HERE / "cases",
            workdir=tmp_path / "run",
            environment=aws.environment(),
            variables={"account_id": ACCOUNT, "artifact": str(artifact), "revision": number},
            parallelism=30,
        )

    return prepare


def test_everything_goes_the_round(
    aws: EmbeddedAWS, client: Clients, revision: Callable[[int], Root]
) -> None:
    first = revision(1)
    first.init()
    first.apply()
    again = first.plan()
    assert again.is_empty, str(again)
    outputs = first.outputs()
    assert outputs["account_id"] == ACCOUNT
    assert _deployed_timeout(client, outputs["api_id"]) == 10_000

    second = revision(2)
    update = second.plan()
    assert {"update"} <= {action for change in update.changes for action in change.actions}
    second.apply(update)
    again = second.plan()
    assert again.is_empty, str(again)
    assert _deployed_timeout(client, outputs["api_id"]) == 8_000
    alias = client("lambda").get_alias(FunctionName="service", Name="live")
    assert alias["FunctionVersion"] == "1"
    assert alias["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.1}}

    second.destroy()
    _assert_nothing_left(client)
    assert [call for call in aws.calls if call.status >= 500] == []
    operator = f"arn:aws:iam::{aws.management_account}:user/operator"
    assert {call.action for call in aws.calls if call.principal_arn == operator} == {"AssumeRole"}


def _deployed_timeout(client: Clients, api_id: str) -> int:
    answer = client("apigateway").get_export(
        restApiId=api_id,
        stageName="v1",
        exportType="oas30",
        parameters={"extensions": "apigateway"},
    )
    document = json.loads(answer["body"].read())
    method = document["paths"]["/merchants/{merchant_id}/payments"]["post"]
    return int(method["x-amazon-apigateway-integration"]["timeoutInMillis"])


def _assert_nothing_left(client: Clients) -> None:
    gateway, functions = client("apigateway"), client("lambda")
    assert gateway.get_rest_apis()["items"] == []
    assert gateway.get_usage_plans()["items"] == []
    assert gateway.get_api_keys()["items"] == []
    assert functions.list_functions()["Functions"] == []
    assert client("dynamodb").list_tables()["TableNames"] == []
    logs = client("logs")
    assert logs.describe_log_groups()["logGroups"] == []
    assert logs.describe_destinations()["destinations"] == []
    for kind in ("DATA_PROTECTION_POLICY", "SUBSCRIPTION_FILTER_POLICY"):
        assert logs.describe_account_policies(policyType=kind)["accountPolicies"] == []
    assert logs.describe_query_definitions()["queryDefinitions"] == []
    assert client("firehose").list_delivery_streams()["DeliveryStreamNames"] == []
    assert client("cloudtrail").list_trails()["Trails"] == []
    assert client("events").list_rules()["Rules"] == []
    assert "QueueUrls" not in client("sqs").list_queues()
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUse"):
        client("organizations").describe_organization()
    kms = client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    # The provider looks at AWS's own key for DynamoDB, which moto then makes.
    own = [key["KeyState"] for key in keys if key["Description"] != "Default key"]
    assert own == ["PendingDeletion"] * 2


@pytest.fixture
def remote_root(aws: EmbeddedAWS, client: Clients, tmp_path: Path) -> Callable[[int], Root]:
    """Prepare a root whose state lies in a versioned bucket, locked by a file."""
    s3 = client("s3")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
    terraform = Terraform.discover()

    def prepare(number: int) -> Root:
        return terraform.root(
            HERE / "remote_state",
            workdir=tmp_path / "run",
            environment=aws.environment(ACCOUNT),
            variables={"revision": number},
        )

    return prepare


def test_state_is_kept_and_locked_in_a_bucket(
    client: Clients, remote_root: Callable[[int], Root]
) -> None:
    s3 = client("s3")
    root = remote_root(1)
    root.init()
    root.apply()
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="state")["Contents"]] == [
        "service.tfstate"
    ]

    holder = {"ID": "held", "Operation": "apply", "Who": "ann", "Version": "1.11.4"}
    s3.put_object(Bucket="state", Key=LOCK, Body=json.dumps(holder), IfNoneMatch="*")
    with pytest.raises(TerraformError, match="Error acquiring the state lock"):
        remote_root(2).apply()
    s3.delete_object(Bucket="state", Key=LOCK)
    remote_root(2).apply()
    assert remote_root(2).plan().is_empty
