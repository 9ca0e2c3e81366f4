"""Production changes what integration changed, or a reviewer said why not."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from promotion import parity
from promotion.errors import BrokenInputError, Refused
from promotion.may_differ import MayDiffer
from promotion.parity import Declared, merged
from promotion.plan_document import UNKNOWN, Change

if TYPE_CHECKING:
    from pathlib import Path

UPDATE, CREATE, DELETE = ("update",), ("create",), ("delete",)
PORT = Change("aws_a.b", UPDATE, {"rule.port": "1"})
NOTHING_LISTED = MayDiffer((), ())


def test_the_same_changes_pass() -> None:
    parity.check([PORT], [PORT], [], NOTHING_LISTED)


@pytest.mark.parametrize(
    ("production", "integration", "evidence"),
    [
        ([PORT], [], "only production changes aws_a.b"),
        ([], [PORT], "only integration changes aws_a.b"),
        ([Change("aws_a.b", DELETE, {})], [PORT], "delete in production, update in integration"),
        ([Change("aws_a.b", UPDATE, {"rule.port": "2"})], [PORT], "rule.port gets another value"),
        (
            [Change("aws_a.b", UPDATE, {**PORT.attributes, "x": "1"})],
            [PORT],
            "aws_a.b: x gets another value",
        ),
    ],
)
def test_others_are_refused(
    production: list[Change], integration: list[Change], evidence: str
) -> None:
    with pytest.raises(Refused) as caught:
        parity.check(production, integration, [], NOTHING_LISTED)
    assert caught.value.rule == "parity"
    assert evidence in caught.value.evidence


def test_where_traffic_goes_is_for_the_shift_alone() -> None:
    moved = Change("module.a.aws_lambda_alias.live", UPDATE, {"function_version": "1"})
    parity.check([], [moved], [], NOTHING_LISTED)
    renamed = Change(moved.address, UPDATE, {**moved.attributes, "name": "1"})
    with pytest.raises(Refused, match="only integration changes"):
        parity.check([], [renamed], [], NOTHING_LISTED)


def test_what_is_known_after_the_apply_may_be_the_same() -> None:
    later = Change("aws_a.b", UPDATE, {"rule.port": UNKNOWN})
    parity.check([later], [PORT], [], NOTHING_LISTED)


@pytest.mark.parametrize(
    ("address", "attribute", "covered"),
    [
        ("aws_a.b", "*", True),
        ("aws_*", "rule.*", True),
        ("aws_a.b", "other", False),
        ("aws_a", "*", False),
    ],
)
def test_an_exception_covers_what_it_names(address: str, attribute: str, covered: bool) -> None:
    declared = Declared(address, "why", date(2099, 1, 1), attribute)
    other = Change("aws_a.b", UPDATE, {"rule.port": "2"})
    assert bool(parity.breaks([other], [PORT], [declared], NOTHING_LISTED)) != covered


def test_what_environments_may_differ_in_is_no_break(tmp_path: Path) -> None:
    listed = tmp_path / "differences.toml"
    listed.write_text(
        'environments = []\n[[may_differ]]\nwhat = "x"\nset_by = ["x"]\nreason = "x"\n'
        '[may_differ.attributes]\naws_a = ["rule.port"]\n'
    )
    other = Change("aws_a.b", UPDATE, {"rule.port": "2"})
    assert not parity.breaks([other], [PORT], [], MayDiffer.load(listed))


def test_exceptions_end(tmp_path: Path) -> None:
    file = tmp_path / "parity.toml"
    file.write_text('[[exceptions]]\naddress = "a"\nreason = "b"\nuntil = 2026-01-31\n')
    assert len(parity.read_exceptions(file, date(2026, 1, 31))) == 1
    assert parity.read_exceptions(file, date(2026, 2, 1)) == []
    file.write_text('[[exceptions]]\naddress = "a"\n')
    with pytest.raises(BrokenInputError, match="reason"):
        parity.read_exceptions(file)


def test_the_projects_own_exceptions_can_be_read() -> None:
    parity.read_exceptions()


def test_applies_add_up_to_what_one_would_have_done() -> None:
    """Production may skip releases that integration had one by one."""
    first = [Change("a", CREATE, {"x": "1"}), Change("b", CREATE, {}), Change("c", DELETE, {})]
    second = [
        Change("a", UPDATE, {"x": "2", "y": "1"}),
        Change("b", DELETE, {}),
        Change("c", CREATE, {"x": "1"}),
        Change("d", UPDATE, {"x": "1"}),
    ]
    assert merged([first, second]) == [
        Change("a", CREATE, {"x": "2", "y": "1"}),
        Change("c", ("delete", "create"), {"x": "1"}),
        Change("d", UPDATE, {"x": "1"}),
    ]
