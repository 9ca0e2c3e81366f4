"""Apply a plan from the store, and nothing else, once every gate lets it pass.

Release, zips, plan, age, state, account, approvals, parity and alarms are looked at before anything
is written. A plan that was applied before is left alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from promotion import promote
from promotion.settings import required
from promotion.stage import Stage

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("environment", help="name of the environment")
    parser.add_argument("--release", type=Path, metavar="FOLDER", help="the release's folder")
    parser.add_argument(
        "--plan", metavar="SHA256", default=os.environ.get("PLAN_SHA256"), help="PLAN_SHA256"
    )


def run(options: Namespace) -> int:
    """Apply; returns the exit status."""
    plan_sha256 = options.plan or required("PLAN_SHA256")
    with Stage(options.environment, directory=options.release) as stage:
        promote.apply(stage, plan_sha256)
    return 0
