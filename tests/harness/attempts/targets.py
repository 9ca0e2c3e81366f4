"""What is attacked, and everything that decides on it, read back from what was deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from harness.iam import Permissions, Policy, Snapshot, read_organization, read_role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import boto3

    from harness.attempts.attempt import Who
    from harness.iam import Statement

    Enter = Callable[[str, str], boto3.Session]

ACCESS_ROLE = "OrganizationAccountAccessRole"
OUTSIDE = "999999999999"
NAME = "payments-logs-production"
"""Of the production log destination and its stream; the bucket has the account's id behind it."""
_OPERATIONS = "alias/payments-dev-operations"
_WORKLOADS = ("dev", "production")
_EVERYTHING = Policy(
    {"Statement": {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}},
    name="AdministratorAccess",
).statements


class NotDeployedError(Exception):
    """Something that attempts are made on isn't there; says what to apply."""


@dataclass(frozen=True, slots=True)
class Target:
    """A resource and the account that owns it."""

    arn: str
    account: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A locked version in the archive's production bucket."""

    bucket: str
    key: str
    version: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """The organization as it stands.

    ``enter`` assumes a role in an account: ``enter(account_id, role)``.
    """

    region: str
    accounts: Mapping[str, str]
    """Ids by name, `outside` among them."""
    enter: Enter
    snapshot: Snapshot
    targets: Mapping[str, Target]
    stored: Stored

    def arn_of(self, who: Who) -> str:
        """The principal as policies name it."""
        return who.arn(self.accounts[who.account])

    def name_of(self, account_id: str) -> str:
        """An account's name in organization.json."""
        return next(name for name, found in self.accounts.items() if found == account_id)


def collect(
    enter: Enter, accounts: Mapping[str, str], region: str, people: Iterable[Who]
) -> Deployed:
    """Read the organization, its policies and those of roles and resources.

    Organizations makes its access role with every permission, and so it counts here. A deploy
    role that isn't there yet counts as an administrator: the worst that it could be.

    Args:
        enter: assumes a role in an account.
        accounts: ids by name, as in organization.json.
        region: where logs are shipped.
        people: whose permissions are read.

    Raises:
        NotDeployedError: the organization or the archive isn't applied.
    """
    accounts = {**accounts, "outside": OUTSIDE}
    try:
        organization = read_organization(
            enter(accounts["management"], ACCESS_ROLE).client("organizations")
        )
    except ClientError as error:
        raise NotDeployedError(f"apply environments/management first: {error}") from None
    archive = _Archive(enter(accounts["log-archive"], ACCESS_ROLE), accounts["log-archive"])
    entities = {
        who.arn(accounts[who.account]): _permissions(enter, accounts[who.account], who.role)
        for who in people
        if not who.is_service
    }
    dev_key = _key(enter(accounts["dev"], ACCESS_ROLE).client("kms"), _OPERATIONS)
    targets = {
        **_of_archive(accounts["log-archive"], region, archive),
        **_of_management(accounts["management"], region),
        **{
            f"{name} {what}": target
            for name in _WORKLOADS
            for what, target in _of_workload(accounts[name], region, name).items()
        },
    }
    resources = archive.policies()
    if dev_key:
        arn, policy = dev_key
        targets["dev key"] = Target(arn, accounts["dev"])
        resources[arn] = policy
    snapshot = Snapshot(organization, entities, resources)
    return Deployed(region, accounts, enter, snapshot, targets, archive.stored)


def _permissions(enter: Enter, account: str, role: str) -> Permissions:
    if role == ACCESS_ROLE or not role.startswith("payments-"):
        return Permissions(_EVERYTHING, None, {})
    iam = enter(account, ACCESS_ROLE).client("iam")
    try:
        return read_role(iam, role)
    except iam.exceptions.NoSuchEntityException:
        return Permissions(_EVERYTHING, None, {})


