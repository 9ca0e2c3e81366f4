"""Lists the validations of variables that no test triggered, at the end of a run.

A validation counts as triggered when `rejects` matched its refusal. Without an option the list has
the configurations of which a test triggered something; `--tf-require-validations=DIRECTORY` adds
those in a directory and below it, and fails the run if the list isn't empty.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing.rejects import Recorder, RulePlace, recording
from harness.testing.variable_rules import ValidationRule, rules_below, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REQUIRE = "--tf-require-validations"

_TRAVELS_AS = "tf_triggered_validations"
_RECORDER = pytest.StashKey[Recorder]()
_RECORDING = pytest.StashKey[ExitStack]()
_LOST_WORKERS = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that requires every validation to be triggered."""
    parser.getgroup("terraform").addoption(
        REQUIRE,
        action="append",
        default=[],
        metavar="DIRECTORY",
        help="fail unless the tests trigger every validation in DIRECTORY and below; repeatable",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record."""
    for directory in config.getoption(REQUIRE):
        if not (config.rootpath / directory).is_dir():
            raise pytest.UsageError(f"{REQUIRE}: there is no directory {directory}")
    recordings = config.stash[_RECORDING] = ExitStack()
    config.stash[_RECORDER] = recordings.enter_context(recording())
    config.stash[_LOST_WORKERS] = []


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the recording."""
    if _RECORDING in config.stash:
        config.stash[_RECORDING].close()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what a worker triggered to the process that reports, which may fail the run."""
    config = session.config
    triggered = config.stash[_RECORDER].triggered
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_TRAVELS_AS] = [(str(place.file), place.line) for place in triggered]
    elif config.getoption(REQUIRE) and untriggered(config) and _looks_green(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker triggered."""
    output = getattr(node, "workeroutput", None)
    if output is None or _TRAVELS_AS not in output:
        node.config.stash[_LOST_WORKERS].append(node.gateway.id)
        return
    places = (RulePlace(Path(file), line) for file, line in output[_TRAVELS_AS])
    node.config.stash[_RECORDER].triggered.update(places)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """List what was never triggered."""
    if config.getoption("collectonly") or not (found := untriggered(config)):
        return
    required = bool(config.getoption(REQUIRE))
    terminalreporter.section(
        "validations that no test triggered", red=required, yellow=not required
    )
    for rule in found:
        terminalreporter.line(_describe(rule, config.rootpath))
    if lost := config.stash[_LOST_WORKERS]:
        terminalreporter.line(f"What {', '.join(lost)} triggered is unknown: it ended early.")
    terminalreporter.line(
        "For each, plan with a wrong value inside `with rejects(variable=..., match=...)`."
    )


def untriggered(config: pytest.Config) -> list[ValidationRule]:
    """Return the rules of the configurations under test that nothing triggered so far."""
    triggered = config.stash[_RECORDER].triggered
    rules = set(_rules_under_test(config, triggered))
    return sorted(rule for rule in rules if RulePlace(rule.file, rule.line) not in triggered)


def _rules_under_test(
    config: pytest.Config, triggered: Iterable[RulePlace]
) -> Iterator[ValidationRule]:
    for directory in config.getoption(REQUIRE):
        yield from rules_below(config.rootpath / directory)
    for directory in {place.file.parent for place in triggered}:
        if directory.is_relative_to(config.rootpath.resolve()) and directory.is_dir():
            yield from rules_of(directory)


def _describe(rule: ValidationRule, root: Path) -> str:
    return (
        f"{rule.file.relative_to(root.resolve())}:{rule.line} {rule.variable}: {rule.first_words}"
    )


def _looks_green(session: pytest.Session) -> bool:
    return session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
