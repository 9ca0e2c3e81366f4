"""Plan with the release in one account, and keep the signed plan in the store.

Nothing is changed. With --variables it writes PLAN_SHA256, PLAN_CHANGES, PLAN_SUMMARY and
PLAN_EXPIRES_AT to a file that a shell can read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from promotion import exported, promote
from promotion.stage import Stage

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("environment", help="name of the environment")
    parser.add_argument("--release", type=Path, metavar="FOLDER", help="the release's folder")
    parser.add_argument(
        "--hold-traffic",
        action="store_true",
        help="leave all traffic with the version that serves now, for `shift` to move it",
    )
    parser.add_argument("--variables", type=Path, metavar="FILE", help="for later stages")


def run(options: Namespace) -> int:
    """Plan; returns the exit status."""
    with Stage(options.environment, directory=options.release) as stage:
        saved = promote.plan(
            stage,
            hold_traffic=options.hold_traffic,
            execution_id=os.environ.get("PIPELINE_EXECUTION_ID", ""),
        )
    if options.variables:
        exported.write(
            options.variables,
            PLAN_SHA256=saved.record.plan_sha256,
            PLAN_CHANGES="0" if saved.record.is_empty else str(max(1, saved.record.changes.total)),
            PLAN_SUMMARY=str(saved.record.changes),
            PLAN_EXPIRES_AT=saved.record.expires_at,
        )
    print(saved.record.plan_sha256)
    return 0
