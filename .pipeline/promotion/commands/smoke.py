"""Read an environment back: it runs this release and its very bytes, and no alarm sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promotion import smoke
from promotion.stage import Stage

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("environment", help="name of the environment")
    parser.add_argument("--release", type=Path, metavar="FOLDER", help="the release's folder")


def run(options: Namespace) -> int:
    """Look; returns the exit status."""
    with Stage(options.environment, directory=options.release) as stage:
        for line in smoke.look(stage):
            print(line)
    return 0
