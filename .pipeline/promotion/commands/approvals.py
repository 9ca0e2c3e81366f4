"""Verify that two people other than the author approved this very plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promotion import gates
from promotion.settings import required
from promotion.stage import Stage

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("environment", help="name of the environment")
    parser.add_argument("--release", type=Path, metavar="FOLDER", help="the release's folder")


def run(options: Namespace) -> int:
    """Verify; returns the exit status."""
    with Stage(options.environment, directory=options.release) as stage:
        author = stage.release.manifest["author"]
        for approval in gates.check_approvals(required("PLAN_SHA256"), author):
            print(f"{approval.action}: {approval.person} at {approval.at}")
    return 0
