"""Reads back what was deployed: everything that decides on attempts, and what they are made on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from harness.attempts.targets import ACCESS_ROLE, NAMES, OUTSIDE, Deployed, Stored, targets_of
from harness.iam import Permissions, Policy, Snapshot, read_organization, read_role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import boto3

    from harness.attempts.attempt import Who
    from harness.attempts.targets import Enter
    from harness.iam import Statement

_OPERATIONS = "alias/payments-dev-operations"
EVERYTHING = Policy(
    {"Statement": {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}},
    name="AdministratorAccess",
).statements


class NotDeployedError(Exception):
    """Something that attempts are made on isn't there; says what to apply."""


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
        who.arn(accounts[who.account]): permissions_of(enter, accounts[who.account], who.role)
        for who in people
        if not who.is_service
    }
    dev_key = _key(enter(accounts["dev"], ACCESS_ROLE).client("kms"), _OPERATIONS)
    targets = targets_of(
        accounts,
        region,
        archive.stored,
        archive_key=archive.key[0],
        dev_key=dev_key[0] if dev_key else None,
    )
    resources = archive.policies() | trusts(entities) | dict([dev_key] if dev_key else [])
    snapshot = Snapshot(organization, entities, resources)
    return Deployed(region, accounts, enter, snapshot, targets, archive.stored)


def permissions_of(enter: Enter, account: str, role: str) -> Permissions:
    """Read a role; who is no deploy role, or isn't there yet, may do everything."""
    if role == ACCESS_ROLE or not role.startswith("payments-"):
        return Permissions(EVERYTHING, None, {})
    iam = enter(account, ACCESS_ROLE).client("iam")
    try:
        return read_role(iam, role)
    except iam.exceptions.NoSuchEntityException:
        return Permissions(EVERYTHING, None, {})


def trusts(entities: Mapping[str, Permissions]) -> dict[str, Sequence[Statement]]:
    """Who may become which role, by the role's ARN."""
    return {arn: each.trust for arn, each in entities.items() if each.trust is not None}


class _Archive:
    """The archive account as it stands: a bucket with a log, and what leads there."""

    def __init__(self, session: boto3.Session, account: str) -> None:
        self._s3: Any = session.client("s3")
        self._logs: Any = session.client("logs")
        key = _key(session.client("kms"), "alias/payments-log-archive")
        if key is None:
            raise NotDeployedError("apply environments/log-archive first: the archive has no key")
        self.key = key
        buckets = [f"{name}-{account}" for name in NAMES]
        found = next(filter(None, map(self._first, buckets)), None)
        if found is None:
            raise NotDeployedError(f"ship a log first: nothing lies in {' or '.join(buckets)}")
        self.stored = found

    def _first(self, bucket: str) -> Stored | None:
        """The first version in a bucket, which must be locked."""
        versions = self._s3.list_object_versions(Bucket=bucket, MaxKeys=1).get("Versions", ())
        for each in versions:
            retention = self._s3.get_object_retention(
                Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"]
            )["Retention"]
            return Stored(bucket, each["Key"], each["VersionId"], retention["Mode"])
        return None

    def policies(self) -> dict[str, Sequence[Statement]]:
        """The policies of bucket, key and destination by ARN."""
        bucket = self.stored.bucket
        document = self._s3.get_bucket_policy(Bucket=bucket)["Policy"]
        found = self._logs.describe_destinations(DestinationNamePrefix="payments-logs-")
        return {
            f"arn:aws:s3:::{bucket}": _resource_policy(document, bucket),
            **{
                each["arn"]: _resource_policy(each["accessPolicy"], each["destinationName"])
                for each in found["destinations"]
            },
            self.key[0]: self.key[1],
        }


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
