"""Call an environment's payments API as a merchant: what is promised, and what is refused.

For environments whose acquirer is one of tests: it authorizes payments and captures them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promotion import contract
from promotion.accounts import PRODUCTION
from promotion.errors import BrokenInputError
from promotion.stage import Stage

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("environment", help="name of the environment; not production")
    parser.add_argument("--release", type=Path, metavar="FOLDER", help="the release's folder")
    parser.add_argument(
        "--load", type=int, default=0, metavar="N", help="also send N payments, several at a time"
    )


def run(options: Namespace) -> int:
    """Try it; returns the exit status."""
    if options.environment == PRODUCTION:
        raise BrokenInputError("it would charge real cards: production is watched, not tried")
    with Stage(options.environment, directory=options.release) as stage:
        root = stage.root(stage.planner)
        root.init()
        for line in contract.look(stage, root.outputs(), options.load):
            print(line, flush=True)
    return 0
