"""The two commands: what they take, say and return."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from log_archive_verifier.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

    from log_archive_verifier.conftest import Evidence, Trail


def test_verify_needs_no_network(evidence: Evidence) -> None:
    program = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('the network was used')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from log_archive_verifier.__main__ import main\n"
        f"status = main(['verify', {str(evidence.directory)!r}, '--require-mode', 'GOVERNANCE',"
        " '--require-days', '3'])\n"
        "assert 'boto3' not in sys.modules\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "digests in" in done.stdout
    assert done.stdout.endswith("Nothing is wrong.\n")


def test_people_are_told_what_is_wrong(
    evidence: Evidence, capsys: pytest.CaptureFixture[str]
) -> None:
    key = evidence.key(evidence.logs()[0])
    evidence.forget(key)
    arguments = ["--require-mode", "GOVERNANCE", "--require-days", "3"]
    assert main(["verify", str(evidence.directory), *arguments]) == 1
    said = capsys.readouterr().out
    assert f"MISSING        {key}: " in said
    assert "PCI DSS 10.3.4" in said
    assert said.endswith("1 findings\n")


def test_production_is_the_default(evidence: Evidence) -> None:
    assert main(["verify", str(evidence.directory)]) == 1


def test_a_directory_that_nobody_collected_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path)]) == 2
    assert "run collect first" in capsys.readouterr().err
    (tmp_path / "bucket.json").write_text("{}")
    (tmp_path / "collected.json").write_text("{}")
    assert main(["verify", str(tmp_path)]) == 2
    assert "isn't what collect writes" in capsys.readouterr().err


def test_collect_overwrites_nothing(trail: Trail, capsys: pytest.CaptureFixture[str]) -> None:
    assert trail.collect(trail.collected) == 2
    assert "collect into a new directory" in capsys.readouterr().err


def test_collect_says_what_aws_refused(
    trail: Trail, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trail.collect(tmp_path / "new", "--bucket", "absent-logs") == 2
    assert "NoSuchBucket" in capsys.readouterr().err


def test_a_period_ends_after_it_begins(
    trail: Trail, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trail.collect(tmp_path / "new", "--from", "2100-01-01", "--to", "2099-01-01") == 2
    assert "before it begins" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        trail.collect(tmp_path / "new", "--from", "yesterday")
    assert "no date such as" in capsys.readouterr().err


def test_a_bucket_without_trail_is_held_to_its_locks(evidence: Evidence) -> None:
    collected = evidence.load("collected.json")
    evidence.store("collected.json", {**collected, "trail_arn": None})
    shutil.rmtree(evidence.objects)
    status, report = evidence.report()
    assert status == 0
    assert report["verified"]["locked_versions"] > 0
    assert report["verified"]["digests"] == 0


@pytest.mark.parametrize("step", [[], ["collect"], ["verify"]])
def test_help_is_there(step: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "log_archive_verifier", *step, "--help"],
        capture_output=True,
        text=True,
        env=os.environ,
        check=True,
    )
    assert "usage: python -m log_archive_verifier" in done.stdout
