"""What breaks clients of a contract is found, by its rule; what doesn't passes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from api_versions.contracts import BREAKING, CONTRACT, HARMLESS, PATH, Change
from harness.testing import pci
from promotion.__main__ import main
from promotion.contract_changes import RULES, breaking
from promotion.errors import BrokenInputError

OURS = sorted(Path().glob("*_src/*/openapi/v*.yaml"))


def changed(change: Change) -> tuple[Any, Any]:
    """Give the contract, and the same with a change."""
    old = yaml.safe_load(CONTRACT)
    new = copy.deepcopy(old)
    *way, last = change[0].split("|")
    place: Any = new
    for name in way:
        place = place[int(name) if isinstance(place, list) else name]
    if isinstance(place, list):
        place[int(last) : int(last) + 1] = [] if change[1] is None else [change[1]]
    elif change[1] is None:
        del place[last]
    else:
        place[last] = change[1]
    return old, new


@pytest.mark.parametrize(("rule", "change"), BREAKING, ids=lambda value: str(value)[:70])
def test_what_breaks_clients_is_found(rule: str, change: Change) -> None:
    assert rule in {found.rule for found in breaking(*changed(change))}


@pytest.mark.parametrize("change", HARMLESS, ids=lambda value: str(value)[:70])
def test_what_breaks_nobody_passes(change: Change) -> None:
    assert breaking(*changed(change)) == []


def test_every_rule_has_a_change_that_breaks_it() -> None:
    assert {rule for rule, _ in BREAKING} == RULES.keys()


def test_a_renamed_part_of_a_path_is_no_other_path() -> None:
    old, new = changed((f"paths|{PATH}|parameters|0|name", "id"))
    new["paths"]["/merchants/{id}/payments"] = new["paths"].pop(PATH)
    assert breaking(old, new) == []


def test_what_all_of_puts_together_is_compared_as_one() -> None:
    old = yaml.safe_load(CONTRACT)
    new = copy.deepcopy(old)
    schemas = new["components"]["schemas"]
    schemas["Amount"] = {"properties": {"amount": schemas["Payment"]["properties"].pop("amount")}}
    schemas["Payment"]["allOf"] = [{"$ref": "#/components/schemas/Amount"}]
    assert breaking(old, new) == []
    schemas["Amount"]["required"] = ["currency"]
    assert [found.rule for found in breaking(old, new)] == ["request-property-required"]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.parts[1])
def test_our_contracts_are_understood_and_break_nobody_by_themselves(path: Path) -> None:
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert breaking(contract, copy.deepcopy(contract)) == []


def test_what_is_not_understood_is_an_error() -> None:
    with pytest.raises(BrokenInputError, match="patternProperties"):
        breaking(
            *changed(("components|schemas|Payment|patternProperties", {"^x": {"type": "string"}}))
        )
    with pytest.raises(BrokenInputError, match="leads nowhere"):
        breaking(*changed(("components|schemas|Page", None)))
    with pytest.raises(BrokenInputError, match="no `paths`"):
        breaking({}, {})


@pci("6.5.1")
def test_the_command_refuses_by_rule_and_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = changed(("components|schemas|Payment|properties|currency", None))
    for name, contract in (("old", old), ("new", new)):
        (tmp_path / name).write_text(yaml.safe_dump(contract), encoding="utf-8")
    arguments = [str(tmp_path / "old"), str(tmp_path / "new")]
    assert main(["breaking", *arguments]) == 3
    said = capsys.readouterr().err
    assert "REFUSED contract-breaks" in said
    assert f"request-property-removed POST {PATH} body.currency" in said
    assert main(["breaking", *reversed(arguments)]) == 0
    assert main(["breaking", str(tmp_path / "none"), arguments[1]]) == 2
    assert main(["breaking"]) == 2
