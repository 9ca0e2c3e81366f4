"""What attempts are made on: resources by what they are, and the organization as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import boto3

    from harness.attempts.attempt import Who
    from harness.iam import Snapshot

    Enter = Callable[[str, str], boto3.Session]

ACCESS_ROLE = "OrganizationAccountAccessRole"
OUTSIDE = "999999999999"
NAMES = ("payments-logs-production", "payments-logs-nonproduction")
"""Of log destinations and their streams; the buckets have the account's id behind it."""
_WORKLOADS = ("dev", "production")


@dataclass(frozen=True, slots=True)
class Target:
    """A resource and the account that owns it."""

    arn: str
    account: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A locked version in one of the archive's buckets."""

    bucket: str
    key: str
    version: str
    mode: str
    """`COMPLIANCE`, or `GOVERNANCE` where only logs of other environments are kept yet."""


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


def targets_of(
    accounts: Mapping[str, str],
    region: str,
    stored: Stored,
    *,
    archive_key: str,
    dev_key: str | None,
) -> dict[str, Target]:
    """Name everything by the names that the environments give.

    Args:
        accounts: ids by name.
        region: where logs are shipped.
        stored: a log in the archive.
        archive_key: ARN of the archive's key.
        dev_key: ARN of dev's key for operations, if dev is applied.
    """
    found = {
        **_of_archive(accounts["log-archive"], region, stored, archive_key),
        **_of_management(accounts["management"], region),
    }
    for name in _WORKLOADS:
        for what, target in _of_workload(accounts[name], region, name).items():
            found[f"{name} {what}"] = target
    if dev_key:
        found["dev key"] = Target(dev_key, accounts["dev"])
    return found


def _of_archive(account: str, region: str, stored: Stored, key: str) -> dict[str, Target]:
    own, name = f"{region}:{account}", stored.bucket.removesuffix(f"-{account}")
    arns = {
        "archived log": f"arn:aws:s3:::{stored.bucket}/{stored.key}",
        "archive bucket": f"arn:aws:s3:::{stored.bucket}",
        "archive key": key,
        "log destination": f"arn:aws:logs:{own}:destination:{name}",
        "delivery stream": f"arn:aws:firehose:{own}:deliverystream/{name}",
        "archive log group": f"arn:aws:logs:{own}:log-group:/aws/kinesisfirehose/{name}",
        "archive log role": f"arn:aws:iam::{account}:role/{name}-destination",
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
        "flow log role": f"arn:aws:iam::{account}:role/payments-{environment}-flow-logs",
        "detector": f"arn:aws:guardduty:{own}:detector/any",
        "log groups": f"arn:aws:logs:{own}:log-group:*",
        "account": "*",
        "account elsewhere": f"arn:aws:logs:us-west-2:{account}:log-group:hidden",
    }
    return {what: Target(arn, account) for what, arn in arns.items()}
