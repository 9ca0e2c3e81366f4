"""A trail's bucket on the embedded AWS, and what was collected from it."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws import EmbeddedAWS
from harness.testing.log_archive import Archive, make_archive
from log_archive_verifier.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOURS = 3


@dataclass
class Trail:
    """A bucket with log files and digests of some hours, and the evidence from it."""

    archive: Archive
    collected: Path
    start: str

    def collect(self, directory: Path, *arguments: str) -> int:
        """Run ``collect`` with the archive account's credentials."""
        environment = self.archive.aws.environment(self.archive.account_id)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            bucket = ("--bucket", self.archive.bucket, "--trail-arn", self.archive.trail_arn)
            return main(["collect", str(directory), *bucket, *arguments])


@dataclass
class Evidence:
    """A copy of what was collected, to tamper with."""

    directory: Path
    archive: Archive

    @property
    def objects(self) -> Path:
        return self.directory / "objects"

    def digests(self, account_id: str | None = None) -> list[Path]:
        """List the digests of the account that sends, oldest first."""
        account = account_id or self.archive.sender_id
        return sorted(self.objects.glob(f"AWSLogs/*/{account}/CloudTrail-Digest/eu-west-1/**/*.gz"))

    def logs(self) -> list[Path]:
        """List the log files of the account that sends, oldest first."""
        found = self.objects.glob(f"AWSLogs/*/{self.archive.sender_id}/CloudTrail/**/*.gz")
        return sorted(found, key=lambda path: path.name)

    def key(self, path: Path) -> str:
        return path.relative_to(self.objects).as_posix()

    def load(self, name: str) -> Any:
        return json.loads((self.directory / name).read_text())

    def store(self, name: str, document: Any) -> None:
        (self.directory / name).write_text(json.dumps(document))

    def versions(self, key: str) -> Iterator[dict[str, Any]]:
        """Change an object's entries in the snapshot."""
        bucket = self.load("bucket.json")
        yield from (each for each in bucket["versions"] if each["key"] == key)
        self.store("bucket.json", bucket)

    def forget(self, key: str) -> None:
        """Take an object away as if it had never been there."""
        bucket = self.load("bucket.json")
        bucket["versions"] = [each for each in bucket["versions"] if each["key"] != key]
        self.store("bucket.json", bucket)
        (self.objects / key).unlink()

    def verify(self, *arguments: str) -> tuple[int, list[tuple[str, str]]]:
        """Run ``verify``; returns its status, and the kind and place of each finding."""
        status, report = self.report(*arguments)
        return status, [(each["kind"], each["where"]) for each in report["findings"]]

    def report(self, *arguments: str) -> tuple[int, Any]:
        """Run ``verify --json``."""
        required = ("--require-mode", "GOVERNANCE", "--require-days", "3")
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = main(["verify", str(self.directory), "--json", *required, *arguments])
        return status, json.loads(output.getvalue())


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    start = datetime.datetime.now(datetime.UTC).isoformat()
    with EmbeddedAWS() as aws:
        archive = make_archive(aws)
        archive.let_trail_in()
        trails = archive.manager("cloudtrail")
        trails.create_trail(**archive.trail)
        trails.start_logging(Name="organization")
        for hour in range(HOURS):
            archive.sender("sqs").create_queue(QueueName=f"hour-{hour}")
            aws.deliver_trails(digests=True)
        made = Trail(archive, tmp_path_factory.mktemp("evidence"), start)
        assert made.collect(made.collected, "--from", start) == 0
        yield made


@pytest.fixture
def evidence(trail: Trail, tmp_path: Path) -> Evidence:
    directory = tmp_path / "evidence"
    shutil.copytree(trail.collected, directory)
    return Evidence(directory, trail.archive)


@pytest.fixture
def evidence_of(trail: Trail) -> Callable[[Path], Evidence]:
    """Say where something else was collected."""
    return lambda directory: Evidence(directory, trail.archive)
