"""What isn't a whole plan is refused, with words that say what it is and what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pci_dss.plan_file import ScanError, read_plan

if TYPE_CHECKING:
    from pathlib import Path

TOPIC = {"mode": "managed", "address": "aws_sns_topic.a", "type": "aws_sns_topic", "name": "a"}
WHOLE: dict[str, Any] = {
    "format_version": "1.2",
    "terraform_version": "1.11.4",
    "planned_values": {"root_module": {"child_modules": [{"resources": [TOPIC]}]}},
    "configuration": {"root_module": {}},
    "resource_changes": [],
}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in WHOLE.items() if key != name}


def test_a_whole_plan_is_read(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(WHOLE))
    assert read_plan(tmp_path / "plan.json") == WHOLE


@pytest.mark.parametrize("minor", ["1.0", "1.2", "1.9"])
def test_minor_versions_of_the_format_are_read(tmp_path: Path, minor: str) -> None:
    (tmp_path / "plan.json").write_text(json.dumps({**WHOLE, "format_version": minor}))
    assert read_plan(tmp_path / "plan.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04\x14\x00", "binary plan; write it as JSON, where it was planned: terraform"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"Error: no configuration", "isn't JSON"),
        (b"\xff\xfe{\x00", "isn't JSON"),
        (json.dumps(WHOLE).encode()[:-40], "breaks off or is damaged"),
        (b'{"@level":"info"}\n{"@level":"info"}', "the log of terraform plan -json"),
        (json.dumps([WHOLE]).encode(), "holds a list and no plan"),
        (json.dumps({"format_version": "1.0", "values": {}}).encode(), "is a state, not a plan"),
        (
            json.dumps({**WHOLE, "format_version": "0.1", "terraform_version": "0.12.31"}).encode(),
            r"plan format 0.1, of Terraform 0.12.31; this reads 1.x",
        ),
        (json.dumps({**WHOLE, "format_version": "2.0"}).encode(), "plan format 2.0"),
        (b"{}", "lacks format_version, terraform_version, planned_values"),
        (json.dumps(without("configuration")).encode(), "lacks configuration"),
        # checkov would pass over such a plan without a word
        (json.dumps(without("terraform_version")).encode(), "lacks terraform_version"),
        (json.dumps({**WHOLE, "errored": True}).encode(), "failed half-way"),
        (json.dumps({**WHOLE, "complete": False}).encode(), "-target"),
        (json.dumps({**WHOLE, "planned_values": {}}).encode(), "plans no resource at all"),
    ],
)
def test_what_is_not_a_whole_plan_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "shop.json"
    path.write_bytes(content)
    with pytest.raises(ScanError, match=said) as refused:
        read_plan(path)
    assert str(refused.value).startswith(str(path))


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match=r"can't read .*none.json: No such file"):
        read_plan(tmp_path / "none.json")
