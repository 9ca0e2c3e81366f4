"""Progress as a person sees it: a bar on a terminal, lines in a log."""

import io

import pytest
from rich.console import Console

from harness.terraform import Progress, ProgressKind, show_progress
from harness.terraform.display import describe

STEPS = (
    Progress("apply", ProgressKind.COUNTED, total=2),
    Progress("apply", ProgressKind.STARTED, "aws_lb.edge", "create", 0, 0, 2, ("aws_lb.edge",)),
    Progress("apply", ProgressKind.RUNNING, "aws_lb.edge", "create", 10, 0, 2, ("aws_lb.edge",)),
    Progress("apply", ProgressKind.DONE, "aws_lb.edge", "create", 12, 1, 2),
    Progress("apply", ProgressKind.FAILED, "aws_sqs_queue.dead", "update", 1, 1, 2),
)

LINES = [
    "apply: 2 changes",
    "apply 0/2 aws_lb.edge still creating, 10 s",
    "apply 1/2 aws_lb.edge created in 12 s",
    "apply 1/2 aws_sqs_queue.dead failed updating",
]


def test_a_log_gets_plain_lines() -> None:
    log = io.StringIO()
    with show_progress(Console(file=log, force_terminal=False, width=20)) as progress:
        for step in STEPS:
            progress(step)
    assert log.getvalue().splitlines() == LINES


def test_a_terminal_gets_a_bar_with_counts_and_what_is_under_way() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    with show_progress(console, title="dev") as progress:
        for step in STEPS[:3]:
            progress(step)
    shown = screen.getvalue()
    assert "dev" in shown
    assert "0/2" in shown
    assert "aws_lb.edge" in shown


@pytest.mark.parametrize("address", ['module.x["a"].aws_lb.edge', "aws_lb.edge[0]"])
def test_brackets_in_addresses_are_no_markup(address: str) -> None:
    log = io.StringIO()
    step = Progress("apply", ProgressKind.DONE, address, "create", 1, 1, 1)
    with show_progress(Console(file=log)) as progress:
        progress(step)
    assert log.getvalue() == f"{describe(step)}\n"
    assert address in log.getvalue()
