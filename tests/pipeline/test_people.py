"""People who approve are told apart by their own names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.pipeline.people import TwoPeople, read_plan, sign_in
from pipeline.small import ACCOUNT, NAME, approval

if TYPE_CHECKING:
    from harness.pipeline.assembled import Assembly
    from pipeline.small import Small

PLAN = "ab" * 32


def test_users_approve_as_a_role_under_their_own_names(small: Small, assembly: Assembly) -> None:
    small.role("approver", "ec2.amazonaws.com")
    small.stage("approve", approval("first"), approval("second"))
    small.create()
    assembly.approvers = TwoPeople(
        ("carol", "dave"), lambda name: sign_in(assembly.aws, ACCOUNT, name, "approver")
    )
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert [run.updated_by for run in execution.actions[1:]] == [
        f"arn:aws:sts::{ACCOUNT}:assumed-role/approver/{name}" for name in ("carol", "dave")
    ]


def test_an_approver_writes_which_plan_was_read() -> None:
    release = "cd" * 32
    shown = f"Release 1.2 ({release}): +3 ~2 -0. Write its SHA-256 as comment: {PLAN}."
    assert read_plan(shown) == f"Read the plan {PLAN}"
    assert read_plan("nothing to read") == "approved"
