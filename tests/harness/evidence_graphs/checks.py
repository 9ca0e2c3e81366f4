"""A graph check, and the rows of evidence that it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pci_dss.evidence.model import Basis, Responsibility, Row, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.evidence_graphs.estate import Root


@dataclass
class Findings:
    """What a check found about one thing."""

    wrong: list[str] = field(default_factory=list)
    """What fails, a lower-case sentence piece each."""
    undecided: list[str] = field(default_factory=list)
    """What isn't known and could be wrong."""
    evaluated: dict[str, Any] = field(default_factory=dict)
    """What was found, by what was asked."""

    @property
    def status(self) -> Status:
        """What is wrong stays wrong, whatever else isn't known."""
        if self.wrong:
            return Status.FAIL
        return Status.NOT_EVALUATED if self.undecided else Status.PASS


@dataclass(frozen=True)
class Check:
    """A question about a graph, asked of each thing in it."""

    id: str
    title: str
    requirements: tuple[str, ...]
    """Of PCI DSS 4.0.1, by number."""
    fix: str

    def rows(self, root: Root, address: str, found: Findings) -> Iterator[Row]:
        """Yield a row for each requirement."""
        file, line = root.place(address)
        by_module = address.startswith("module.")
        for requirement in self.requirements:
            yield Row(
                requirement=requirement,
                subject=address,
                check=self.id,
                status=found.status,
                basis=Basis.EVALUATED,
                responsibility=Responsibility.MODULE if by_module else Responsibility.CONSUMER,
                environment=root.name,
                title=self.title,
                reasons=tuple(found.wrong or found.undecided),
                evaluated={f"{address}: {name}": value for name, value in found.evaluated.items()},
                file=file,
                line=line,
                fix=self.fix,
            )
