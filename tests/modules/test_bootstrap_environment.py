"""environments/bootstrap: what an account needs first; and dev, which stands on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2
import pytest

from harness.iam import AccessRequest, Decision, Policy, Principal, evaluate
from harness.testing import pci, rejects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.aws import EmbeddedAWS
    from harness.terraform import Root, Terraform
    from harness.testing import Planner

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"
ORGANIZATION = json.loads((ENVIRONMENTS / "organization.json").read_text(encoding="utf-8"))
ACCOUNT_ID = ORGANIZATION["accounts"]["integration"]


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


@pci("3.5.1", "4.2.1")
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


@pci("7.2.5")
def test_deploy_role_makes_bounded_roles_and_searches_no_payments(account: Account) -> None:
    policy = account.statements("aws_iam_role_policy.deploy")
    boundary = account.outputs["permissions_boundary_arn"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    assert policy["MakeBoundedRoles"]["Condition"] == bounded
    assert "iam:CreateRole" not in policy["ManageRoles"]["Action"]
    assert policy["NeverSearchPayments"]["Effect"] == "Deny"
    assert {"dynamodb:Query", "dynamodb:Scan"} <= set(policy["NeverSearchPayments"]["Action"])
    assert len(json.dumps(list(policy.values()))) < 10240, "IAM's limit of a role's inline policies"


MANAGED = [
    "aws_iam_policy.deploy_network[0]",
    "aws_iam_policy.deploy_services[0]",
    "aws_iam_policy.deploy_web_acl[0]",
    "aws_iam_policy.workload_boundary",
]


@pytest.mark.parametrize("address", MANAGED)
def test_managed_policies_are_within_iams_limit(account: Account, address: str) -> None:
    assert len(account.resources[address]["policy"].replace(" ", "")) < 6144


@pci("1.4.4")
@pytest.mark.parametrize(
    "action", ["ec2:RunInstances", "ec2:CreateVpcPeeringConnection", "ec2:CreateVpnGateway"]
)
def test_deploy_role_opens_no_other_way_into_the_network(account: Account, action: str) -> None:
    allowed = [
        pattern
        for statement in account.statements("aws_iam_policy.deploy_network[0]").values()
        for pattern in statement["Action"]
    ]
    assert allowed
    assert not [pattern for pattern in allowed if fnmatch(action, pattern)]


@pci("7.2.5")
def test_deploy_role_reads_no_secret_but_the_dashboards(account: Account) -> None:
    statements = account.statements("aws_iam_policy.deploy_services[0]")
    readers = {
        sid: statement["Resource"]
        for sid, statement in statements.items()
        if "secretsmanager:GetSecretValue" in statement["Action"]
    }
    (resource,) = readers.values()
    assert fnmatch("payments-dev-dashboard-csrf-key-1", resource.rpartition(":")[2])
    assert not fnmatch("payments-dev-webhook-m_bakery", resource.rpartition(":")[2])


def test_public_zone_is_for_the_parent_to_delegate(account: Account) -> None:
    zone = account.resources["aws_route53_zone.public[0]"]
    assert zone["name"] == "integration.payments.example"
    assert account.outputs["name_servers"] == zone["name_servers"]


MADE_HERE = [
    ("iam:PutRolePolicy", "iam-role/payments-deploy"),
    ("iam:UpdateRole", "iam-role/payments-deploy"),
    ("iam:PassRole", "iam-role/payments-api-gateway-logs"),
    ("iam:TagRole", "iam-role/payments-api-gateway-logs"),
    ("kms:CreateGrant", "state-key"),
    ("kms:ScheduleKeyDeletion", "state-key"),
    ("kms:UpdateAlias", "state-key"),
    ("s3:DeleteObject", "state/bootstrap/terraform.tfstate"),
    ("s3:PutObject", "state/bootstrap/terraform.tfstate"),
]
OTHERS_PAYMENTS = [
    ("dynamodb:PutResourcePolicy", "table"),
    ("dynamodb:Query", "table"),
    ("kms:CreateGrant", "key"),
    ("lambda:InvokeFunctionUrl", "function"),
]
ITS_WORK = [
    ("dynamodb:UpdateTable", "table"),
    ("iam:UpdateRole", "iam-role/payments-dev-sweeper"),
    ("kms:Decrypt", "state-key"),
    ("kms:GenerateDataKey", "state-key"),
    ("kms:PutKeyPolicy", "key"),
    ("lambda:UpdateFunctionCode", "function"),
    ("s3:PutObject", "state/dev/terraform.tfstate"),
]


@pci("7.2.5")
@pytest.mark.parametrize(("action", "on"), MADE_HERE + OTHERS_PAYMENTS)
def test_deploy_role_may_not(account: Account, action: str, on: str) -> None:
    assert not _allows(account, action, on)


@pytest.mark.parametrize(("action", "on"), ITS_WORK)
def test_deploy_role_may(account: Account, action: str, on: str) -> None:
    assert _allows(account, action, on)


@pci("7.2.5")
@pytest.mark.parametrize(("service", "may"), [("dynamodb", True), ("lambda", True), ("ec2", False)])
def test_deploy_role_makes_grants_only_for_what_it_deploys(
    account: Account, service: str, may: bool
) -> None:
    via = {"kms:viaservice": [f"{service}.eu-west-1.amazonaws.com"]}
    assert _allows(account, "kms:CreateGrant", "key", via) is may


def _allows(
    account: Account, action: str, on: str, keys: Mapping[str, list[str]] | None = None
) -> bool:
    kind, _, rest = on.partition("/")
    resource = {
        "function": f"arn:aws:lambda:eu-west-1:{ACCOUNT_ID}:function:payments-dev-sweeper",
        "iam-role": f"arn:aws:iam::{ACCOUNT_ID}:role/{rest}",
        "key": f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/another",
        "state": f"arn:aws:s3:::{account.outputs['state_bucket']}/{rest}",
        "state-key": account.resources["aws_kms_key.state"]["arn"],
        "table": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT_ID}:table/payments-dev-transactions",
    }[kind]
    context = {
        "aws:requestedregion": ["eu-west-1"],
        "iam:passedtoservice": ["lambda.amazonaws.com"],
        **(keys or {}),
    }
    role = Principal(ACCOUNT_ID, f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/payments-deploy/apply")
    policy = Policy(account.resources["aws_iam_role_policy.deploy"]["policy"])
    decision = evaluate(policy.statements, AccessRequest(action, resource, context.get, role))
    return decision is Decision.ALLOW


@pci("10.2.1")
def test_api_gateway_can_log(account: Account, aws: EmbeddedAWS) -> None:
    settings = aws.client("apigateway", ACCOUNT_ID).get_account()
    assert settings["cloudwatchRoleArn"] == account.outputs["api_gateway_logs_role_arn"]


def test_backend_output_is_that_of_the_account(account: Account) -> None:
    (terraform,) = hcl2.loads(account.outputs["backend"])["terraform"]
    backend = json.dumps(terraform)
    assert f"payments-terraform-state-{ACCOUNT_ID}" in backend
    assert "use_lockfile" in backend


def test_unknown_environment_is_refused(plan: Planner) -> None:
    with rejects(variable="environment", match="There is no such account"):
        plan("environments/bootstrap", environment="staging")


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
