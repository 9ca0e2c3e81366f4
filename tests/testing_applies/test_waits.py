"""What a run waited for, by resource type and action."""

from __future__ import annotations

import pytest

from harness.terraform import progress
from harness.testing.waits import SHOWN, Wait, Waits, table

SUITE = """
import pytest
from harness.terraform.progress import ProgressTracker

def waits(address, action, seconds):
    hook = {"resource": {"addr": address}, "action": action, "elapsed_seconds": seconds}
    tracker = ProgressTracker("apply")
    tracker.feed({"type": "apply_start", "hook": hook})
    tracker.feed({"type": "apply_complete", "hook": hook})

@pytest.mark.parametrize("name", ["payments", "refunds"])
def test_queue(name):
    waits(f"module.queues.aws_sqs_queue.{name}", "create", SECONDS)

def test_topic():
    waits('aws_sns_topic.alarms["a.b"]', "delete", 2)
"""


@pytest.fixture(autouse=True)
def unobserved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the inner runs pretend out of the report of the outer run."""
    monkeypatch.setattr(progress, "observers", [])


def waits_of(*waits: Wait) -> Waits:
    collected = Waits()
    collected.all = [*waits]
    return collected


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("aws_sqs_queue.payments", "aws_sqs_queue"),
        ('module.a["x.y"].module.b[0].aws_sqs_queue.payments["k.\\"]"]', "aws_sqs_queue"),
        ("aws_lambda_function.service[12]", "aws_lambda_function"),
    ],
)
def test_the_type_is_read_from_the_address(address: str, kind: str) -> None:
    assert Wait(address, "create", 1).type == kind


def test_what_took_most_comes_first_with_its_longest() -> None:
    waits = waits_of(
        Wait("aws_sqs_queue.a", "create", 25),
        Wait("aws_sqs_queue.b", "create", 28),
        Wait("aws_sqs_queue.a", "delete", 3),
        Wait("aws_lb.edge", "create", 60),
    )
    assert waits.seconds == 116
    assert [line.split() for line in table(waits)][1:] == [
        ["60", "1", "aws_lb", "create", "60", "s", "aws_lb.edge"],
        ["53", "2", "aws_sqs_queue", "create", "28", "s", "aws_sqs_queue.b"],
        ["3", "1", "aws_sqs_queue", "delete", "3", "s", "aws_sqs_queue.a"],
    ]


def test_the_rest_is_summed_up() -> None:
    lines = [*table(waits_of(*(Wait(f"aws_{n}.a", "create", n) for n in range(SHOWN + 2))))]
    assert len(lines) == 1 + SHOWN + 1
    assert lines[-1].split() == ["1", "2", "2", "more"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_the_run_shows_what_all_processes_waited_for(
    pytester: pytest.Pytester, workers: tuple[str, ...], lean: tuple[str, ...]
) -> None:
    pytester.makepyfile(SUITE.replace("SECONDS", "5"))
    result = pytester.runpytest("--tf-waits", *lean, *workers)
    result.assert_outcomes(passed=3)
    result.stdout.re_match_lines(
        [
            r"=+ waits by resource type =+",
            r" +seconds +count +type and action +longest",
            r" +10 +2 +aws_sqs_queue create +5 s module.queues.aws_sqs_queue.payments",
            r' +2 +1 +aws_sns_topic delete +2 s aws_sns_topic.alarms\["a.b"\]',
        ]
    )


@pytest.mark.parametrize(("seconds", "shown"), [(5, False), (20, True)])
def test_only_long_waits_are_shown_without_asking(
    pytester: pytest.Pytester, seconds: int, shown: bool
) -> None:
    pytester.makepyfile(SUITE.replace("SECONDS", str(seconds)))
    result = pytester.runpytest()
    assert ("waits by resource type" in result.stdout.str()) is shown


def test_asking_without_an_apply_is_answered(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(): pass")
    result = pytester.runpytest("--tf-waits")
    result.stdout.fnmatch_lines(["nothing was applied or destroyed"])
