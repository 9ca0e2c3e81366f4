"""Add up how long a promotion may take, and fail where that is over budget.

With --measured, a record of an execution, its stages are compared as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from promotion.budget import FILE, Budget

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--file", type=Path, default=FILE, help="the budget (%(default)s)")
    parser.add_argument("--measured", type=Path, metavar="RECORD", help="what `record` wrote")


def run(options: Namespace) -> int:
    """Compare; returns the exit status."""
    budget = Budget.read(options.file)
    print(budget.table())
    budget.check()
    if options.measured:
        record = json.loads(options.measured.read_text(encoding="utf-8"))
        budget.check_measured({stage["name"]: stage["seconds"] for stage in record["stages"]})
    return 0
