"""What the policies say of tags."""

from __future__ import annotations

from typing import Any

import pytest

from harness.testing import pci

from .judging import reasons, undecided, verdict_on_first

QUEUE = "aws_sqs_queue.a"


@pci("12.5.1")
@pytest.mark.parametrize(
    "tags",
    [
        {"scope": "pci-cde", "data": "payments", "owner": "payments"},
        {"PciScope": "in", "data-classification": "restricted", "team:owner": "payments"},
        {"PCIScope": "in", "DataClass": "restricted", "Owner": "payments"},
    ],
)
def test_tags_that_tell_all_pass(tags: dict[str, str]) -> None:
    assert not reasons("PCI_40", {QUEUE: {"tags_all": tags}})


@pci("12.5.1")
@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (
            {"tags_all": None},
            "no tag scope tells whether it is in scope; no tag data tells which data it holds; "
            "no tag owner tells whose it is",
        ),
        (
            {"tags_all": {"scope": "pci-cde", "owner": "payments"}},
            "no tag data tells which data it holds",
        ),
        (
            {"tags_all": {"scope": "", "data": "payments", "owner": "payments"}},
            "no tag scope tells whether it is in scope",
        ),
        (
            {"tags_all": {"scope": "out", "database": "a", "owner": "payments"}},
            "no tag data tells which data it holds",
        ),
    ],
)
def test_tags_that_are_missing_fail(values: dict[str, Any], wrong: str) -> None:
    assert reasons("PCI_40", {QUEUE: values}) == wrong


def test_what_takes_no_tags_is_left_out() -> None:
    assert verdict_on_first("PCI_40", {"aws_kms_alias.a": {"name": "alias/a"}}) is None


def test_unknown_tags_are_not_evaluated() -> None:
    assert "tags_all isn't known" in undecided(
        "PCI_40", {QUEUE: {}}, unknown={QUEUE: {"tags_all": True}}
    )
