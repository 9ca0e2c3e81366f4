"""The log archive's side: destinations, delivery streams, buckets and their locks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from terraform_plan.references import Path, Resources, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from terraform_plan.references import Instance

_STREAM = "aws_kinesis_firehose_delivery_stream"
_DESTINATION = "aws_cloudwatch_log_destination"
_UNTOLD = "the plan doesn't tell where it leads"


class DeadEndError(Exception):
    """A way ends before a locked bucket, or it isn't told further; the text says where and why."""

    def __init__(self, steps: tuple[str, ...], problem: str, *, undecided: bool = False) -> None:
        super().__init__(problem)
        self.steps = steps
        self.undecided = undecided


@dataclass(frozen=True)
class Lock:
    """The default retention of a bucket's objects."""

    mode: str
    days: int

    def __str__(self) -> str:
        return f"{self.mode} {self.days} days"


@dataclass(frozen=True)
class Archive:
    """What the log archive's plan or state holds."""

    account_id: str
    region: str
    _resources: Resources

    @classmethod
    def read(cls, document: Mapping[str, Any], *, account_id: str, region: str) -> Self:
        """Read a plan, or an applied root's `found.document`, of the account and region."""
        return cls(account_id, region, Resources(document))

    def follow(self, destination_arn: str) -> tuple[tuple[str, ...], Lock]:
        """Give the steps from a destination to the bucket, and the bucket's lock.

        Raises:
            DeadEndError: it leads to no locked bucket, or the plan doesn't tell.
        """
        destination = self._destination(destination_arn)
        steps: tuple[str, ...] = (destination.address,)
        policies = self._resources.of("aws_cloudwatch_log_destination_policy")
        if not any(self._is_of(policy, "destination_name", destination) for policy in policies):
            raise DeadEndError(steps, "nobody may write to it: it has no destination policy")
        stream = self._next(destination, ("target_arn",), _STREAM, steps)
        steps += (stream.address,)
        path: Path = ("extended_s3_configuration", 0, "bucket_arn")
        bucket = self._next(stream, path, "aws_s3_bucket", steps)
        steps += (bucket.address,)
        return steps, self._lock(bucket, steps)

    def keeps(self, bucket_name: str) -> tuple[tuple[str, ...], Lock]:
        """Give the address of a bucket that is written to by its name, and its lock.

        Raises:
            DeadEndError: the archive makes no such bucket, or it isn't locked.
        """
        if not bucket_name:
            raise DeadEndError((), _UNTOLD, undecided=True)
        for item in self._resources.of("aws_s3_bucket"):
            if item.values.get("bucket") == bucket_name:
                steps = (item.address,)
                return steps, self._lock(item, steps)
        raise DeadEndError((bucket_name,), "the log archive makes no such bucket")

    def _destination(self, arn: str) -> Instance:
        if not arn:
            raise DeadEndError((), _UNTOLD, undecided=True)
        _, _, service, region, account_id, kind, name = (*arn.split(":", 6), "", "", "")[:7]
        if (service, kind) != ("logs", "destination"):
            raise DeadEndError((arn,), "it is no destination of CloudWatch Logs in another account")
        if (region, account_id) != (self.region, self.account_id):
            place = f"{self.account_id} in {self.region}"
            raise DeadEndError((arn,), f"it isn't in the log archive, account {place}")
        for item in self._resources.of(_DESTINATION):
            if item.values.get("name") == name:
                return item
        raise DeadEndError((arn,), "the log archive makes no such destination")

    def _next(
        self, item: Instance, path: Path, resource_type: str, steps: tuple[str, ...]
    ) -> Instance:
        try:
            named = self._resources.named(item, path, resource_type)
        except UnresolvedError as error:
            raise DeadEndError(steps, str(error), undecided=True) from None
        found = self._resources.all.get(named[0]) if len(named) == 1 else None
        if found is None or found.type != resource_type:
            told = ", ".join(named) or "nothing"
            raise DeadEndError(steps, f"it leads to {told}, not to one {resource_type}")
        return found

    def _lock(self, bucket: Instance, steps: tuple[str, ...]) -> Lock:
        for item in self._resources.of("aws_s3_bucket_object_lock_configuration"):
            if self._is_of(item, "bucket", bucket) and item.values.get("rule"):
                retention = item.values["rule"][0]["default_retention"][0]
                days = retention.get("days") or 365 * (retention.get("years") or 0)
                return Lock(retention["mode"], days)
        raise DeadEndError(steps, "its objects aren't locked: no default retention")

    def _is_of(self, item: Instance, attribute: str, owner: Instance) -> bool:
        if (value := item.values.get(attribute)) is not None:
            return value in (owner.values.get("name"), owner.values.get("bucket"))
        try:
            return owner.address in self._resources.named(item, (attribute,), owner.type)
        except UnresolvedError:
            return False
