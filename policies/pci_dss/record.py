"""What a check found about a resource: made by the scanner, read without checkov too."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pci_dss.policy import Result

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Record:
    """What a check found about a resource."""

    check: str
    title: str
    requirements: tuple[str, ...]
    address: str
    result: Result
    reasons: tuple[str, ...]
    evaluated: Mapping[str, Any]
    """By address and path, the values that decided; of our policies only."""
    guideline: str
    fix: str = ""
    file: str = ""
    line: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return what :func:`json.dumps` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Record:
        """Read what `as_json` gave."""
        return cls(
            **{
                **document,
                "requirements": tuple(document["requirements"]),
                "reasons": tuple(document["reasons"]),
                "result": Result(document["result"]),
            }
        )


@dataclass(frozen=True)
class Check:
    """Something that looks at resources of some types."""

    id: str
    title: str
    requirements: tuple[str, ...]
    types: tuple[str, ...]

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Check:
        """Read what :func:`dataclasses.asdict` gave."""
        return cls(
            document["id"],
            document["title"],
            tuple(document["requirements"]),
            tuple(document["types"]),
        )
