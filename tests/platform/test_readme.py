"""The README's curl lines, run as they stand against `make up`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
READY = "Ctrl-C ends everything"
BLOCK = re.compile(r"<!-- tests/platform/test_readme.py runs this block -->\n```sh\n(.*?)```", re.S)
PROMISED = re.compile(r"^# .*: (\d{3})$", re.M)
ANSWERED = re.compile(r"^(\d{3})$", re.M)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Run `make up`'s command; give the directory of its credentials, and what it said."""
    directory = tmp_path_factory.mktemp("up")
    command = [sys.executable, "-m", "harness", "up", "--port", "0", "--dashboard-port", "0"]
    process = subprocess.Popen(
        [*command, "--directory", str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if READY in line:
            break
    else:
        pytest.fail("up ended by itself:\n" + "".join(said))
    children = psutil.Process(process.pid).children(recursive=True)
    yield directory, "".join(said)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, process.stdout.read()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive, f"left running: {alive}"


@pytest.fixture
def up(started: tuple[Path, str]) -> Path:
    return started[0]


def test_both_people_reach_the_dashboard_with_payments_on_it(started: tuple[Path, str]) -> None:
    addresses = dict(re.findall(r"Dashboard +(http://\S+) +as (\w+)", started[1]))
    assert set(addresses.values()) == {"alice", "bob"}
    for address, person in addresses.items():
        page = httpx.get(address, follow_redirects=True, timeout=60)
        assert page.status_code == 200, page.text
        assert f"<b>{person}</b>" in page.text
        assert "Declined" in page.text


def test_block_answers_what_it_promises(up: Path) -> None:
    found = BLOCK.search((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert found, "the README's block is gone"
    promised = PROMISED.findall(found[1])
    block = found[1].replace(".work/up/", f"{up}/")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    answered = ANSWERED.findall(done.stdout)
    single, burst = promised[:-1], promised[-1]
    assert answered[: len(single)] == single, done.stdout
    assert set(answered[len(single) :]) == {"200", burst}
    refused = sum(status >= "400" for status in answered)
    assert done.stdout.count('"type":"urn:payment-api:problem:') == refused, done.stdout


def test_credentials_are_for_their_owner_alone(up: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in up.glob("*.env")} == {0o600}
