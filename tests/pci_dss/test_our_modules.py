"""Modules that consumers take alone: their files fail by nothing but what is known of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from .policies_process import REPOSITORY, Policies

if TYPE_CHECKING:
    from collections.abc import Mapping

# One that makes nothing has nothing to be looked at.
MODULES = sorted(
    {
        path.parent.relative_to(REPOSITORY)
        for path in (REPOSITORY / "modules").rglob("*.tf")
        if re.search(r"^resource ", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
)
ACCEPTED = {
    # Of checks and resources by name: why it is as it is.
    ("CKV_AWS_231", "aws_network_acl.egress[0]"): "answers come back to any high port",
    ("CKV_AWS_332", "aws_ecs_service.service"): "the platform's version is pinned",
    ("CKV_AWS_355", "aws_iam_role_policy.run_queries"): "logs:GetQueryResults takes no resource",
}


@pytest.fixture(scope="module")
def found() -> Mapping[str, list[Any]]:
    with Policies() as policies:
        done = policies.run(*MODULES, "--json", cwd=REPOSITORY)
    assert done.json["errors"] == []
    return {
        str(module): [each for each in done.json["findings"] if each["environment"] == str(module)]
        for module in MODULES
    }


@pytest.mark.parametrize("module", [str(each) for each in MODULES])
def test_nothing_fails_but_what_is_known(found: Mapping[str, list[Any]], module: str) -> None:
    unknown = [
        f"{each['check']} {each['subject']}: {each['reasons']}"
        for each in found[module]
        if each["status"] == "FAIL" and _named(each) not in ACCEPTED
    ]
    assert not unknown, "\n".join(unknown)


@pytest.mark.parametrize("module", [str(each) for each in MODULES])
def test_everything_is_looked_at_and_no_policy_breaks(
    found: Mapping[str, list[Any]], module: str
) -> None:
    assert found[module]
    broken = [
        each
        for each in found[module]
        if each["check"].startswith("PCI_") and "it has a bug" in " ".join(each["reasons"])
    ]
    assert not broken


def test_what_is_known_is_there(found: Mapping[str, list[Any]]) -> None:
    failing = {
        _named(each) for there in found.values() for each in there if each["status"] == "FAIL"
    }
    assert ACCEPTED.keys() == failing


def _named(finding: Mapping[str, Any]) -> tuple[str, str]:
    return finding["check"], ".".join(finding["subject"].split(".")[-2:])
