"""Report what somebody changed by hand, in each environment, with type and address.

exit status 4: something has drifted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promotion import drift, releases, traffic
from promotion.accounts import PLAN, Organization, enter
from promotion.settings import required
from promotion.stage import Stage
from promotion.store import Store

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from promotion.drift import Finding

DRIFTED = 4
_ORGANIZATION = Path("environments/organization.json")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "environments", nargs="*", help="names; by default those of the variable ACCOUNTS"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the findings as JSON")


def run(options: Namespace) -> int:
    """Look; returns the exit status."""
    names = options.environments or sorted(json.loads(required("ACCOUNTS")))
    store = Store.of_environment()
    report: dict[str, Any] = {}
    for environment in names:
        digest = _running(environment)
        findings = _findings(store, environment, digest) if digest else []
        report[environment] = {
            "release": digest,
            "findings": [item.as_document() for item in findings],
        }
        print(
            f"{environment}: {len(findings) or 'nothing'} by hand"
            if digest
            else f"{environment}: nothing was applied yet"
        )
        for item in findings:
            print(item)
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(json.dumps(report, indent=2, default=str) + "\n")
    return DRIFTED if any(found["findings"] for found in report.values()) else 0


def _running(environment: str) -> str | None:
    entered = enter(Organization.read(_ORGANIZATION), environment, PLAN)
    return releases.running(entered.client("ssm"))


def _findings(store: Store, environment: str, digest: str) -> list[Finding]:
    with Stage(environment, digest=digest, store=store) as stage:
        root = stage.root(stage.planner)
        root.init()
        decided = traffic.decided(store, environment)
        variables = {**stage.variables, "canary": decided.canary if decided else None}
        file = stage.workdir / "plan"
        root.plan(file, variables)
        return drift.find(root.show(file), stage.planner.client("cloudtrail"))
