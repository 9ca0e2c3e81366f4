"""An exception is exact, complete, approved by somebody else, and ends; or it is an error."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pci_dss.exceptions import EXCEPTIONS, ExceptionsError, load, problems
from pci_dss.policy import Result
from pci_dss.record import Record

if TYPE_CHECKING:
    from pathlib import Path

DEV = "environments/dev"
TODAY = datetime.date(2026, 11, 23)
WHOLE: dict[str, Any] = {
    "id": "EX-1",
    "check": "PCI_28",
    "environment": DEV,
    "address": "module.network.aws_route.acquirer",
    "requirement": "1.4.4",
    "owner": "network team",
    "approver": "CISO",
    "approved": datetime.date(2026, 11, 1),
    "expires": datetime.date(2027, 11, 1),
    "constraint": "the acquirer has no private endpoint",
    "objective": "nothing reaches stored cardholder data",
    "risk": "a way out",
    "control": "an egress firewall with one name",
    "validation": "reachability test",
    "maintenance": "reviewed with each release",
}


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Write exceptions into a file: the whole one, with changes; None leaves a field out."""

    def write(*changes: dict[str, Any]) -> Path:
        lines = []
        for change in changes:
            lines.append("[[exception]]")
            for name, value in {**WHOLE, **change}.items():
                if value is not None:
                    shown = value if isinstance(value, datetime.date | int) else f'"{value}"'
                    lines.append(f"{name} = {shown}")
        path = tmp_path / "exceptions.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def test_our_own_exceptions_are_well_formed() -> None:
    for exemption in load(EXCEPTIONS):
        assert exemption.id


def test_a_whole_exception_is_read(written: Any) -> None:
    (exemption,) = load(written({}))
    assert exemption.key == ("PCI_28", DEV, "module.network.aws_route.acquirer", "1.4.4")
    assert exemption.maintenance == "reviewed with each release"


@pytest.mark.parametrize("field", sorted(WHOLE))
def test_every_field_is_asked_for(written: Any, field: str) -> None:
    with pytest.raises(ExceptionsError, match=f"lacks {field}"):
        load(written({field: None}))


@pytest.mark.parametrize("field", sorted(set(WHOLE) - {"approved", "expires"}))
def test_an_empty_field_is_an_error(written: Any, field: str) -> None:
    with pytest.raises(ExceptionsError, match=f"{field} must be a text"):
        load(written({field: " "}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"adress": "x"}, "EX-1: has adress, which means nothing"),
        ({"address": "module.network.*"}, "EX-1: address must be exact"),
        ({"expires": "2027-11-01"}, "EX-1: expires must be a date"),
        ({"approver": "network team"}, "EX-1: owner and approver are the same"),
        ({"expires": datetime.date(2026, 10, 1)}, "EX-1: expires before it was approved"),
        ({"expires": datetime.date(2028, 1, 1)}, "EX-1: holds for more than a year"),
        ({"id": None, "check": 3}, "exception number 1: check must be a text"),
    ],
)
def test_a_malformed_exception_says_what_is_wrong(
    written: Any, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExceptionsError, match=message):
        load(written(change))


def test_all_that_is_wrong_is_said_at_once(written: Any) -> None:
    with pytest.raises(ExceptionsError) as raised:
        load(written({"owner": None}, {"id": "EX-2", "risk": None}))
    assert "exception EX-1: lacks owner" in str(raised.value)
    assert "exception EX-2: lacks risk" in str(raised.value)


def test_two_exceptions_for_one_address_are_an_error(written: Any) -> None:
    with pytest.raises(ExceptionsError, match=r"EX-1 and EX-2 are for the same: PCI_28"):
        load(written({}, {"id": "EX-2", "expires": datetime.date(2027, 1, 1)}))


def test_lists_are_exceptions_of_each_address_and_requirement(tmp_path: Path) -> None:
    told = {**WHOLE, "address": ["a.x", "a.y"], "requirement": ["1.3.1", "1.4.4"]}
    lines = (
        f"{name} = {value if isinstance(value, datetime.date) else json.dumps(value)}"
        for name, value in told.items()
    )
    path = tmp_path / "exceptions.toml"
    path.write_text("\n".join(["[[exception]]", *lines]), encoding="utf-8")
    assert [(each.address, each.requirement) for each in load(path)] == [
        ("a.x", "1.3.1"),
        ("a.x", "1.4.4"),
        ("a.y", "1.3.1"),
        ("a.y", "1.4.4"),
    ]


