"""What checks answered, as records: with what isn't known, and what an answer is worth."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from checkov.common.models.enums import CheckResult

from pci_dss.checks.pci_dss_checks import PolicyCheck
from pci_dss.policy import Result, Verdict
from pci_dss.record import Record
from pci_dss.subject import HIDDEN, Subject, UndecidedError
from pci_dss.trust import connected_types, read, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pci_dss.listening import Answer
    from pci_dss.subject import Resources
    from terraform_plan.references import Path

PROFILE = FilePath(__file__).with_name("profile.toml")
_RESULTS = {CheckResult.PASSED: Result.PASS, CheckResult.FAILED: Result.FAIL}
_LONGEST_SHOWN = 100
"""In characters. What is longer may be a document, and hold a secret."""


@cache
def profile() -> Mapping[str, tuple[str, ...]]:
    """Return requirements by id of a trusted built-in check."""
    document = tomllib.loads(PROFILE.read_text(encoding="utf-8"))
    return {check: tuple(numbers) for check, numbers in document["builtin"].items()}


@cache
def _silent_reads() -> Mapping[str, tuple[str, ...]]:
    """Return by id what a built-in check reads without saying so."""
    document = tomllib.loads(PROFILE.read_text(encoding="utf-8"))
    return {check: tuple(names) for check, names in document["reads"].items()}


class Findings:
    """Collects what checks answer, undecided ones too."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], tuple[Answer, Verdict | None]] = {}

    def add(self, answer: Answer) -> None:
        """Keep an answer. Ours has said more than checkov passes on."""
        verdict = None
        if isinstance(answer.check, PolicyCheck):
            # Checkov doesn't always ask: not about resources of which there are none.
            verdict, answer.check.verdict = answer.check.verdict, None
            if answer.crashed:
                verdict = Verdict(Result.NOT_EVALUATED, ("the policy failed: it has a bug",), {})
            if verdict is None:
                return
        self._answers[answer.check.id, answer.address] = answer, verdict

    def records(
        self,
        resources: Resources,
        places: Mapping[str, tuple[FilePath, int]],
        mistaken: Callable[[str, frozenset[str]], str],
    ) -> list[Record]:
        """Return what was found, with files and lines, by check and address.

        Args:
            resources: all that was judged.
            places: file and line by address.
            mistaken: says where checkov errs about connections of some types around an address.
        """
        found = []
        for (_, address), (answer, verdict) in sorted(self._answers.items(), key=lambda it: it[0]):
            if verdict:
                record = _of_policy(answer, verdict)
            else:
                record = _of_builtin(answer, resources, mistaken)
            file, line = places.get(address, ("", 0))
            found.append(replace(record, file=str(file), line=line))
        return found


def _of_policy(answer: Answer, verdict: Verdict) -> Record:
    policy = answer.check.policy
    return Record(
        policy.id,
        policy.title,
        policy.requirements,
        answer.address,
        verdict.result,
        verdict.reasons,
        verdict.evaluated,
        policy.guideline,
        policy.fix,
    )


def _of_builtin(
    answer: Answer, resources: Resources, mistaken: Callable[[str, frozenset[str]], str]
) -> Record:
    check = answer.check
    evaluated: Mapping[str, Any] = {}
    doubt = ""
    # A data source isn't among them: its values are known whenever checkov sees it.
    if item := resources.all.get(answer.address):
        paths = read(answer, item.type, _silent_reads().get(check.id, ()))
        evaluated = _evaluated(Subject(item, resources), paths)
        if missing := unknown(item, resources, paths):
            doubt = f"{', '.join(missing)} isn't known"
        else:
            doubt = _outside(answer, resources) or mistaken(item.address, connected_types(check))
    result, reasons = _judged(answer, doubt)
    return Record(
        check.id,
        check.name,
        profile()[check.id],
        answer.address,
        result,
        reasons,
        evaluated,
        str(check.guideline or ""),
    )


def _judged(answer: Answer, doubt: str) -> tuple[Result, tuple[str, ...]]:
    result = _RESULTS.get(answer.result, Result.NOT_EVALUATED)
    if result == Result.NOT_EVALUATED:
        what = "crashed" if answer.crashed else "didn't decide"
        return result, (f"checkov's check {what}",)
    if doubt:
        return Result.NOT_EVALUATED, (f"checkov says {result}, but {doubt}",)
    return result, (answer.check.name,) if result == Result.FAIL else ()


def _outside(answer: Answer, resources: Resources) -> str:
    """Say so where a check fails for want of a connection that some root may make."""
    if resources.whole or answer.result != CheckResult.FAILED or not connected_types(answer.check):
        return ""
    return "what it looks for may stand outside of these files"


def _evaluated(subject: Subject, paths: Iterable[Path]) -> Mapping[str, Any]:
    """Return what a built-in check read, but for what may hold a secret."""
    for path in paths:
        try:
            value = subject.get(*path)
        except UndecidedError:
            continue  # it is noted
        if (value and isinstance(value, Mapping | list)) or len(str(value)) > _LONGEST_SHOWN:
            subject.note(*path, value=HIDDEN)
    return subject.evaluated
