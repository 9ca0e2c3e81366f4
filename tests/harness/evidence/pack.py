"""Writes a pack: evidence in all its forms, sealed."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING

from pci_dss.catalogue import CATALOGUE, CONTROLS
from pci_dss.evidence import html, junit, oscal, sarif, sign, trend, verify
from pci_dss.exceptions import EXCEPTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pci_dss.catalogue import Catalogue
    from pci_dss.evidence.model import Evidence
    from pci_dss.exceptions import Exemption

PAGE, SARIF, JUNIT, OSCAL = "index.html", "results.sarif", "junit.xml", "assessment-results.json"


def set_aside(pack: Path) -> Path | None:
    """Move the pack of the run before out of the way, and say where it is now."""
    if not (pack / verify.MANIFEST).exists():
        shutil.rmtree(pack, ignore_errors=True)  # a run that didn't come to its end
        return None
    before = pack.with_name(f"{pack.name}-before")
    shutil.rmtree(before, ignore_errors=True)
    pack.rename(before)
    return before


def write(
    pack: Path,
    evidence: Evidence,
    catalogue: Catalogue,
    exemptions: Sequence[Exemption],
    *,
    key: sign.SigningKey,
    before: Path | None = None,
) -> None:
    """Write a pack into a new directory.

    Args:
        pack: the directory.
        evidence: what was found.
        catalogue: what was expected.
        exemptions: all exceptions.
        key: signs the manifest.
        before: the pack whose trend this one continues.

    Raises:
        pci_dss.evidence.trend.TrendError: the pack before isn't what was sealed.
    """
    runs = trend.continued(before, evidence)
    paraphrases = {each.number: each.paraphrase for each in catalogue.requirements.values()}
    texts = {
        verify.EVIDENCE: evidence.dumps() + "\n",
        PAGE: html.render(evidence, catalogue, exemptions, runs),
        SARIF: sarif.dumps(evidence, exemptions),
        JUNIT: junit.dumps(evidence, catalogue.standard),
        OSCAL: oscal.dumps(evidence, paraphrases),
        trend.FILE: trend.dumps(runs),
        "exceptions.json": json.dumps([asdict(each) for each in exemptions], indent=1, default=str)
        + "\n",
    }
    pack.mkdir(parents=True)
    for name, text in texts.items():
        (pack / name).write_text(text, encoding="utf-8")
    for source in (CATALOGUE, CONTROLS, EXCEPTIONS):
        shutil.copyfile(source, pack / source.name)
    sign.seal(pack, key)
