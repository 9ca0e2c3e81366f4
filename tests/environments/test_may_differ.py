"""The list of what may differ: read with care, and told on the page of environments."""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from environments.conftest import REPOSITORY
from harness.platform import ENVIRONMENTS
from harness.testing import pci
from harness.testing.static import Folder
from promotion.errors import BrokenInputError
from promotion.may_differ import MayDiffer

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = REPOSITORY / "environments"
LISTED = MayDiffer.load(FOLDER / "differences.toml")


def locals_of(environment: str) -> dict[str, Any]:
    """What environment.tf says."""
    (block,) = (
        block
        for block in Folder.read(FOLDER / environment).blocks("locals")
        if block.file.name == "environment.tf"
    )
    return {name: attribute.value for name, attribute in block.attributes.items()}


VALUES = {name: locals_of(name) for name in ENVIRONMENTS}


def test_it_is_about_every_environment() -> None:
    assert LISTED.environments == set(ENVIRONMENTS)


def test_every_environment_sets_the_same_values() -> None:
    assert len({frozenset(values) for values in VALUES.values()}) == 1


def test_every_value_of_an_environment_is_on_the_list() -> None:
    """But for the network, whose place is put away before plans are compared."""
    listed = {name for entry in LISTED.entries for name in entry.set_by}
    assert listed | {"cidr_block"} == {*VALUES["dev"], "merchants"}


def test_networks_do_not_overlap() -> None:
    networks = [ipaddress.ip_network(values["cidr_block"]) for values in VALUES.values()]
    for one, other in itertools.combinations(networks, 2):
        assert not one.overlaps(other), f"{one} and {other}"
    assert {network.prefixlen for network in networks} == {20}


@pci("6.5.1", "10.5.1")
def test_production_is_guarded_as_nothing_else() -> None:
    production = VALUES["production"]
    assert production["log_retention_days"] >= 365
    assert production["deletion_protection"] is True
    assert production["key_deletion_window_days"] == 30
    assert production["log_archive"] == "production"
    assert production["capacity"]["warm_percent"] == 100
    for name, values in VALUES.items():
        if name != "production":
            assert values["log_archive"] == "nonproduction"
            assert values["acquirer"] != production["acquirer"], (
                "real cards, or real money, elsewhere"
            )
        assert values["acquirer"]["url"].startswith("https://")


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table as the page has it."""
    first, *others = ("| " + " | ".join(cells) + " |" for cells in [header, *rows])
    return "\n".join([first, "|" + "---|" * len(header), *others])


def reasons() -> str:
    """The list as a table."""
    rows = [
        [entry.what, ", ".join(f"`{name}`" for name in entry.set_by), entry.reason]
        for entry in LISTED.entries
    ]
    return table(["What", "Set by", "Why"], rows)


def test_the_page_gives_every_reason() -> None:
    page = (FOLDER / "README.md").read_text()
    assert reasons() in page, f"environments/README.md has to hold\n\n{reasons()}"


def test_the_page_gives_every_value() -> None:
    rows = [
        [f"`{name}`", *(shown(VALUES[environment][name]) for environment in ENVIRONMENTS)]
        for name in sorted(VALUES["dev"])
        if name != "environment"
    ]
    expected = table(["In `environment.tf`", *ENVIRONMENTS], rows)
    page = (FOLDER / "README.md").read_text()
    assert expected in page, f"environments/README.md has to hold\n\n{expected}"


def shown(value: Any) -> str:
    """A value in a cell of a table."""
    if isinstance(value, dict):
        return ", ".join(
            f"{name.replace('_', ' ')} {shown(inner)}" for name, inner in value.items()
        )
    return json.dumps(value).strip('"')


GOOD = """
environments = ["dev", "qa"]

[[may_differ]]
what = "Size"
set_by = ["capacity"]
reason = "Tests are small."
exists = ["module.*.aws_instance.spare"]

[may_differ.attributes]
aws_instance = ["instance_type", "tags.*"]
"""


@pytest.mark.parametrize(
    ("kind", "address", "path", "admitted"),
    [
        ("aws_instance", "aws_instance.one", ("instance_type",), True),
        ("aws_instance", 'module.a["b.c"].aws_instance.one[0]', ("instance_type",), True),
        ("aws_instance", "aws_instance.one", ("tags", "size"), True),
        ("aws_instance", "aws_instance.one", ("tags",), False),
        ("aws_instance", "aws_instance.one", ("ami",), False),
        ("aws_instance", "aws_instance.one", ("instance_type", "more"), False),
        ("aws_instance_profile", "aws_instance_profile.one", ("instance_type",), False),
        ("aws_instance", 'module.a["b"].aws_instance.spare["x"]', (), True),
        ("aws_instance", "aws_instance.spare", (), False),
        ("aws_instance", "module.a.aws_instance.other", (), False),
    ],
)
def test_a_pattern_admits_what_it_names(
    kind: str, address: str, path: tuple[str | int, ...], admitted: bool, tmp_path: Path
) -> None:
    file = tmp_path / "differences.toml"
    file.write_text(GOOD)
    assert MayDiffer.load(file).admits(kind, address, path) is admitted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[may_differ]\n", "can't be read"),
        ('[[may_differ]]\nset_by = ["x"]\nreason = "y"\nexists = ["z"]\n', "lacks what"),
        ('[[may_differ]]\nwhat = "x"\nset_by = ["x"]\nexists = ["z"]\n', "'x' lacks reason"),
        ('[[may_differ]]\nwhat = "x"\nset_by = []\nreason = "y"\nexists = ["z"]\n', "lacks set_by"),
        (
            '[[may_differ]]\nwhat = "x"\nset_by = ["x"]\nreason = "y"\n',
            "'x' names no resource and no attribute",
        ),
        (
            '[[may_differ]]\nwhat = "x"\nset_by = ["x"]\nreason = "y"\nexist = ["z"]\n',
            "'x' has unknown keys: exist",
        ),
    ],
)
def test_a_malformed_list_says_what_is_wrong(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "differences.toml"
    file.write_text(text)
    with pytest.raises(BrokenInputError, match=re.escape(words)):
        MayDiffer.load(file)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenInputError, match=r"differences\.toml can't be read"):
        MayDiffer.load(tmp_path / "differences.toml")
