"""Graph checks as rows of evidence: what only whole accounts tell, and no resource alone.

roots = [Root("environments/dev", "444444444444", "eu-west-1", planned.document), ...]
estate = Estate(roots, accounts=known["accounts"].values(), archive="environments/log-archive")
for row in graph_rows(estate):
    print(row.requirement, row.subject, row.check, row.status, row.reasons)

Which node out of scope reaches the CDE, where every log ends, who can become which role, and who
can read which secret or key. Best asked of plans made after the apply: before, what policies say
isn't known, and such rows are NOT-EVALUATED. The questions are answered by the harness' engines,
:mod:`harness.reachability`, :mod:`harness.log_paths` and :mod:`harness.iam`, which is why they are
here and not among :mod:`pci_dss.policies`, which need nothing but a plan and themselves.

Roles that none of the roots makes aren't looked at; what trusts them says so in its row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.evidence_graphs import logs, secrets_reach, segmentation, trust
from harness.evidence_graphs.checks import Check
from harness.evidence_graphs.estate import Estate, Root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.evidence.model import Row

__all__ = ["CHECKS", "Check", "Estate", "Root", "graph_rows"]

CHECKS = (*segmentation.CHECKS, *logs.CHECKS, trust.TRUST, *secrets_reach.CHECKS)


def graph_rows(estate: Estate) -> Iterator[Row]:
    """Yield every row that the graphs of an estate give."""
    archive = next((root for root in estate.roots if root.name == estate.archive), None)
    for root in estate.roots:
        yield from segmentation.segmentation(root)
        yield from logs.logs(root, archive)
    ways = trust.Trust.read(estate)
    yield from trust.trust_paths(estate, ways)
    yield from secrets_reach.secrets_reach(estate, ways)
