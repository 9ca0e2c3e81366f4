"""Runs the few tests that failed beside others once more, alone, and names those that pass.

A whole run keeps two cores busy for half an hour, and a test that waits for a process may then wait
in vain. What fails alone too fails the run. What doesn't is named in the summary, with its first
failure above: a test that is named there twice is to be mended.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

OPTION = "--again"

_WORKER = "PYTEST_XDIST_"
"""Variables by which a test finds that it runs beside others."""

_FAILED = pytest.StashKey[list[str]]()
_PASSED_ALONE = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("terraform").addoption(
        OPTION,
        type=int,
        default=0,
        metavar="N",
        help="if at most N tests fail, run them once more, alone; fail if one fails again",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no failures."""
    config.stash[_FAILED] = []
    config.stash[_PASSED_ALONE] = []


class Failures:
    """Collects the node ids of what failed in whatever process."""

    def __init__(self, config: pytest.Config) -> None:
        self._failed = config.stash[_FAILED]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a failure of a test, its set-up or its take-down."""
        if report.failed and report.nodeid not in self._failed:
            self._failed.append(report.nodeid)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Watch the reports, in the process that gathers them all."""
    config = session.config
    if config.getoption(OPTION) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(config))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Run a few failures again. Before others finish, who may fail the run for their reasons."""
    config = session.config
    failed = config.stash[_FAILED]
    failed.sort()
    if exitstatus != pytest.ExitCode.TESTS_FAILED or not failed:
        return
    if len(failed) > config.getoption(OPTION):
        return
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *failed]
    print(f"\nOnce more, alone: {', '.join(failed)}", flush=True)
    alone = {name: value for name, value in os.environ.items() if not name.startswith(_WORKER)}
    done = subprocess.run(command, cwd=config.rootpath, env=alone, check=False)  # noqa: S603
    if done.returncode == 0:
        config.stash[_PASSED_ALONE] = failed
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name what failed beside others only."""
    if passed_alone := config.stash[_PASSED_ALONE]:
        terminalreporter.section("failed beside others, passed alone", yellow=True)
        for name in passed_alone:
            terminalreporter.line(name)
