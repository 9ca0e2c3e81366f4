"""What a pipeline would do: stages, gates, roles, the critical path, and whether it keeps time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from harness.pipeline.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.pipeline.deployed import Action, Condition, Pipeline, Project, Rule, Stage

BUDGET_TAG = "time-budget-minutes"
_ROLE = ":role/"


@dataclass(frozen=True)
class Described:
    """A stage in words and minutes."""

    name: str
    critical: tuple[str, ...]
    """The actions that it waits for, one of each run order."""
    minutes: int
    """The longest that its machines may take."""
    people_minutes: int
    """The longest that its approvals may wait."""
    gates: tuple[str, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Budget:
    """Whether everything fits into the time that was promised."""

    minutes: int
    promised: int | None
    overruns: tuple[str, ...]


def describe(pipeline: Pipeline) -> list[Described]:
    """Describe every stage, in their order."""
    return [_stage(pipeline, stage) for stage in pipeline.stages]


def budget(pipeline: Pipeline, promised: int | None = None) -> Budget:
    """Add up what stages may take; they come one after the other, so all are critical.

    Args:
        pipeline: as it was read back.
        promised: minutes; by default those that the pipeline's tag says.
    """
    if promised is None and BUDGET_TAG in pipeline.tags:
        promised = int(pipeline.tags[BUDGET_TAG])
    total = sum(stage.minutes for stage in describe(pipeline))
    overruns = list(_late_shifts(pipeline))
    if promised is not None and total > promised:
        overruns.append(f"all stages may take {total} minutes, {promised} are promised")
    return Budget(total, promised, tuple(overruns))


def _stage(pipeline: Pipeline, stage: Stage) -> Described:
    critical, minutes, people = [], 0, 0
    for step in stage.steps():
        waits = [each for each in step if each.is_approval]
        works = [each for each in step if not each.is_approval]
        if waits:
            people += max(each.timeout_minutes or 0 for each in waits)
        if works:
            longest = max(works, key=lambda each: _minutes(pipeline, each))
            minutes += _minutes(pipeline, longest)
            critical.append(longest.name)
        else:
            critical.append(waits[0].name)
    return Described(
        stage.name,
        tuple(critical),
        minutes,
        people,
        tuple(_gates(stage)),
        tuple(_roles(pipeline, stage)),
    )


def _minutes(pipeline: Pipeline, action: Action) -> int:
    project = _project(pipeline, action)
    limits = [
        each for each in (action.timeout_minutes, project and project.timeout_minutes) if each
    ]
    return min(limits, default=0)


def _project(pipeline: Pipeline, action: Action) -> Project | None:
    return pipeline.projects[action.project] if action.project else None


def _gates(stage: Stage) -> Iterator[str]:
    for condition in stage.before_entry:
        verb = "skipped unless" if condition.result == "SKIP" else "entered if"
        yield f"{verb} {_rules(condition)}"
    if stage.approvals:
        names = ", ".join(each.name for each in stage.approvals)
        yield f"{len(stage.approvals)} approvals: {names}"
    for condition in stage.on_success:
        yield f"left if {_rules(condition)}"
    if stage.failure_result:
        yield f"when it fails: {stage.failure_result.lower()}"


def _rules(condition: Condition) -> str:
    alarms = [each for each in condition.rules if each.provider == "CloudWatchAlarm"]
    said = [_rule(each) for each in condition.rules if each not in alarms]
    names = [each.configuration["AlarmName"] for each in alarms]
    if names:
        said.append(f"{', '.join(names)} {'are' if len(names) > 1 else 'is'} quiet")
    return " and ".join(said)


def _rule(rule: Rule) -> str:
    told = rule.configuration
    match rule.provider:
        case "DeploymentWindow":
            Window(told["Cron"], told.get("TimeZone", "UTC"))  # understood, or an error now
            return f"within {told['Cron']} {told.get('TimeZone', 'UTC')}"
        case "VariableCheck":
            return f"{told['Variable']} {told.get('Operator', 'EQ')} {told['Value']}"
    return rule.name


def _roles(pipeline: Pipeline, stage: Stage) -> Iterator[str]:
    for action in stage.actions:
        project = _project(pipeline, action)
        if project:
            yield project.role_arn.partition(_ROLE)[2]


def _late_shifts(pipeline: Pipeline) -> Iterator[str]:
    """Find projects whose shift of traffic takes longer than they may run."""
    for project in pipeline.projects.values():
        told = project.variable("SHIFT") or _overridden(pipeline, project, "SHIFT")
        if not told:
            continue
        shift = json.loads(told)
        steps = len(shift["weights_percent"]) * shift["step_minutes"]
        needed = steps + shift["bake_minutes"]
        if needed > project.timeout_minutes:
            yield (
                f"{project.name} shifts for {needed} minutes, and may run for "
                f"{project.timeout_minutes}"
            )


def _overridden(pipeline: Pipeline, project: Project, name: str) -> str | None:
    for stage in pipeline.stages:
        for action in stage.actions:
            if action.project == project.name:
                given = json.loads(action.configuration.get("EnvironmentVariables", "[]"))
                return next((each["value"] for each in given if each["name"] == name), None)
    return None


def table(stages: list[Described]) -> Table:
    """Lay the description out: what a stage runs, as whom, and below what opens and closes it."""
    found = Table(title="Stages, in their order: all are on the critical path", show_lines=True)
    found.add_column("stage", no_wrap=True)
    found.add_column("minutes at most", justify="right", no_wrap=True)
    found.add_column("runs, and its gates", overflow="fold")
    for stage in stages:
        minutes = str(stage.minutes)
        if stage.people_minutes:
            minutes += f"\nand people's {stage.people_minutes}"
        runs = ", then ".join(stage.critical)
        if stage.roles:
            runs += f" as {', '.join(stage.roles)}"
        found.add_row(stage.name, minutes, "\n".join([runs, *stage.gates]))
    return found
