"""A pack has all forms of the evidence, verifies, and goes on from the one before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.evidence import pack
from pci_dss.catalogue import catalogue
from pci_dss.evidence import trend, verify
from pci_dss.evidence.model import Basis, Evidence, Responsibility, Row, Source, Status
from pci_dss.evidence.sign import SigningKey

if TYPE_CHECKING:
    from pathlib import Path

EVIDENCE = Evidence(
    commit="1f" * 20,
    created="2026-11-23T10:00:00Z",
    versions={"checkov": "3.3.30"},
    sources=[Source("environments/dev", "plan after apply", "ab" * 32)],
    rows=[
        Row(
            "10.3.2",
            "aws_s3_bucket.logs",
            "PCI_4",
            Status.PASS,
            Basis.EXAMINED,
            Responsibility.MODULE,
            "environments/dev",
        )
    ],
)


def write(directory: Path, evidence: Evidence = EVIDENCE, before: Path | None = None) -> SigningKey:
    key = SigningKey.ephemeral()
    pack.write(directory, evidence, catalogue(), (), key=key, before=before)
    return key


def test_it_has_every_form_and_verifies(tmp_path: Path) -> None:
    key = write(tmp_path / "pack")
    names = {path.name for path in (tmp_path / "pack").iterdir()}
    assert names >= {
        "index.html",
        "evidence.json",
        "results.sarif",
        "junit.xml",
        "assessment-results.json",
        "trend.json",
        "catalogue.toml",
        "controls.toml",
        "exceptions.toml",
    }
    assert verify.findings(tmp_path / "pack", key.fingerprint) == []
    found = Evidence.loads((tmp_path / "pack" / "evidence.json").read_bytes())
    assert found.dumps() == EVIDENCE.dumps()


def test_one_changed_byte_of_any_file_is_found(tmp_path: Path) -> None:
    directory = tmp_path / "pack"
    write(directory)
    for path in sorted(directory.iterdir()):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        try:
            assert verify.findings(directory), path.name
        finally:
            path.write_bytes(content)
    assert verify.findings(directory) == []


def test_the_pack_before_is_set_aside_and_its_trend_goes_on(tmp_path: Path) -> None:
    directory = tmp_path / "pack"
    write(directory)
    before = pack.set_aside(directory)
    assert before == tmp_path / "pack-before"
    failing = replace(EVIDENCE.rows[0], status=Status.FAIL)
    write(directory, replace(EVIDENCE, commit="2e" * 20, rows=[failing]), before)
    runs = json.loads((directory / trend.FILE).read_bytes())
    assert [run["standing"]["10.3.2"] for run in runs] == ["PASS", "FAIL"]
    page = (directory / pack.PAGE).read_text(encoding="utf-8")
    assert "2026-11-23 1f1f1f1f1f: PASS" in page


def test_a_pack_that_was_not_sealed_is_thrown_away(tmp_path: Path) -> None:
    directory = tmp_path / "pack"
    directory.mkdir()
    (directory / "index.html").touch()
    assert pack.set_aside(directory) is None
    assert not directory.exists()


def test_a_pack_before_that_was_changed_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "old")
    (tmp_path / "old" / trend.FILE).write_text("[]", encoding="utf-8")
    with pytest.raises(trend.TrendError, match="trend can't go on"):
        write(tmp_path / "new", before=tmp_path / "old")
