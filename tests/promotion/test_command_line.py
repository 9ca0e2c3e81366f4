"""The command line finds its commands by file, and says in one way what stops a promotion."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import NoCredentialsError

from promotion import commands
from promotion.__main__ import main
from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


@dataclass
class Raising:
    """A command that ends with an error."""

    error: Exception

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to")

    def run(self, options: Namespace) -> int:
        assert options.to == "qa"
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (
            Refused(
                rule="plan-expired",
                evidence="the plan is 5 hours old",
                fix="plan again",
                override="nobody",
            ),
            3,
            "REFUSED plan-expired: the plan is 5 hours old\n  fix: plan again\n"
            "  may override: nobody\n",
        ),
        (BrokenInputError("there is no plan in x: make one"), 2, "error: there is no plan in x"),
        (NoCredentialsError(), 2, "error: a call to AWS failed: Unable to locate credentials"),
    ],
)
def test_what_stops_it_is_told_without_traceback(
    error: Exception,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(commands, "names", lambda: ["raise-it"])
    monkeypatch.setattr(commands, "load", lambda _: Raising(error))
    assert main(["raise-it", "--to", "qa"]) == status
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("name", commands.names())
def test_every_command_helps(name: str) -> None:
    command = [sys.executable, "-m", "promotion", name, "--help"]
    helped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert helped.returncode == 0, helped.stderr
    assert "exit status" in helped.stdout


def test_an_unknown_command_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["pay"])
    assert "invalid choice: 'pay'" in capsys.readouterr().err
