"""The pack as one page for people: it needs no network, no script, and prints."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pci_dss.evidence.grouping import (
    AttemptGroup,
    CheckGroup,
    TestGroup,
    attempts,
    by_check,
    tests,
)
from pci_dss.evidence.model import Basis, Responsibility, Status, number
from pci_dss.evidence.trend import standing
from pci_dss.matrix import ATTEMPT, EXCEPTION, MANUAL, TEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pci_dss.catalogue import Catalogue, Control, Requirement
    from pci_dss.evidence.model import Evidence, Row
    from pci_dss.evidence.trend import Run
    from pci_dss.exceptions import Exemption

TEMPLATES = Path(__file__).with_name("templates")
SHOWN_VALUES = 6
SHOWN_RUNS = 12
PRINCIPAL = {
    1: "Networks",
    2: "Settings",
    3: "Stored account data",
    4: "Data in transit",
    5: "Malware",
    6: "Software and changes",
    7: "Access by need",
    8: "Identities",
    9: "Physical access",
    10: "Logs",
    11: "Tests of security",
    12: "Policies and people",
}
"""What the standard's twelve principal requirements are about."""
MEANING = {
    Status.FAIL: "is wrong, or an exception that no longer holds",
    Status.NOT_EVALUATED: "couldn't be told, or nobody looked; the reason is given",
    Status.EXCEPTION: "is accepted for a while, with a compensating control",
    Status.MANUAL: "is for people to do or to show",
    Status.PASS: "is as it should be",
}
"""What each status says, worst first."""
KNOWN_BY = {
    Basis.EXAMINED: "values in plans of the real configuration",
    Basis.EVALUATED: "deployed policies, decided by a policy engine; nothing was sent",
    Basis.OBSERVED: "sent to the applied platform on the embedded AWS, and answered",
    Basis.TESTED: "automated tests, marked with the requirement",
    Basis.NONE: "what is left to people, and what is missing",
}


@dataclass(frozen=True)
class Section:
    """A requirement with all that was found."""

    requirement: Requirement
    status: Status
    """The worst of all rows but people's tasks; MANUAL where there is nothing else."""
    rows: Sequence[Row]
    checks: Sequence[CheckGroup]
    attempts: Sequence[AttemptGroup]
    tests: Sequence[TestGroup]
    tasks: Sequence[Row]
    trend: Sequence[tuple[str, Status]]
    """Earlier runs and this one: when, and how the requirement stood."""

    @property
    def counts(self) -> Counter[Status]:
        """Rows by status."""
        return Counter(row.status for row in self.rows)

    @property
    def principal(self) -> int:
        """The first number."""
        return number(self.requirement.number)[0]


@dataclass(frozen=True)
class Looked:
    """A control, and what came of it."""

    control: Control
    counts: Counter[Status]


def render(
    evidence: Evidence,
    catalogue: Catalogue,
    exemptions: Sequence[Exemption] = (),
    runs: Sequence[Run] = (),
) -> str:
    """Write the page.

    Args:
        evidence: what was found.
        catalogue: what was expected, and what it means.
        exemptions: all exceptions, used or not.
        runs: how requirements stood, oldest first and this run last.
    """
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "breakable": _breakable,
        "count": _count,
        "short": _short,
        "slug": _slug,
        "values": _values,
    }
    stands = standing(evidence)
    sections = [
        _section(catalogue.requirements[requirement], stands[requirement], rows, runs[-SHOWN_RUNS:])
        for requirement, rows in evidence.by_requirement()
    ]
    page: str = templates.get_template("pack.html").render(
        evidence=evidence,
        catalogue=catalogue,
        sections=sections,
        counts=evidence.counts(),
        bases=Counter(row.basis for row in evidence.rows),
        verdict=_verdict(stands),
        controls=_controls(evidence, catalogue),
        failing=_failing(evidence),
        exemptions=exemptions,
        principal=PRINCIPAL,
        meaning=MEANING,
        known_by=KNOWN_BY,
        statuses=list(MEANING),
        Basis=Basis,
        Status=Status,
        Responsibility=Responsibility,
    )
    return page


def _section(
    requirement: Requirement, status: Status, rows: Sequence[Row], runs: Sequence[Run]
) -> Section:
    apart = {ATTEMPT, TEST, MANUAL}
    trend = [
        (f"{run.created[:10]} {run.commit[:10]}: {stood}", stood)
        for run in runs
        if (stood := run.standing.get(requirement.number))
    ]
    return Section(
        requirement,
        status,
        rows,
        by_check(row for row in rows if row.check not in apart),
        attempts(row for row in rows if row.check == ATTEMPT),
        tests(row for row in rows if row.check == TEST),
        [row for row in rows if row.check == MANUAL],
        trend,
    )


def _verdict(stands: Mapping[str, Status]) -> str:
    """Say in a sentence what came out."""
    counts = Counter(stands.values())
    failing, open_ = counts[Status.FAIL], counts[Status.NOT_EVALUATED]
    if failing:
        said = f"{_count(failing, 'requirement')} fail{'s' if failing == 1 else ''}"
    else:
        said = "No requirement fails"
    if open_:
        said += f", and {open_} {'has' if open_ == 1 else 'have'} rows that nobody could decide"
    return f"{said}."


def _failing(evidence: Evidence) -> list[tuple[CheckGroup, list[str]]]:
    """What fails by check, each resource once, with the requirements that it is wrong for."""
    failed = [row for row in evidence.rows if row.status == Status.FAIL]
    once = {(row.check, row.environment, row.subject): row for row in failed}
    return [
        (group, sorted({row.requirement for row in failed if row.check == group.check}, key=number))
        for group in by_check(once.values())
    ]


def _controls(evidence: Evidence, catalogue: Catalogue) -> list[Looked]:
    by_check: dict[str, Counter[Status]] = {}
    seen: set[tuple[str, str, str]] = set()
    for row in evidence.rows:
        key = (row.check, row.environment, row.subject)
        if row.check not in (EXCEPTION, MANUAL) and key not in seen:  # once for all requirements
            seen.add(key)
            by_check.setdefault(row.check, Counter())[row.status] += 1
    return [
        Looked(control, sum((by_check.get(each, Counter()) for each in control.checks), Counter()))
        for control in catalogue.controls
    ]


def _values(row: Row) -> tuple[list[tuple[str, str]], int]:
    """The values that decided: the resource's own first; and how many aren't shown."""
    own = f"{row.subject}: "
    names = sorted(row.evaluated, key=lambda name: (not name.startswith(own), name))
    shown = [(name.removeprefix(own), _text(row.evaluated[name])) for name in names[:SHOWN_VALUES]]
    return shown, len(names) - len(shown)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _breakable(text: str) -> Markup:
    """Let a line break behind the dots of an address, without changing what is copied."""
    return Markup(".<wbr>").join(text.split("."))


def _short(environment: str) -> str:
    return environment.removeprefix("environments/")


def _slug(text: str) -> str:
    return "".join(each if each.isalnum() else "-" for each in text.lower())


def _count(many: int, what: str) -> str:
    return f"{many} {what}{'' if many == 1 else 's'}"
