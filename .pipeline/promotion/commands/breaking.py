"""Compare contracts: what clients of the old one rely on is still there in the new one.

With two files it compares these. With --released it compares every version of this checkout with
the last release in the store, and refuses a version that skips a step of its lifecycle.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promotion import api_versions
from promotion.checkout import HERE
from promotion.contract_changes import RULES, breaking
from promotion.errors import BrokenInputError, Refused
from promotion.record import CURRENT_SOURCE
from promotion.store import Store

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping
    from typing import Any


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("old", nargs="?", type=Path, help="contract that clients rely on")
    parser.add_argument("new", nargs="?", type=Path, help="contract that takes its place")
    parser.add_argument("--released", action="store_true", help="compare with the last release")
    parser.add_argument("--rules", action="store_true", help="list what counts as breaking")


def run(options: Namespace) -> int:
    """Compare; refuses by raising."""
    if options.rules:
        print("\n".join(f"{rule:30} {why}" for rule, why in RULES.items()))
    elif options.released:
        _compare_with_release()
    elif options.old and options.new:
        if found := breaking(_contract(options.old), _contract(options.new)):
            raise Refused(
                rule="contract-breaks",
                evidence=f"{len(found)} changes break clients of {options.old}:\n    "
                + "\n    ".join(map(str, found)),
                fix="take them back, or put them into a new version",
                override="nobody, once the version is active",
            )
        print(f"{options.new} breaks no client of {options.old}")
    else:
        raise BrokenInputError("give two contracts, or --released")
    return 0


def _compare_with_release() -> None:
    wanted = api_versions.of_folder(HERE)
    source = Store.of_environment().get(CURRENT_SOURCE)
    if source is None:
        print("nothing was released yet: no contract is frozen")
        return
    api_versions.check(api_versions.of_archive(source), wanted)
    print(f"{', '.join(sorted(wanted))}: no client of the last release breaks")


def _contract(path: Path) -> Mapping[str, Any]:
    try:
        return api_versions.load(path.read_bytes(), str(path))
    except OSError as error:
        raise BrokenInputError(f"can't read {path}: {error.strerror}") from None
