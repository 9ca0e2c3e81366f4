"""The supplement as a whole: every entry is shown by a test, can be listed and taken out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from moto.apigateway.models import RestAPI

from harness.aws import EmbeddedAWS, supplement
from harness.aws.__main__ import main
from harness.aws.supplement.registry import mend


def test_every_entry_has_a_test_that_needs_it() -> None:
    sources = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    shown = {action for text in sources for action in re.findall(r'mends\("([^"]+)"\)', text)}
    assert shown == set(supplement.MENDS)


def test_entries_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--supplement"]) == 0
    printed = capsys.readouterr().out
    assert all(action in printed for action in supplement.MENDS)


def test_every_entry_says_why_and_how_it_was_seen() -> None:
    for action, entry in supplement.MENDS.items():
        assert re.fullmatch(r"[a-z0-9]+:[A-Z]\w+", action)
        assert entry.reason
        assert entry.observed
        assert entry.patches


def test_an_action_has_one_entry() -> None:
    with pytest.raises(ValueError, match="extend that one"):
        mend("iam:CreateRole", reason="again", observed="again")


def test_moto_is_mended_only_while_an_aws_runs() -> None:
    before = vars(RestAPI)["to_dict"]
    with EmbeddedAWS():
        assert vars(RestAPI)["to_dict"] is not before
    assert vars(RestAPI)["to_dict"] is before
