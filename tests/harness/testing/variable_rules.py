"""Finds the `validation` blocks of variables, by line: HCL begins each on a line of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VARIABLE = re.compile(r'\s*variable\s+"([^"]+)"\s*\{')
_OTHER_BLOCK = re.compile(r'[a-z_]+(\s+"[^"]+")*\s*\{')
_VALIDATION = re.compile(r"\s*validation\s*\{")
_MESSAGE = re.compile(r'\s*error_message\s*=\s*(?:"(?P<text>.*)"\s*$|<<-?(?P<heredoc>\w+))')
_HEREDOC = re.compile(r"[^#]*<<-?(\w+)\s*$")
_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/", re.DOTALL | re.MULTILINE)
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, order=True)
class ValidationRule:
    """One `validation` block: where it begins, of which variable, and what it says."""

    file: Path
    line: int
    variable: str
    message: str = ""

    @property
    def first_words(self) -> str:
        """The message, cut at the end of a word."""
        if len(self.message) <= _SHOWN_CHARACTERS:
            return self.message
        return self.message[:_SHOWN_CHARACTERS].rpartition(" ")[0] + " …"


def rules_below(directory: Path) -> tuple[ValidationRule, ...]:
    """Return the rules of every configuration in a directory and below it."""
    hidden = (
        path
        for path in sorted(directory.rglob("*.tf"))
        if not any(part.startswith(".") for part in path.relative_to(directory).parts)
    )
    return tuple(rule for path in hidden for rule in rules_of_file(path))


def rules_of(directory: Path) -> tuple[ValidationRule, ...]:
    """Return the rules of the configuration in a directory."""
    return tuple(rule for path in sorted(directory.glob("*.tf")) for rule in rules_of_file(path))


def rules_of_file(path: Path) -> tuple[ValidationRule, ...]:
    """Return the rules of a file."""
    return tuple(_rules(path, _without_comments(path.read_text(encoding="utf-8")).splitlines()))


def _rules(path: Path, lines: list[str]) -> Iterator[ValidationRule]:
    variable, end_of_heredoc = None, None
    for index, line in enumerate(lines):
        if end_of_heredoc:
            end_of_heredoc = None if line.strip() == end_of_heredoc else end_of_heredoc
        elif found := _VARIABLE.match(line):
            variable = found[1]
        elif _VALIDATION.match(line):
            if variable:
                yield ValidationRule(path.resolve(), index + 1, variable, _message(lines[index:]))
        elif _OTHER_BLOCK.match(line):
            variable = None
        if not end_of_heredoc and (found := _HEREDOC.match(line)):
            end_of_heredoc = found[1]


def _message(lines: list[str]) -> str:
    for index, line in enumerate(lines[1:], start=1):
        if _VALIDATION.match(line) or _VARIABLE.match(line):
            break
        found = _MESSAGE.match(line)
        if found and found["heredoc"]:
            return lines[index + 1].strip() if index + 1 < len(lines) else ""
        if found:
            return found["text"].replace('\\"', '"')
    return ""


def _without_comments(text: str) -> str:
    # Line numbers must hold.
    return _BLOCK_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