class _Archive:
    """The archive account as it stands: the production bucket and what leads there."""

    def __init__(self, session: boto3.Session, account: str) -> None:
        self._s3: Any = session.client("s3")
        self._logs: Any = session.client("logs")
        self.bucket = f"{NAME}-{account}"
        key = _key(session.client("kms"), "alias/payments-log-archive")
        try:
            listed = self._s3.list_object_versions(Bucket=self.bucket, MaxKeys=1)
        except ClientError as error:
            raise NotDeployedError(f"apply environments/log-archive first: {error}") from None
        versions = listed.get("Versions", ())
        if key is None or not versions:
            lacking = "no key" if key is None else f"nothing in {self.bucket}"
            raise NotDeployedError(f"the archive has {lacking}: apply it, and ship a log to it")
        self.key = key
        version = versions[0]
        self.stored = Stored(self.bucket, version["Key"], version["VersionId"])

    def policies(self) -> dict[str, Sequence[Statement]]:
        """The policies of bucket, key and destination by ARN."""
        bucket = self._s3.get_bucket_policy(Bucket=self.bucket)["Policy"]
        found = self._logs.describe_destinations(DestinationNamePrefix=NAME)["destinations"]
        return {
            f"arn:aws:s3:::{self.bucket}": _resource_policy(bucket, self.bucket),
            **{each["arn"]: _resource_policy(each["accessPolicy"], NAME) for each in found},
            self.key[0]: self.key[1],
        }


def _of_archive(account: str, region: str, archive: _Archive) -> dict[str, Target]:
    own = f"{region}:{account}"
    arns = {
        "archived log": f"arn:aws:s3:::{archive.stored.bucket}/{archive.stored.key}",
        "archive bucket": f"arn:aws:s3:::{archive.bucket}",
        "archive key": archive.key[0],
        "log destination": f"arn:aws:logs:{own}:destination:{NAME}",
        "delivery stream": f"arn:aws:firehose:{own}:deliverystream/{NAME}",
        "archive log group": f"arn:aws:logs:{own}:log-group:/aws/kinesisfirehose/{NAME}",
        "archive deploy role": f"arn:aws:iam::{account}:role/payments-deploy",
        "archive log role": f"arn:aws:iam::{account}:role/{NAME}-destination",
        "log-archive account": "*",
    }
    return {name: Target(arn, account) for name, arn in arns.items()}


def _of_management(account: str, region: str) -> dict[str, Target]:
    trail = f"arn:aws:cloudtrail:{region}:{account}:trail/payments-organization"
    policy = f"arn:aws:organizations::{account}:policy/o-any/service_control_policy/p-any"
    arns = {"trail": trail, "guardrail": policy, "organization": "*"}
    return {name: Target(arn, account) for name, arn in arns.items()}


def _of_workload(account: str, region: str, environment: str) -> dict[str, Target]:
    own, name = f"{region}:{account}", f"payments-{environment}-transaction-gateway"
    arns = {
        "log group": f"arn:aws:logs:{own}:log-group:/aws/lambda/{name}",
        "function": f"arn:aws:lambda:{own}:function:{name}",
        "key": f"arn:aws:kms:{own}:alias/payments-{environment}-operations",
        "flow log": f"arn:aws:ec2:{own}:vpc-flow-log/fl-any",
        "deploy role": f"arn:aws:iam::{account}:role/payments-deploy",
        "forwarding role": f"arn:aws:iam::{account}:role/payments-{environment}-log-forwarding",
        "detector": f"arn:aws:guardduty:{own}:detector/any",
        "account": "*",
        "account elsewhere": f"arn:aws:logs:us-west-2:{account}:log-group:hidden",
    }
    return {what: Target(arn, account) for what, arn in arns.items()}


def _key(kms: Any, alias: str) -> tuple[str, Sequence[Statement]] | None:
    """The ARN and the policy of the key behind an alias."""
    try:
        arn = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    except kms.exceptions.NotFoundException:
        return None
    document = kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    return arn, _resource_policy(document, alias)


def _resource_policy(document: str, name: str) -> Sequence[Statement]:
    return Policy(document, resource_based=True, name=name).statements
