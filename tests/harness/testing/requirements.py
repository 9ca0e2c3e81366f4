"""Says which PCI DSS requirement a test is evidence for, and writes requirements with their tests.

`@pci("10.5.1")` marks a test; `--pci-table=FILE` writes the table as .json, .md or .csv.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

MARK = "pci"
NOT_RUN = "not run"

# How many sections each requirement of PCI DSS v4.0.1 has, its appendices for service providers,
# early TLS and designated entities included.
_SECTIONS = {
    **dict(zip(map(str, range(1, 13)), (5, 3, 7, 2, 4, 5, 3, 6, 5, 7, 6, 10), strict=True)),
    "A1": 2,
    "A2": 1,
    "A3": 5,
}
_REQUIREMENT = re.compile(r"(A[123]|[1-9]|1[0-2])\.([1-9]\d?)((?:\.[1-9]\d?){1,2})")
_TRAVELS_AS = "pci_requirements"


def check(requirement: object) -> str:
    """Return the number of a requirement, such as 10.5.1 or 8.3.10.1.

    Raises:
        ValueError: PCI DSS v4.0.1 has no such number.
    """
    found = _REQUIREMENT.fullmatch(requirement) if isinstance(requirement, str) else None
    if found is None:
        raise ValueError(
            f"{requirement!r} is no requirement of PCI DSS: write its number as text, such as"
            ' "10.5.1" or "8.3.10.1"'
        )
    principal, section = found[1], int(found[2])
    if section > _SECTIONS[principal]:
        raise ValueError(
            f"PCI DSS v4.0.1 has no requirement {found[0]}: the last section of requirement"
            f" {principal} is {principal}.{_SECTIONS[principal]}"
        )
    return found[0]


def pci(*requirements: str) -> pytest.MarkDecorator:
    """Mark a test, a class or a parameter as evidence for requirements.

    Raises:
        ValueError: a requirement isn't one, or none is given.
    """
    if not requirements:
        raise ValueError('@pci needs a requirement, such as @pci("10.5.1")')
    return getattr(pytest.mark, MARK)(*map(check, requirements))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Evidence:
    """One test of one requirement, and how it ended."""

    requirement: str
    test: str
    outcome: str


@dataclass(eq=False)  # a plugin is one of a kind, and pluggy keeps it in sets
class Traceability:
    """Requirements of the tests that were collected, and outcomes of those that ran."""

    requirements: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By the test's node id."""
    outcomes: dict[str, str] = field(default_factory=dict)

    def add(self, test: str, requirements: Iterable[str]) -> None:
        """Note that a test is evidence for requirements."""
        self.requirements[test].update(requirements)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one phase of a test; a failure of any phase is the test's."""
        numbers = [str(value) for name, value in report.user_properties if name == MARK]
        if not numbers:
            return
        self.add(report.nodeid, numbers)
        if report.outcome != "passed" or report.when == "call":
            earlier = self.outcomes.get(report.nodeid)
            failed = "failed" in (earlier, report.outcome)
            self.outcomes[report.nodeid] = "failed" if failed else report.outcome

    def evidence(self) -> list[Evidence]:
        """Every pair of requirement and test, in the order of the standard."""
        pairs = (
            Evidence(requirement, test, self.outcomes.get(test, NOT_RUN))
            for test, requirements in self.requirements.items()
            for requirement in requirements
        )
        return sorted(pairs, key=lambda pair: (_order(pair.requirement), pair.test))


def _order(requirement: str) -> tuple[bool, list[int]]:
    return requirement.startswith("A"), [int(part) for part in re.findall(r"\d+", requirement)]


