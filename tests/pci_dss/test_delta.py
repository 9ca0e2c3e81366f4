"""What changed between two packs is said by requirement and address, worse first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pci_dss.evidence import verify
from pci_dss.evidence.delta import BROKEN, NOT_WORSE, WORSE, Direction, delta, main
from pci_dss.evidence.model import Status
from pci_dss.evidence.sign import SigningKey, seal

from .evidence_samples import LOGS, evidence, one_of_each, row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pci_dss.evidence.model import Evidence, Row

OTHER = row("10.3.2", "aws_s3_bucket.other")


def changes(old: Sequence[Row], new: Sequence[Row]) -> list[tuple[str, Direction]]:
    found = delta(evidence(*old), evidence(*new)).changes
    return [(str(change), change.direction) for change in found]


def test_a_pass_that_fails_is_named_with_its_address() -> None:
    failed = row(status=Status.FAIL, reasons=["kept 1 day"])
    assert changes([row(), OTHER], [failed, OTHER]) == [
        (
            f"10.3.2 PASS to FAIL: environments/log-archive {LOGS} (PCI_4): kept 1 day",
            Direction.WORSE,
        )
    ]


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (Status.FAIL, Status.PASS, Direction.BETTER),
        (Status.FAIL, Status.EXCEPTION, Direction.BETTER),
        (Status.NOT_EVALUATED, Status.PASS, Direction.BETTER),
        (Status.PASS, Status.NOT_EVALUATED, Direction.WORSE),
        (Status.PASS, Status.EXCEPTION, Direction.WORSE),
        (Status.EXCEPTION, Status.FAIL, Direction.WORSE),
        (Status.NOT_EVALUATED, Status.FAIL, Direction.WORSE),
    ],
)
def test_what_a_change_means(before: Status, after: Status, direction: Direction) -> None:
    ((told, meant),) = changes([row(status=before)], [row(status=after)])
    assert (told.startswith(f"10.3.2 {before} to {after}: "), meant) == (True, direction)


def test_what_says_the_same_is_no_change() -> None:
    elsewhere = row(file="main.tf", line=2, evaluated={"a": 1}, title="Another title")
    assert changes([row()], [elsewhere]) == []
    assert list(delta(one_of_each(), one_of_each()).lines())[1:] == ["Nothing changed."]


@pytest.mark.parametrize(
    ("status", "direction"),
    [
        (Status.PASS, Direction.NEITHER),
        (Status.MANUAL, Direction.NEITHER),
        (Status.EXCEPTION, Direction.WORSE),
        (Status.NOT_EVALUATED, Direction.WORSE),
        (Status.FAIL, Direction.WORSE),
    ],
)
def test_what_is_new(status: Status, direction: Direction) -> None:
    ((told, meant),) = changes([OTHER], [OTHER, row(status=status)])
    assert (told.startswith(f"10.3.2 new {status}: "), meant) == (True, direction)


def test_a_resource_that_is_gone_is_neither_and_its_failure_better() -> None:
    assert changes([OTHER, row()], [OTHER])[0][1] == Direction.NEITHER
    assert changes([OTHER, row(status=Status.FAIL)], [OTHER]) == [
        (f"10.3.2 FAIL gone: environments/log-archive {LOGS} (PCI_4)", Direction.BETTER)
    ]


def test_a_check_that_no_longer_looks_at_what_is_still_there_is_worse() -> None:
    both = [row(), row(check="CKV_AWS_6"), OTHER]
    assert changes(both, both[1:])[0][1] == Direction.WORSE


def test_a_requirement_that_lost_its_last_evidence_is_worse() -> None:
    ((told, meant),) = changes([OTHER, row("10.5.1")], [OTHER])
    assert (told.startswith("10.5.1 PASS gone: "), meant) == (True, Direction.WORSE)


def test_the_same_address_in_another_environment_is_another_thing() -> None:
    dev = row(environment="environments/dev")
    assert [told.split(":")[0] for told, _ in changes([row()], [row(), dev])] == ["10.3.2 new PASS"]


def test_the_worst_of_several_rows_about_the_same_counts() -> None:
    failed = row(status=Status.FAIL)
    for both in ([row(), failed], [failed, row()]):
        ((told, _),) = changes([row()], both)
        assert told.startswith("10.3.2 PASS to FAIL: ")


def test_people_read_requirements_first_and_what_is_worse_before_what_is_better() -> None:
    old = evidence(row(), row("3.5.1", status=Status.FAIL), row("12.1.1"), commit="a" * 40)
    new = evidence(
        row(status=Status.FAIL), row("3.5.1"), row("12.1.1", status=Status.FAIL), commit="b" * 40
    )
    where = f"environments/log-archive {LOGS} (PCI_4)"
    assert list(delta(old, new).lines()) == [
        f"From {'a' * 40} to {'b' * 40}",
        "3.5.1 FAIL to PASS",
        "10.3.2 PASS to FAIL",
        "12.1.1 PASS to FAIL",
        "2 worse:",
        f"  10.3.2 PASS to FAIL: {where}",
        f"  12.1.1 PASS to FAIL: {where}",
        "1 better:",
        f"  3.5.1 FAIL to PASS: {where}",
    ]


@pytest.fixture
def packs(tmp_path: Path) -> tuple[Path, Path]:
    """Two packs; in the second one row fails that passed."""
    return (
        packed(tmp_path / "old", evidence(row(), OTHER)),
        packed(tmp_path / "new", evidence(row(status=Status.FAIL), OTHER)),
    )


def packed(folder: Path, found: Evidence) -> Path:
    folder.mkdir()
    (folder / "evidence.json").write_text(found.dumps(), encoding="utf-8")
    seal(folder, SigningKey.ephemeral())
    return folder


def test_the_exit_status_tells_whether_something_is_worse(
    packs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = map(str, packs)
    assert main([old, new]) == WORSE
    assert f"10.3.2 PASS to FAIL: environments/log-archive {LOGS}" in capsys.readouterr().out
    assert main([new, old]) == NOT_WORSE
    assert main([old, old]) == NOT_WORSE


def test_programs_read_json(packs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*map(str, packs), "--json"]) == WORSE
    document = json.loads(capsys.readouterr().out)
    (change,) = document["changes"]
    assert (change["before"], change["after"], change["direction"]) == ("PASS", "FAIL", "worse")
    assert (change["row"]["requirement"], change["row"]["subject"]) == ("10.3.2", LOGS)
    assert document["standings"] == [["10.3.2", "PASS", "FAIL"]]


def test_a_run_that_was_not_sealed_is_compared_by_its_file(packs: tuple[Path, Path]) -> None:
    old, new = packs
    assert main([str(old), str(new / "evidence.json")]) == WORSE


def test_a_changed_pack_is_not_compared(
    packs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = packs
    (old / "evidence.json").write_bytes((new / "evidence.json").read_bytes())
    assert main([str(old), str(new)]) == BROKEN
    assert "isn't what was sealed: changed: evidence.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Expecting value"),
        ("[]", "this isn't evidence of this version"),
        ('{"rows": []}', "this isn't evidence of this version"),
    ],
)
def test_what_is_no_evidence_is_said_to_be_none(
    text: str, says: str, packs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = packs[0].parent / "evidence.json"
    path.write_text(text)
    assert main([str(packs[0]), str(path)]) == BROKEN
    assert says in capsys.readouterr().err


def test_what_is_not_there_is_named(
    packs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (packs[1] / verify.PUBLIC_KEY).unlink()
    assert main([str(packs[0]), str(packs[1])]) == BROKEN
    assert "public-key.pem: No such file" in capsys.readouterr().err
    assert main([str(packs[0]), str(packs[0] / "absent")]) == BROKEN
    assert "absent: No such file" in capsys.readouterr().err
