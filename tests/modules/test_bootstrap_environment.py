"""environments/bootstrap: what an account needs first; and dev, which stands on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2
import pytest

from harness.terraform import TerraformError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS
    from harness.terraform import Root, Terraform

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"
ACCOUNT_ID = "666666666666"


@pytest.fixture(scope="module")
def bootstrap(
    terraform: Terraform, aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory
) -> Root:
    root = terraform.root(
        ENVIRONMENTS / "bootstrap",
        workdir=tmp_path_factory.mktemp("bootstrap"),
        environment=aws.environment(ACCOUNT_ID),
        variables={"environment": "integration"},
    )
    root.init()
    return root


@dataclass(frozen=True)
class Account:
    """What was applied in an account, read once."""

    outputs: dict[str, Any]
    resources: dict[str, dict[str, Any]]

    def statements(self, address: str) -> dict[str, Any]:
        """The statements of a policy by their ids."""
        policy = json.loads(self.resources[address]["policy"])
        return {statement["Sid"]: statement for statement in policy["Statement"]}


@pytest.fixture(scope="module")
def account(bootstrap: Root) -> Iterator[Account]:
    try:
        bootstrap.apply()
        values = bootstrap.state()["values"]
        yield Account(
            {name: output["value"] for name, output in values["outputs"].items()},
            {item["address"]: item["values"] for item in values["root_module"]["resources"]},
        )
    finally:
        bootstrap.destroy()
    assert not bootstrap.state().get("values"), "left in the state after the destroy"


def test_second_plan_is_empty(bootstrap: Root, account: Account) -> None:
    assert account.outputs
    assert bootstrap.plan().is_empty


def test_state_is_encrypted_versioned_and_private(account: Account, aws: EmbeddedAWS) -> None:
    bucket = account.outputs["state_bucket"]
    s3 = aws.client("s3", ACCOUNT_ID)
    assert bucket == f"payments-terraform-state-{ACCOUNT_ID}"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    (rule,) = encryption["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    policy = account.statements("aws_s3_bucket_policy.state")
    assert policy["RefuseInsecureTransport"]["Effect"] == "Deny"


def test_deploy_role_makes_bounded_roles_and_searches_no_payments(account: Account) -> None:
    policy = account.statements("aws_iam_role_policy.deploy")
    boundary = account.outputs["permissions_boundary_arn"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    assert policy["MakeBoundedRoles"]["Condition"] == bounded
    assert "iam:CreateRole" not in policy["ManageRoles"]["Action"]
    assert policy["NeverSearchPayments"]["Effect"] == "Deny"
    assert {"dynamodb:Query", "dynamodb:Scan"} <= set(policy["NeverSearchPayments"]["Action"])
    assert len(json.dumps(list(policy.values()))) < 10240, "IAM's limit of a role's inline policies"


def test_api_gateway_can_log(account: Account, aws: EmbeddedAWS) -> None:
    settings = aws.client("apigateway", ACCOUNT_ID).get_account()
    assert settings["cloudwatchRoleArn"] == account.outputs["api_gateway_logs_role_arn"]


def test_backend_output_is_that_of_the_account(account: Account) -> None:
    (terraform,) = hcl2.loads(account.outputs["backend"])["terraform"]
    backend = json.dumps(terraform)
    assert f"payments-terraform-state-{ACCOUNT_ID}" in backend
    assert "use_lockfile" in backend


def test_unknown_environment_is_refused(
    terraform: Terraform, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    root = terraform.root(
        ENVIRONMENTS / "bootstrap",
        workdir=tmp_path,
        environment=aws.environment(ACCOUNT_ID),
        variables={"environment": "staging"},
    )
    root.init()
    with pytest.raises(TerraformError, match="There is no such account") as refused:
        root.plan()
    assert {error.variable for error in refused.value.errors} == {"environment"}


def test_devs_backend_says_what_the_organization_says() -> None:
    organization = json.loads((ENVIRONMENTS / "organization.json").read_text())
    account = organization["accounts"]["dev"]
    backend = (ENVIRONMENTS / "dev/backend.tf").read_text()
    assert f'bucket              = "payments-terraform-state-{account}"' in backend
    assert f'region              = "{organization["region"]}"' in backend
    assert f'allowed_account_ids = ["{account}"]' in backend
    assert f"arn:aws:iam::{account}:role/payments-deploy" in backend


@pytest.mark.parametrize("root", ["bootstrap", "dev"])
def test_roots_pin_the_provider_for_every_platform(root: str) -> None:
    lock = (ENVIRONMENTS / root / ".terraform.lock.hcl").read_text()
    assert 'version     = "5.100.0"' in lock
    assert lock.count('"h1:') == 14, "one for each platform that HashiCorp builds"
    assert lock.count('"zh:') == 15, "one for each archive, and one for the list of archives"
