"""Compare plans of environments: they differ in what environments/differences.toml lists alone.

Reads plans as `terraform show -json` writes them. Given all environments, it also refuses what the
list names and no environment needs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promotion.differences import judge
from promotion.errors import BrokenInputError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the plans, and where the list is."""
    parser.add_argument("plans", nargs="+", type=Path, metavar="plan.json")
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path("environments"),
        help="folder with differences.toml and organization.json (default: %(default)s)",
    )


def run(options: Namespace) -> int:
    """Compare; refuses by raising."""
    judgement = judge([_plan(path) for path in options.plans], options.environments)
    judgement.require()
    print(
        f"{', '.join(judgement.environments)}: {judgement.resources} resources,"
        f" {len(judgement.allowed)} differences, all of them listed"
    )
    return 0


def _plan(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BrokenInputError(
            f"{path} is no plan in JSON: {error}. Write it with `terraform show -json`."
        ) from None
