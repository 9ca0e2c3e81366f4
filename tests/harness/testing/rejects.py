"""Expects Terraform to refuse: which variable, in which words, and by which validation rule."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.terraform import TerraformError
from harness.testing.variable_rules import rules_of_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.terraform import Diagnostic

_RULE = re.compile(r"by the validation rule at (\S.*?):(\d+),")


@dataclass(frozen=True)
class RulePlace:
    """Where a `validation` block begins."""

    file: Path
    line: int


@dataclass
class Rejection:
    """What was refused; filled when the block of `rejects` ends."""

    error: TerraformError | None = None
    matching: tuple[Diagnostic, ...] = ()

    def __str__(self) -> str:
        return str(self.error)


@dataclass(frozen=True, eq=False)
class Recorder:
    """Collects the rules that a test run has triggered and matched."""

    triggered: set[RulePlace] = field(default_factory=set)


_recorders: list[Recorder] = []


@contextmanager
def recording() -> Iterator[Recorder]:
    """Record the rules that `rejects` matches meanwhile; the innermost recording gets them."""
    recorder = Recorder()
    _recorders.append(recorder)
    try:
        yield recorder
    finally:
        _recorders.remove(recorder)


@contextmanager
def rejects(*, match: str, variable: str | None = None) -> Iterator[Rejection]:
    """Expect the block to be refused, for `variable` if one is named, in words like `match`.

    `match` is a regular expression that is searched in the messages. Without a variable any error
    will do, such as that of a precondition.

    Raises:
        AssertionError: nothing was refused, or something else was.
    """
    __tracebackhide__ = True
    if not match:
        raise ValueError("rejects needs words to match: every message contains an empty pattern")
    rejection = Rejection()
    try:
        yield rejection
    except TerraformError as error:
        rejection.error = error
    wanted = f"of variable {variable!r} " if variable else ""
    wanted = f"a refusal {wanted}that matches {match!r}"
    if rejection.error is None:
        raise AssertionError(f"Nothing was refused; expected {wanted}.")
    rejection.matching = tuple(
        item
        for item in rejection.error.errors
        if (variable is None or variable_of(item, rejection.error.directory) == variable)
        and re.search(match, item.message)
    )
    if not rejection.matching:
        raise AssertionError(_other_refusal(wanted, rejection.error)) from rejection.error
    for item in rejection.matching:
        place = rule_of(item, rejection.error.directory)
        if place and _recorders:
            _recorders[-1].triggered.add(place)


def rule_of(diagnostic: Diagnostic, directory: Path) -> RulePlace | None:
    """Return the validation rule that refused, if one did."""
    found = _RULE.search(diagnostic.detail)
    return RulePlace((directory / found[1]).resolve(), int(found[2])) if found else None


def variable_of(diagnostic: Diagnostic, directory: Path) -> str | None:
    """Return the variable at fault: that of the rule, else the one Terraform points at."""
    place = rule_of(diagnostic, directory)
    if place and place.file.is_file():
        for rule in rules_of_file(place.file):
            if rule.line == place.line:
                return rule.variable
    return diagnostic.variable


def _other_refusal(wanted: str, error: TerraformError) -> str:
    lines = [f"Something else was refused; expected {wanted}. Terraform said:"]
    for item in error.errors:
        variable = variable_of(item, error.directory)
        about = f"variable {variable!r}" if variable else item.summary
        lines.append(f"  {about}: {item.message}")
    return "\n".join(lines if error.errors else [*lines, str(error)])
