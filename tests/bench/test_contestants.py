"""How contestants of the plan bench are asked, and what is made of their answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from harness import cli
from harness.bench import plans
from harness.bench.contestants import Contestant, ContestantError, Memory, each_further, suite
from harness.bench.figures import Figure

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = """
import json, sys, time
for line in sys.stdin:
    request = json.loads(line)
    if request["case"] == "wrong":
        raise SystemExit(1)
    if request["case"] == "large":
        time.sleep(0.2)
        block = b"x" * 80_000_000
        time.sleep(0.3)
        del block
    print(json.dumps({"seconds": request["variation"] / 10}), flush=True)
"""
COMMAND = [sys.executable, "-c", ANSWERS]


def test_contestant_answers_case_by_case() -> None:
    with Contestant(COMMAND, os.environ) as contestant:
        assert [contestant.plan("right", number) for number in (1, 2)] == [0.1, 0.2]


def test_wrong_plan_gives_no_figure() -> None:
    with (
        Contestant(COMMAND, os.environ) as contestant,
        pytest.raises(ContestantError, match=r"wrong: the contestant .* failed"),
    ):
        contestant.plan("wrong")


def test_suite_lasts_until_the_process_ended() -> None:
    assert suite([sys.executable, "-c", f"{ANSWERS}\ntime.sleep(0.3)"], {}, ["right"]) >= 0.3


def test_peak_is_taken_while_it_works() -> None:
    with Contestant(COMMAND, os.environ) as contestant:
        contestant.plan("right")
        peak = contestant.peak(lambda: contestant.plan("large"))
        assert 0 < contestant.memory().private < peak.private - 60_000_000
        assert peak.private <= peak.resident


def test_providers_are_found_among_the_descendants(tmp_path: Path) -> None:
    provider = tmp_path / "terraform-provider-aws_v5.100.0_x5"
    provider.symlink_to(shutil.which("sleep") or "sleep")
    before = Memory.of(os.getpid()).providers
    with subprocess.Popen([provider, "60"]) as process:
        assert Memory.of(os.getpid()).providers == before + 1
        process.kill()


def test_memory_is_summed_with_providers_apart() -> None:
    processes = [
        ("python", 10, 40),
        ("terraform", 5, 60),
        ("terraform-provi", 100, 500),
        ("terraform-provider-aws_v5.100.0_x5", 200, 500),
    ]
    assert Memory.sum(processes) == Memory(
        private=315, resident=1100, providers_private=300, providers=2
    )


@pytest.mark.parametrize(("number", "cost"), [(10, 2.0), (200, 3.0)])
def test_further_plans_leave_the_first_out(number: int, cost: float) -> None:
    seconds = [100.0, *[2.0] * 9, *[50.0] * 180, *[3.0] * 10]
    assert each_further(seconds, number) == pytest.approx(cost)


def test_what_needs_a_yardstick_says_so() -> None:
    for measure in (plans.one_plan, plans.module_suite, plans.apply_and_destroy):
        for figure in measure(None):
            assert (figure.ours, figure.ratio) == ("not measured", None)
            assert "make bench" in figure.reference


@pytest.mark.parametrize(
    ("arguments", "measured"),
    [
        ([], {"edge", "function", "plan"}),
        (["--only", "plans"], {"plan"}),
        (["--only", "plans", "--only", "gateway"], {"edge", "plan"}),
    ],
)
def test_bench_can_be_only_a_part(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], measured: set[str]
) -> None:
    parts = {cli.Part.GATEWAY: "edge", cli.Part.FUNCTIONS: "function", cli.Part.PLANS: "plan"}
    monkeypatch.setattr(
        cli,
        "measurements",
        lambda _: {
            part: [lambda name=name: [Figure(name, "1 s", "2 s", 2.0, "")]]
            for part, name in parts.items()
        },
    )
    printed = CliRunner().invoke(cli.app, ["bench", *arguments])
    assert printed.exit_code == 0, printed.output
    assert {name for name in parts.values() if f"\n{name} " in printed.output} == measured


def test_every_part_is_measured() -> None:
    assert set(cli.measurements(None)) == set(cli.Part)
