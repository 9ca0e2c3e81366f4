"""The policies' page says what the policies do, in the words that they have now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pci_dss.policy import Policy, policies

from .consumers import FALSE_PASSES
from .policies_process import REPOSITORY, Policies

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = REPOSITORY / "policies/pci_dss"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")


def line_of(policy: Policy) -> str:
    anchor = policy.guideline.partition("#")[2]
    named = f'<a id="{anchor}"></a>{policy.id}'
    return f"| {named} | {', '.join(policy.requirements)} | {policy.title} | {policy.fix} |"


@pytest.mark.parametrize("policy", policies(), ids=lambda policy: policy.id)
def test_each_policy_is_listed_as_it_is(policy: Policy) -> None:
    assert line_of(policy) in PAGE.splitlines()


def test_nothing_else_is_listed() -> None:
    assert re.findall(r"</a>(PCI_\d+) \|", PAGE) == [policy.id for policy in policies()]


def test_the_false_passes_are_those_that_are_tested() -> None:
    listed = {
        (tuple(builtin.split(", ")), ours)
        for builtin, ours in re.findall(r"\| (CKV\w+(?:, CKV\w+)*) \| (PCI_\d+) \|", PAGE)
    }
    assert listed == set(FALSE_PASSES.values())


def test_the_report_is_what_the_command_prints(tmp_path: Path) -> None:
    root, printed = (
        re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) for language in ("hcl", "text")
    )
    assert root
    assert printed
    (tmp_path / "main.tf").write_text(root[1])
    with Policies() as command:
        done = command.run(".", cwd=tmp_path)
    assert (done.code, done.out) == (1, printed[1])


def test_the_example_of_a_policy_is_a_real_one() -> None:
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert example
    assert example[1] in (FOLDER / "policies/functions.py").read_text(encoding="utf-8")