def as_json(evidence: Iterable[Evidence]) -> str:
    """Write requirements, each with its tests."""
    tests: dict[str, list[dict[str, str]]] = defaultdict(list)
    for pair in evidence:
        tests[pair.requirement].append({"test": pair.test, "outcome": pair.outcome})
    rows = [{"requirement": number, "tests": listed} for number, listed in tests.items()]
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def as_csv(evidence: Iterable[Evidence]) -> str:
    """Write a line for each pair of requirement and test."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ("requirement", "test", "outcome"), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(pair) for pair in evidence)
    return text.getvalue()


def as_markdown(evidence: Iterable[Evidence]) -> str:
    """Write a table for people."""
    rows = (
        f"| {pair.requirement} | `{pair.test.replace('|', chr(92) + '|')}` | {pair.outcome} |"
        for pair in evidence
    )
    return "\n".join(["| PCI DSS v4.0.1 | Test | Outcome |", "|---|---|---|", *rows]) + "\n"


FORMATS: Mapping[str, Callable[[Iterable[Evidence]], str]] = {
    ".json": as_json,
    ".md": as_markdown,
    ".csv": as_csv,
}

_TRACEABILITY = pytest.StashKey[Traceability]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--pci-table`."""
    parser.getgroup("terraform").addoption(
        "--pci-table",
        metavar="FILE",
        type=Path,
        help="write PCI DSS requirements and the outcomes of their tests to a .json, .md or .csv"
        " file",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark, and refuse a table that couldn't be written at the end."""
    config.addinivalue_line(
        "markers", f"{MARK}(*requirements): PCI DSS requirements that the test is evidence for"
    )
    traceability = config.stash[_TRACEABILITY] = Traceability()
    config.pluginmanager.register(traceability)
    table: Path | None = config.getoption("--pci-table")
    if table and table.suffix not in FORMATS:
        raise pytest.UsageError(f"--pci-table={table}: end the name with {', '.join(FORMATS)}")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Note the requirements of all tests, chosen to run or not; a wrong one is an error here."""
    report = yield
    tests = [node for node in report.result or () if isinstance(node, pytest.Item)]
    wrong = [*_note(collector.config.stash[_TRACEABILITY], tests)]
    if wrong:
        report.outcome, report.result, report.longrepr = "failed", [], "\n".join(wrong)
    return report


def _note(traceability: Traceability, tests: Iterable[pytest.Item]) -> Iterator[str]:
    """Note what tests are evidence for; yield what is wrong about it."""
    for test in tests:
        numbers = [number for mark in test.iter_markers(MARK) for number in mark.args]
        try:
            checked = [check(number) for number in numbers]
        except ValueError as error:
            yield f"{test.nodeid}: {error}"
            continue
        test.user_properties += [(MARK, number) for number in checked]
        if checked:
            traceability.add(test.nodeid, checked)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table, or send what a worker collected to the process that does."""
    config = session.config
    traceability = config.stash[_TRACEABILITY]
    if hasattr(config, "workeroutput"):
        config.workeroutput[_TRAVELS_AS] = {
            test: sorted(numbers) for test, numbers in traceability.requirements.items()
        }
    elif table := config.getoption("--pci-table"):
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text(FORMATS[table.suffix](traceability.evidence()), encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker sent; one that crashed sent nothing, but the others collected it too."""
    sent: Mapping[str, list[str]] = getattr(node, "workeroutput", {}).get(_TRAVELS_AS, {})
    for test, numbers in sent.items():
        node.config.stash[_TRACEABILITY].add(test, numbers)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in a line what there is evidence for, if anything of it ran, and what isn't shown."""
    traceability = config.stash[_TRACEABILITY]
    ran = [pair for pair in traceability.evidence() if pair.outcome != NOT_RUN]
    if not ran:
        return
    counts = Counter(traceability.outcomes.values())
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    requirements = len({pair.requirement for pair in ran})
    tests = len(traceability.outcomes)
    terminalreporter.line(f"PCI DSS: {requirements} requirements by {tests} tests ({outcomes})")
    for pair in ran:
        if pair.outcome == "failed":
            terminalreporter.line(f"PCI DSS {pair.requirement} isn't shown: {pair.test} failed")
