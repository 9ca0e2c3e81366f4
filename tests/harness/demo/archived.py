"""The day in the log archive: what arrived, how it is locked, and who tried to be rid of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.attempts import PEOPLE, carry_out, collect, export
from harness.attempts import failures as surprises
from harness.attempts.replay import done_by, replay
from harness.demo.logged import messages
from harness.iam import read_organization
from harness.log_archive import LogArchive
from harness.log_paths import Archive, log_paths
from harness.platform import ENVIRONMENT, REPOSITORY

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from harness.attempts import Record
    from harness.attempts.replay import Replay
    from harness.log_archive import ArchivedLine
    from harness.log_paths import LogPath
    from harness.platform import Platform

ARCHIVE = "log-archive"
DEPLOY_ROLE = "payments-deploy"
RECORDS = REPOSITORY / "build" / "attempts.json"


@dataclass(frozen=True)
class ArchivedDay:
    """What became of the day's logs in the archive."""

    bucket: str
    access_lines: int
    """Lines of the payments API's access log in CloudWatch Logs."""
    lost_lines: int
    """How many of them aren't in the archive."""
    lock_mode: str
    locked_until: datetime.datetime
    paths: Sequence[LogPath]
    """From everything that logs in the applied dev."""
    attempts: Sequence[Record]

    @property
    def failures(self) -> list[str]:
        """What isn't as it should be."""
        orphans = [
            f"{path.source.address} logs to no locked bucket: {path.problem}"
            for path in self.paths
            if path.problem
        ]
        lost = [f"{self.lost_lines} lines of the access log aren't in the archive"]
        return [*orphans, *surprises(self.attempts), *(lost if self.lost_lines else ())]


def look_into_archive(platform: Platform, access_log_group: str) -> ArchivedDay:
    """Find the day's access log in the archive, and make every attempt on it.

    Raises:
        LookupError: nothing of it has arrived.
    """
    account_id = platform.accounts[ARCHIVE]
    bucket: str = platform.organization[ARCHIVE].outputs()["buckets"]["nonproduction"]["name"]
    written = set(messages(platform, access_log_group))
    found = archived_lines(platform, bucket, access_log_group)
    if not found:
        raise LookupError(f"no line of {access_log_group} is in {bucket}")
    s3 = platform.aws.client("s3", account_id)
    retention = s3.get_object_retention(Bucket=bucket, Key=found[0].key)["Retention"]
    deployed = collect(platform.aws.session, platform.accounts, platform.region, PEOPLE)
    records = carry_out(deployed, enforcing=platform.aws.bucket_policies_enforced)
    export(records, RECORDS)
    return ArchivedDay(
        bucket=bucket,
        access_lines=len(written),
        lost_lines=len(written - {line.message for line in found}),
        lock_mode=retention["Mode"],
        locked_until=retention["RetainUntilDate"],
        paths=_paths(platform),
        attempts=records,
    )


def archived_lines(platform: Platform, bucket: str, log_group: str) -> list[ArchivedLine]:
    """Give what the archive's bucket holds of one of dev's log groups."""
    archive = LogArchive(platform.aws, platform.accounts[ARCHIVE])
    return [
        line
        for line in archive.lines(bucket)
        if line.log_group == log_group and line.account_id == platform.account_id
    ]


def ask_guardrails(platform: Platform) -> Replay:
    """Ask the organization's policies about every call with which dev was applied and destroyed."""
    management = platform.aws.client("organizations", platform.accounts["management"])
    done = done_by(
        (call for call in platform.aws.calls if call.account_id == platform.account_id), DEPLOY_ROLE
    )
    return replay(done, read_organization(management), platform.account_id, role=DEPLOY_ROLE)


def _paths(platform: Platform) -> Sequence[LogPath]:
    applied = {
        name: {"planned_values": root.state()["values"]}
        for name, root in (
            (ARCHIVE, platform.organization[ARCHIVE]),
            (ENVIRONMENT, platform.environment),
        )
    }
    archive = Archive.read(
        applied[ARCHIVE], account_id=platform.accounts[ARCHIVE], region=platform.region
    )
    return log_paths(applied[ENVIRONMENT], archive)
