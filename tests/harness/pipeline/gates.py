"""What must stand before production, read from the deployed pipeline, before anything runs.

The scripts of the stages check approvals again by what was really approved. This finds the
pipeline that doesn't even ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.pipeline.deployed import Pipeline

STAGES = (
    "source",
    "verify",
    "build",
    "dev",
    "qa",
    "integration",
    "prod-plan",
    "prod-approve",
    "prod-deploy",
    "prod-shift",
    "record",
)
_APPROVALS = 2
_ASKED: Mapping[str, Mapping[str, str]] = {
    "prod-deploy": {"DeploymentWindow": "window", "CloudWatchAlarm": "alarm"},
    "prod-shift": {"DeploymentWindow": "window"},
}


def missing(pipeline: Pipeline) -> list[str]:
    """Say what the pipeline lacks of what a release has to pass on its way to production."""
    return list(_missing(pipeline))


def _missing(pipeline: Pipeline) -> Iterator[str]:
    names = [stage.name for stage in pipeline.stages]
    if names != list(STAGES):
        yield f"the stages are {', '.join(names)}, not {', '.join(STAGES)}"
        return
    if pipeline.mode != "QUEUED":
        yield f"executions are {pipeline.mode}, not QUEUED: a release could overtake another"
    approve = pipeline.stage("prod-approve")
    if len(approve.approvals) < _APPROVALS:
        yield (
            f"the stage prod-approve has {len(approve.approvals)} approval actions, "
            f"production needs {_APPROVALS}"
        )
    orders = {each.name: each.run_order for each in approve.actions}
    checks = [each for each in approve.actions if each.project]
    last = max((orders[each.name] for each in approve.approvals), default=0)
    if not any(each.run_order > last for each in checks):
        yield "nothing in prod-approve verifies who approved, after they did"
    for name, asked in _ASKED.items():
        rules = [r for each in pipeline.stage(name).before_entry for r in each.rules]
        kinds = {rule.provider for rule in rules}
        for kind, what in asked.items():
            if kind not in kinds:
                yield f"the stage {name} is entered without looking at a deployment {what}"