@pytest.mark.parametrize(
    ("addresses", "message"),
    [
        ([], "EX-1: address must be a text"),
        (["a.x", " "], "EX-1: address must be a text"),
        (["a.x", "a.*"], "EX-1: address must be exact"),
        (["a.x", "a.x"], "EX-1 and EX-1 are for the same"),
    ],
)
def test_a_list_of_addresses_is_as_exact(
    written: Any, addresses: list[str], message: str, tmp_path: Path
) -> None:
    written({"address": "LIST"})
    path = tmp_path / "exceptions.toml"
    path.write_text(path.read_text().replace('"LIST"', json.dumps(addresses)), encoding="utf-8")
    with pytest.raises(ExceptionsError, match=message):
        load(path)


def test_one_address_may_have_exceptions_of_two_requirements(written: Any) -> None:
    assert len(load(written({}, {"id": "EX-2", "requirement": "1.3.1"}))) == 2


def test_two_exceptions_of_one_name_are_an_error(written: Any) -> None:
    with pytest.raises(ExceptionsError, match="two exceptions are called EX-1"):
        load(written({}, {"address": "module.network.aws_route.other"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[exception]", "isn't TOML"),
        ('[exception]\nid = "EX-1"', "write each exception as a table"),
        ('[[exceptions]]\nid = "EX-1"', "write each exception as a table"),
        ('exception = ["EX-1"]', "isn't a table"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "exceptions.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExceptionsError, match=message):
        load(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExceptionsError, match="can't read"):
        load(tmp_path / "none.toml")


def record(**changes: Any) -> Record:
    return Record(
        **{
            "check": "PCI_28",
            "title": "",
            "requirements": ("1.4.4",),
            "address": WHOLE["address"],
            "result": Result.FAIL,
            "reasons": (),
            "evaluated": {},
            "guideline": "",
            **changes,
        }
    )


def judged(written: Any, records: list[Record], today: datetime.date = TODAY) -> list[str]:
    return [str(problem) for problem in problems(load(written({})), {DEV: records}, today)]


def test_an_exception_that_is_needed_is_no_problem(written: Any) -> None:
    assert judged(written, [record()]) == []


def test_an_exception_holds_on_its_last_day_and_not_after(written: Any) -> None:
    last: datetime.date = WHOLE["expires"]
    assert judged(written, [record()], last) == []
    (problem,) = judged(written, [record()], last + datetime.timedelta(days=1))
    assert "EX-1: expired on 2027-11-01" in problem


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "nothing was found at module.network.aws_route.acquirer"),
        ([record(address="module.network.aws_route.b")], "nothing was found at"),
        ([record(check="PCI_3")], "PCI_28 doesn't judge module.network.aws_route.acquirer"),
        ([record(result=Result.PASS)], "PCI_28 is PASS at"),
        ([record(result=Result.NOT_EVALUATED)], "PCI_28 is NOT-EVALUATED at"),
        ([record(requirements=("1.3.1", "1.3.2"))], "serves 1.3.1, 1.3.2 and not 1.4.4"),
    ],
)
def test_an_exception_that_nothing_needs_says_why(
    written: Any, records: list[Record], message: str
) -> None:
    (problem,) = judged(written, records)
    assert message in problem


def test_an_exception_for_what_was_not_looked_at_is_not_judged(written: Any) -> None:
    found = problems(load(written({})), {"environments/qa": [record()]}, TODAY)
    assert list(found) == []


def test_an_exception_for_a_graph_is_judged_only_where_graphs_were_asked(written: Any) -> None:
    (exemption,) = load(written({"check": "GRAPH_EGRESS"}))
    assert not [*problems([exemption], {DEV: [record()]}, TODAY)]
    passed = replace(record(), check="GRAPH_EGRESS", result=Result.PASS)
    (problem,) = problems([exemption], {DEV: [record(), passed]}, TODAY)
    assert "GRAPH_EGRESS is PASS" in problem.reason
