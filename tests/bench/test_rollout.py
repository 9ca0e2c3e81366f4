"""What adding an API version takes is counted alike for all ways to do it."""

from __future__ import annotations

import tomllib

from harness.bench import rollout
from harness.bench.rollout import BUDGET, BY_HAND, BY_PIPELINE, PROCEDURES, VERSIONED
from harness.platform import REPOSITORY


def test_steps_gates_and_waits_are_counted() -> None:
    found = rollout.efforts()
    assert {name: (each.steps, each.gates) for name, each in found.items()} == {
        BY_HAND: (13, 6),
        BY_PIPELINE: (1, 10),
        VERSIONED: (1, 10),
    }
    bake = tomllib.loads(BUDGET.read_text())["shift"]["bake_minutes"]
    assert [found[name].waiting for name in (BY_HAND, BY_PIPELINE, VERSIONED)] == [bake, bake, 0]


def test_the_documentation_says_what_is_counted() -> None:
    found = rollout.efforts()
    ways = [found[name] for name in (VERSIONED, BY_PIPELINE, BY_HAND)]
    page = (REPOSITORY / "docs/api-versions.md").read_text(encoding="utf-8")
    rows: dict[str, list[float]] = {
        "Steps by hand": [way.steps for way in ways],
        "Gates": [way.gates for way in ways],
        "Minutes of watching v1, where it was replaced": [way.waiting for way in ways],
        "Minutes in all, assumed": [way.minutes for way in ways],
        "Minutes in all, if nobody watches v1": [way.minutes - way.waiting for way in ways],
    }
    for name, counted in rows.items():
        row = " | ".join([f"| {name}", *(f"{each:.0f}" for each in counted)])
        assert f"{row} |" in page
    versioned, _, by_hand = ways
    assert f"{by_hand.minutes / versioned.minutes:.1f} times shorter" in page
    assert f"{(by_hand.minutes - by_hand.waiting) / versioned.minutes:.1f} times if nobody" in page


def test_nobody_is_assumed_to_be_faster() -> None:
    procedures = tomllib.loads(PROCEDURES.read_text())
    kinds = {"person", "approval", "script"}
    assert procedures["minutes"].keys() == kinds
    for name in (BY_HAND, BY_PIPELINE, VERSIONED):
        for step in procedures[name]:
            assert "minutes" not in step, "minutes are the same for all"
            assert step.get("by", "person") in kinds
