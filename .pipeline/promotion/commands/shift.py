"""Move traffic to a release in steps, watch alarms at each, and go back by itself.

The same call makes traffic match the release whatever was done before. A release that was applied
earlier gets all traffic at once.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from promotion import history, releases, settings, traffic
from promotion.budget import Budget
from promotion.shift import Schedule, Shift
from promotion.stage import Stage, say

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from promotion.store import Store


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("environment", help="name of the environment")
    parser.add_argument(
        "--to",
        metavar="DIGEST",
        default=os.environ.get("RELEASE_DIGEST"),
        help="the release that traffic is to match (RELEASE_DIGEST)",
    )


def run(options: Namespace) -> int:
    """Shift; returns the exit status."""
    wanted = options.to or settings.required("RELEASE_DIGEST")
    # Whatever release is asked for, the root is that of the one that is applied.
    applied = _applied(options.environment, wanted)
    with Stage(options.environment, digest=applied) as stage:
        planner, deployer = stage.root(stage.planner), stage.root(stage.deployer)
        planner.init()
        shift = Shift(
            store=stage.store,
            planner=planner,
            deployer=deployer,
            account=stage.deployer,
            variables=stage.variables,
            workdir=stage.workdir,
            schedule=_schedule(),
            say=say,
            release_digest=wanted,
        )
        try:
            shift.run(traffic.version_of(stage.store, options.environment, wanted))
        finally:
            _record(stage.store, options.environment, wanted, shift.events)
    return 0


def _applied(environment: str, wanted: str) -> str:
    """Return the release that the environment runs, which is the last that was applied."""
    with Stage(environment, digest=wanted) as stage:
        return releases.running(stage.planner.client("ssm")) or wanted


def _schedule() -> Schedule:
    told = os.environ.get("SHIFT")
    document: dict[str, Any] = json.loads(told) if told else dict(Budget.read().shift)
    return Schedule.of(document, _seconds_per_minute())


def _seconds_per_minute() -> float:
    """Let a laptop wait less; against AWS a minute is a minute."""
    shorter = os.environ.get("SHIFT_SECONDS_PER_MINUTE")
    return float(shorter) if shorter and settings.is_local() else 60


def _record(store: Store, environment: str, digest: str, events: list[dict[str, Any]]) -> None:
    execution = os.environ.get("PIPELINE_EXECUTION_ID") or "by-hand"
    key = f"records/shifts/{environment}/{history.now()}-{execution}.json"
    store.put_json(key, {"release_digest": digest, "execution_id": execution, "events": events})
