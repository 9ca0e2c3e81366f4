"""What an evidence pack says: a row for every requirement and what it was looked at for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Status(StrEnum):
    """What a row says. There is no row without one."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    EXCEPTION = "EXCEPTION"
    NOT_EVALUATED = "NOT-EVALUATED"
    MANUAL = "MANUAL"


class Basis(StrEnum):
    """How it is known, in an assessor's terms."""

    EXAMINED = "configuration examined"
    EVALUATED = "policy evaluated"
    OBSERVED = "observed on the embedded AWS"
    TESTED = "tested"
    NONE = "nothing"


class Responsibility(StrEnum):
    """Who answers for a requirement."""

    AWS = "AWS"
    MODULE = "module"
    CONSUMER = "consumer"
    MANUAL = "manual"


@dataclass(frozen=True)
class Row:
    """One requirement on one thing: a resource, an attempt, a test, or the requirement alone."""

    requirement: str
    """Of PCI DSS 4.0.1, by number."""
    subject: str
    """A resource's address, an attempt, a test's node id, or a responsible party's task."""
    check: str
    """Id of what looked: a policy, a built-in check, ``attempt``, ``test`` or ``manual``."""
    status: Status
    basis: Basis
    responsibility: Responsibility
    environment: str = ""
    """Root or module that was looked at, such as ``environments/dev``."""
    title: str = ""
    reasons: Sequence[str] = ()
    """What is wrong, what isn't known, or why there is no evidence."""
    evaluated: Mapping[str, Any] = field(default_factory=dict)
    """By address and path, the values that decided."""
    file: str = ""
    """Relative to the repository."""
    line: int = 0
    fix: str = ""
    exception: str = ""
    """Of an EXCEPTION: its id."""


@dataclass(frozen=True)
class Source:
    """What was looked at: a plan or a module's files."""

    name: str
    kind: str
    """``plan before apply``, ``plan after apply`` or ``files``."""
    sha256: str


@dataclass(frozen=True)
class Evidence:
    """All rows of a run, and what they were made from."""

    commit: str
    """Git's id of the tree; ends in ``-dirty`` when files had changed."""
    created: str
    """RFC 3339, UTC."""
    versions: Mapping[str, str]
    """Of Terraform, the provider, checkov and this package."""
    sources: Sequence[Source]
    rows: Sequence[Row]

    def counts(self) -> Counter[Status]:
        """Count rows by status."""
        return Counter(row.status for row in self.rows)

    def by_requirement(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield each requirement with its rows, by number."""
        grouped: dict[str, list[Row]] = {}
        for row in self.rows:
            grouped.setdefault(row.requirement, []).append(row)
        for requirement in sorted(grouped, key=number):
            yield requirement, grouped[requirement]

    def dumps(self) -> str:
        """Write as JSON, the same text for the same evidence."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, default=str)

    @classmethod
    def loads(cls, text: str | bytes) -> Evidence:
        """Read what `dumps` wrote.

        Raises:
            ValueError: it isn't that.
        """
        document = json.loads(text)
        try:
            rows = [_row(row) for row in document.pop("rows")]
            sources = [Source(**source) for source in document.pop("sources")]
            return cls(**document, sources=sources, rows=rows)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this isn't evidence of this version: {error}") from error


def number(requirement: str) -> tuple[int, ...]:
    """Return what sorts requirements as people count: 10.2 after 3.5.1."""
    return tuple(int(part) for part in requirement.split("."))


def _row(document: dict[str, Any]) -> Row:
    document["status"] = Status(document["status"])
    document["basis"] = Basis(document["basis"])
    document["responsibility"] = Responsibility(document["responsibility"])
    return Row(**document)
