"""Our engine decides like the fullest open evaluator, on random cases that differ in everything."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from harness.iam import Decision, PolicyType
from iam import simulator
from iam.cases import SEED, Case, generate
from iam.limitations import LIMITATIONS, limitations_of, without_limitations

if TYPE_CHECKING:
    from harness.iam import Verdict

CASES = 2000
DECISIONS = {
    "Allowed": Decision.ALLOW,
    "ImplicitlyDenied": Decision.IMPLICIT_DENY,
    "ExplicitlyDenied": Decision.EXPLICIT_DENY,
}


class Comparison:
    """All cases with both answers, and again without what the simulator is limited in."""

    def __init__(self) -> None:
        self.cases = generate(CASES)
        self.verdicts = [case.verdict() for case in self.cases]
        self.touched = [limitations_of(case) for case in self.cases]
        plainer = [
            without_limitations(case)
            for case, touched in zip(self.cases, self.touched, strict=True)
            if touched
        ]
        self.plainer = {case.number: case for case in plainer}
        examples = [limitation.example for limitation in LIMITATIONS]
        asked = [*examples, *self.cases, *plainer]
        answers = simulator.decide([case.simulation() for case in asked])
        # A question that isn't understood, or only in part, was never asked.
        self.unasked = [
            (case.number, answer)
            for case, answer in zip(asked, answers, strict=True)
            if "error" in answer or answer["ignored"]
        ]
        decisions = [DECISIONS.get(answer.get("decision", "")) for answer in answers]
        self.simulated_examples = decisions[: len(examples)]
        self.simulated = decisions[len(examples) : len(examples) + CASES]
        self.simulated_plainer = dict(zip(self.plainer, decisions[-len(plainer) :], strict=True))

    def differing(self) -> list[tuple[Case, Verdict, Decision | None, set[str]]]:
        return [
            (case, verdict, simulated, touched)
            for case, verdict, simulated, touched in zip(
                self.cases, self.verdicts, self.simulated, self.touched, strict=True
            )
            if verdict.decision is not simulated
        ]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return Comparison()


def test_every_question_was_understood_whole(comparison: Comparison) -> None:
    assert comparison.unasked == []


def test_decisions_agree(comparison: Comparison, capsys: pytest.CaptureFixture[str]) -> None:
    differing = comparison.differing()
    unexplained = [
        f"case {case.number} of seed {SEED}: {verdict}; the simulator says {simulated}"
        for case, verdict, simulated, touched in differing
        if not touched
    ]
    assert unexplained == []
    agreed = CASES - len(differing)
    assert agreed >= 1000
    decided = Counter(f"{v.decision.value} by {v.by.value}" for v in comparison.verdicts)
    with capsys.disabled():
        print(f"\npolicy engine: {agreed} of {CASES} cases agree with iam-simulate")
        print("  " + ", ".join(f"{count} {name}" for name, count in decided.most_common()))


def test_without_its_limitations_the_simulator_agrees_on_every_case(
    comparison: Comparison,
) -> None:
    assert len(comparison.plainer) > 100
    differing = [
        f"case {number} of seed {SEED} without limitations: {case.verdict()}"
        for number, case in comparison.plainer.items()
        if case.verdict().decision is not comparison.simulated_plainer[number]
    ]
    assert differing == []


@pytest.mark.parametrize("number", range(len(LIMITATIONS)), ids=[each.name for each in LIMITATIONS])
def test_a_limitation_is_still_one(comparison: Comparison, number: int) -> None:
    limitation = LIMITATIONS[number]
    assert limitation.example.verdict().decision is limitation.expected, limitation.words
    assert comparison.simulated_examples[number] not in (limitation.expected, None)


def test_the_cases_are_of_every_kind(comparison: Comparison) -> None:
    decisions = Counter(verdict.decision for verdict in comparison.verdicts)
    assert all(count >= CASES / 10 for count in decisions.values()), decisions
    decided = Counter(
        (verdict.by, verdict.decision is Decision.EXPLICIT_DENY)
        for verdict in comparison.verdicts
        if not verdict.allowed
    )
    for kind in PolicyType:
        assert decided[kind, True] >= 10, (kind, decided)
        # AWS's own policy always allows where resource control policies apply.
        assert kind is PolicyType.RESOURCE_CONTROL or decided[kind, False] >= 10, (kind, decided)
    operators = {
        operator
        for case in comparison.cases
        for statement in case.statements()
        for operator in statement.get("Condition", {})
    }
    assert len(operators) > 50
    assert sum(case.principal.account_id != case.account for case in comparison.cases) > CASES / 10
