"""What a run waited for: seconds by resource type and action, over all applies and destroys.

`--tf-waits` shows the table at the end of a run; a run that waited long shows it anyway.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.terraform import ProgressKind, progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.terraform import Progress

SHOWN = 10
LONG_SECONDS = 30.0

_TRAVELS_AS = "terraform_waits"
_INDEX = re.compile(r'\["(?:\\.|[^"\\])*"\]|\[\d+\]')


@dataclass(frozen=True)
class Wait:
    """One resource that was created, changed or deleted."""

    address: str
    action: str
    seconds: float

    @property
    def type(self) -> str:
        """The resource's type, such as `aws_sqs_queue`."""
        return _INDEX.sub("", self.address).split(".")[-2]


@dataclass(frozen=True)
class Total:
    """All waits of one type and action."""

    type: str
    action: str
    seconds: float
    count: int
    longest: Wait


class Waits:
    """Collects waits from what Terraform reports."""

    def __init__(self) -> None:
        self.all: list[Wait] = []

    def observe(self, step: Progress) -> None:
        """Keep a step that ends something."""
        if step.kind is ProgressKind.DONE:
            self.all.append(Wait(step.address, step.action, step.elapsed_seconds))

    @property
    def seconds(self) -> float:
        """Their sum; many of them overlapped."""
        return sum(wait.seconds for wait in self.all)

    def totals(self) -> list[Total]:
        """By type and action, the longest sum first."""
        groups: dict[tuple[str, str], list[Wait]] = defaultdict(list)
        for wait in self.all:
            groups[wait.type, wait.action].append(wait)
        totals = (
            Total(
                kind,
                action,
                sum(wait.seconds for wait in waits),
                len(waits),
                min(waits, key=lambda wait: (-wait.seconds, wait.address)),
            )
            for (kind, action), waits in groups.items()
        )
        return sorted(totals, key=lambda total: (-total.seconds, total.type, total.action))


def table(waits: Waits) -> Iterator[str]:
    """Show the types that took most, a line each."""
    totals = waits.totals()
    yield f"{'seconds':>8} {'count':>6}  {'type and action':<48} longest"
    for total in totals[:SHOWN]:
        what = f"{total.type} {total.action}"
        longest = f"{total.longest.seconds:.0f} s {total.longest.address}"
        yield f"{total.seconds:>8.0f} {total.count:>6}  {what:<48} {longest}"
    if rest := totals[SHOWN:]:
        seconds, count = sum(total.seconds for total in rest), sum(total.count for total in rest)
        yield f"{seconds:>8.0f} {count:>6}  {len(rest)} more"


_WAITS = pytest.StashKey[Waits]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--tf-waits`."""
    parser.getgroup("terraform").addoption(
        "--tf-waits",
        action="store_true",
        help="show what applies and destroys waited for, by resource type",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to observe this process's applies and destroys."""
    waits = config.stash[_WAITS] = Waits()
    progress.observers.append(waits.observe)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Observe no longer."""
    progress.observers.remove(config.stash[_WAITS].observe)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker collected to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_TRAVELS_AS] = [
            (wait.address, wait.action, wait.seconds) for wait in session.config.stash[_WAITS].all
        ]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker sent; one that crashed sent nothing."""
    sent: Iterable[tuple[str, str, float]] = getattr(node, "workeroutput", {}).get(_TRAVELS_AS, ())
    node.config.stash[_WAITS].all.extend(Wait(*wait) for wait in sent)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the table when asked to, or when it took long."""
    waits = config.stash[_WAITS]
    asked = config.getoption("--tf-waits")
    if not asked and waits.seconds < LONG_SECONDS:
        return
    terminalreporter.section("waits by resource type")
    if not waits.all:
        terminalreporter.line("nothing was applied or destroyed")
        return
    for line in table(waits):
        terminalreporter.line(line)
