"""What can go wrong between the harness and Terraform, as data and as sentences for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Severity = Literal["error", "warning"]

_VARIABLE_BLOCK = re.compile(r'^\s*variable\s+"([^"]+)"')
_VARIABLE_MENTION = re.compile(r'variable "([^"]+)"|-var="([^="]+)=|\bvar\.([A-Za-z0-9_-]+)')
_RULE_TRAILER = re.compile(r"\s*This was checked by the validation rule at [^\n]*\.\s*$")


class DiscoveryError(RuntimeError):
    """No usable Terraform, or no usable provider; says where it looked and what to set."""


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning of Terraform's JSON output."""

    severity: Severity
    summary: str
    detail: str = ""
    address: str | None = None
    file: Path | None = None
    line: int | None = None
    snippet: str | None = None
    context: str | None = None
    values: tuple[str, ...] = ()
    """What the expressions in the snippet evaluated to; Terraform masks the sensitive ones."""

    @classmethod
    def from_json(cls, document: Mapping[str, Any], directory: Path) -> Diagnostic:
        """Read a `diagnostic` object whose file names are relative to `directory`."""
        location = document.get("range") or {}
        snippet = document.get("snippet") or {}
        name = location.get("filename")
        return cls(
            severity="warning" if document.get("severity") == "warning" else "error",
            summary=document.get("summary", ""),
            detail=document.get("detail", ""),
            address=document.get("address"),
            file=(directory / name).resolve() if name else None,
            line=location.get("start", {}).get("line"),
            snippet=snippet.get("code"),
            context=snippet.get("context"),
            values=tuple(
                f"{value['traversal']} {value['statement']}" for value in snippet.get("values", ())
            ),
        )

    @property
    def variable(self) -> str | None:
        """The input variable at fault, when the diagnostic is about one."""
        block = _VARIABLE_BLOCK.match(self.snippet or "") or _VARIABLE_BLOCK.match(
            self.context or ""
        )
        if block:
            return block[1]
        if "variable" not in self.summary.lower():
            return None
        mention = _VARIABLE_MENTION.search("\n".join((*self.values, self.detail)))
        return next(filter(None, mention.groups()), None) if mention else None

    @property
    def message(self) -> str:
        """The detail without the sentence that only points at the validation rule."""
        return _RULE_TRAILER.sub("", self.detail).strip() or self.summary

    def __str__(self) -> str:
        lines = [f"{self.severity.capitalize()}: {self.summary}"]
        place = f"{_shorten(self.file)}:{self.line}" if self.file and self.line else None
        where = [part for part in (place, f"in {self.context}" if self.context else None) if part]
        if self.address:
            where.append(f"with {self.address}")
        if where:
            lines.append(f"  {', '.join(where)}")
        if self.snippet:
            first = self.line or 1
            lines += [
                f"  {first + offset:>5} | {code}"
                for offset, code in enumerate(self.snippet.splitlines())
            ]
        lines += [f"        | {value}" for value in self.values]
        lines += [f"  {line}".rstrip() for line in self.detail.strip().splitlines()]
        return "\n".join(lines)


def _shorten(path: Path) -> str:
    """Show a path relative to the working directory if it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


class TerraformError(RuntimeError):
    """A Terraform command failed; `str()` is the whole story for a person."""

    def __init__(
        self,
        command: str,
        directory: Path,
        diagnostics: Sequence[Diagnostic] = (),
        *,
        exit_code: int | None = None,
        output: str = "",
        hint: str = "",
    ) -> None:
        self.command = command
        self.directory = directory
        self.diagnostics = tuple(dict.fromkeys(diagnostics))  # init says some things twice
        self.exit_code = exit_code
        self.output = output
        self.hint = hint
        super().__init__(self._render())

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics of severity error."""
        return tuple(item for item in self.diagnostics if item.severity == "error")

    def with_hint(self, hint: str) -> TerraformError:
        """Return the same error with advice at its end."""
        return TerraformError(
            self.command,
            self.directory,
            self.diagnostics,
            exit_code=self.exit_code,
            output=self.output,
            hint=hint,
        )

    def _headline(self) -> str:
        count = len(self.errors)
        what = f"{count} error{'s' if count != 1 else ''}" if count else f"exit {self.exit_code}"
        return f"terraform {self.command} failed in {_shorten(self.directory)} ({what})"

    def _render(self) -> str:
        parts = [self._headline(), *map(str, self.errors)]
        if not self.errors and self.output.strip():
            parts.append(self.output.strip()[-4000:])
        if self.hint:
            parts.append(self.hint)
        return "\n\n".join(parts)


class TerraformTimeoutError(TerraformError):
    """A Terraform command took longer than its caller allowed and was stopped."""

    def __init__(
        self, command: str, directory: Path, seconds: float, unfinished: Sequence[str]
    ) -> None:
        self.seconds = seconds
        self.unfinished = tuple(unfinished)
        waiting = f"It was waiting for: {', '.join(unfinished)}." if unfinished else ""
        super().__init__(command, directory, hint=waiting)

    def _headline(self) -> str:
        return (
            f"terraform {self.command} in {_shorten(self.directory)} was stopped after "
            f"{self.seconds:g} seconds, the time that its caller allowed"
        )
