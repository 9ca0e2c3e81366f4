"""Report who calls which version of which API, by merchant, over some days.

`--ending v1/payments` refuses, with status 3, while merchants call that version.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from promotion import api_versions, usage
from promotion.accounts import PLAN, Organization, enter
from promotion.checkout import HERE
from promotion.errors import BrokenInputError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_ORGANIZATION = HERE / "environments/organization.json"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("environment", help="name of the environment")
    parser.add_argument("--days", type=int, default=30, help="default: %(default)s, at most 365")
    parser.add_argument("--ending", metavar="PATH", help="refuse while this version is called")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write it as JSON")


def run(options: Namespace) -> int:
    """Report; refuses by raising."""
    if not 1 <= options.days <= 365:
        raise BrokenInputError("usage is told for 1 to 365 days: logs are kept no longer")
    entered = enter(Organization.read(_ORGANIZATION), options.environment, PLAN)
    found = usage.report(entered.client, options.environment, options.days)
    for path, version in found.items():
        print(f"{path}: {version.requests} requests in {options.days} days")
        for caller in version.callers:
            print(f"  {caller}")
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        document = {path: version.as_document() for path, version in found.items()}
        options.report.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
    if options.ending:
        if options.ending not in found:
            raise BrokenInputError(f"{options.ending} isn't deployed; there are {', '.join(found)}")
        told = api_versions.of_folder(HERE).get(options.ending)
        usage.check_unused(
            found[options.ending],
            options.days,
            ends_for=told.ends_for if told else {},
            what="end",
        )
    return 0
