"""How requirements stood in earlier packs: each pack carries the runs before it.

A pack's runs continue those of the pack before, if that one verifies, and name it by the SHA-256 of
its manifest. So packs form a chain: nobody puts another pack into an earlier one's place unseen.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from pci_dss.evidence import verify
from pci_dss.evidence.model import Evidence, Status
from pci_dss.matrix import overall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILE = "trend.json"
KEPT = 60
"""So many runs a pack carries."""


class TrendError(Exception):
    """An earlier pack can't be continued; says why and what to do."""


@dataclass(frozen=True)
class Run:
    """How requirements stood in one pack."""

    commit: str
    created: str
    counts: Mapping[Status, int]
    """Rows by status."""
    standing: Mapping[str, Status]
    """By requirement."""
    manifest: str = ""
    """SHA-256 of the pack's manifest. A pack can't name its own."""


def standing(evidence: Evidence) -> dict[str, Status]:
    """Say in one word how each requirement stands: the worst of what isn't left to people."""
    return {requirement: overall(rows) for requirement, rows in evidence.by_requirement()}


def continued(before: Path | None, evidence: Evidence) -> tuple[Run, ...]:
    """Return the runs of the pack before, oldest first, and then this one's.

    Raises:
        TrendError: the pack before isn't what was sealed.
    """
    this = Run(evidence.commit, evidence.created, dict(evidence.counts()), standing(evidence))
    return (*(_runs_of(before) if before else ()), this)[-KEPT:]


def dumps(runs: Sequence[Run]) -> str:
    """Write runs as JSON."""
    return json.dumps([asdict(run) for run in runs], indent=1) + "\n"


def loads(text: str | bytes) -> tuple[Run, ...]:
    """Read what `dumps` wrote.

    Raises:
        ValueError: it isn't that.
    """
    document = json.loads(text)
    if not isinstance(document, list):
        raise ValueError("this isn't a trend of this version: it is no list of runs")
    try:
        return tuple(
            Run(
                **{
                    **run,
                    "counts": {Status(name): count for name, count in run["counts"].items()},
                    "standing": {name: Status(status) for name, status in run["standing"].items()},
                }
            )
            for run in document
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this isn't a trend of this version: {error}") from error


def _runs_of(pack: Path) -> tuple[Run, ...]:
    try:
        found = verify.findings(pack)
        runs = loads((pack / FILE).read_bytes())
        digest = verify.digest(pack / verify.MANIFEST)
    except (OSError, ValueError, verify.VerificationError) as error:
        found = [str(error)]
    if found:
        raise TrendError(
            f"the trend can't go on from {pack}: {found[0]}. Take the pack as it was sealed, or "
            "begin a new trend without it"
        )
    return (*runs[:-1], replace(runs[-1], manifest=digest)) if runs else ()
