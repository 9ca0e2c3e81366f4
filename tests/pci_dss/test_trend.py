"""A pack carries how requirements stood in the packs before it, in a chain that nobody rewrites."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from pci_dss.evidence import trend
from pci_dss.evidence.model import Status
from pci_dss.evidence.sign import SigningKey, seal

from .evidence_samples import evidence, one_of_each, row

if TYPE_CHECKING:
    from pathlib import Path

    from pci_dss.evidence.model import Evidence


def packed(folder: Path, found: Evidence, before: Path | None = None) -> Path:
    """Make a pack that continues another."""
    runs = trend.continued(before, found)
    folder.mkdir()
    (folder / trend.FILE).write_text(trend.dumps(runs))
    seal(folder, SigningKey.ephemeral())
    return folder


def test_a_requirement_stands_as_its_worst_row_but_for_what_is_left_to_people() -> None:
    found = evidence(
        row(),
        row(check="manual", status=Status.MANUAL),
        row("10.5.1"),
        row("10.5.1", status=Status.NOT_EVALUATED),
        row("10.5.1", status=Status.EXCEPTION),
        row("9.1.1", check="manual", status=Status.MANUAL),
    )
    assert trend.standing(found) == {
        "10.3.2": Status.PASS,
        "10.5.1": Status.NOT_EVALUATED,
        "9.1.1": Status.MANUAL,
    }


def test_a_pack_continues_the_one_before_and_names_its_manifest(tmp_path: Path) -> None:
    first = packed(tmp_path / "1", evidence(row(), commit="a"))
    second = packed(tmp_path / "2", evidence(row(status=Status.FAIL), commit="b"), first)
    runs = trend.continued(second, evidence(row(), commit="c"))
    assert [(run.commit, run.standing["10.3.2"]) for run in runs] == [
        ("a", Status.PASS),
        ("b", Status.FAIL),
        ("c", Status.PASS),
    ]
    manifests = [
        hashlib.sha256((pack / "SHA256SUMS").read_bytes()).hexdigest() for pack in (first, second)
    ]
    assert [run.manifest for run in runs] == [*manifests, ""]
    assert (runs[1].counts[Status.FAIL], runs[1].counts.get(Status.PASS, 0)) == (1, 0)


def test_what_is_written_is_read_again() -> None:
    runs = trend.continued(None, one_of_each())
    assert trend.loads(trend.dumps(runs)) == runs


def test_only_so_many_runs_are_carried(tmp_path: Path) -> None:
    (run,) = trend.continued(None, evidence(row()))
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / trend.FILE).write_text(trend.dumps([run] * trend.KEPT))
    seal(pack, SigningKey.ephemeral())
    runs = trend.continued(pack, evidence(row(), commit="new"))
    assert (len(runs), runs[-1].commit) == (trend.KEPT, "new")


def test_a_changed_pack_is_not_continued(tmp_path: Path) -> None:
    pack = packed(tmp_path / "1", evidence(row(status=Status.FAIL)))
    (pack / trend.FILE).write_text(trend.dumps(trend.continued(None, evidence(row()))))
    with pytest.raises(trend.TrendError, match=r"changed: trend\.json.* begin a new trend"):
        trend.continued(pack, evidence(row()))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"counts": {}}]'])
def test_a_trend_of_another_form_is_not_continued(text: str, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / trend.FILE).write_text(text)
    seal(pack, SigningKey.ephemeral())
    with pytest.raises(trend.TrendError, match="the trend can't go on"):
        trend.continued(pack, evidence(row()))


def test_what_is_no_pack_is_not_continued(tmp_path: Path) -> None:
    with pytest.raises(trend.TrendError, match="is it a pack"):
        trend.continued(tmp_path, evidence(row()))
