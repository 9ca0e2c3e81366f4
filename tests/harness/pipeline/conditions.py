"""Stage conditions: windows, alarms and variables that open a stage, close it or send it back."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.aws.pipelines import FAILED, SUCCEEDED
from harness.pipeline.errors import ActionFailedError, PipelineError
from harness.pipeline.sessions import PIPELINES
from harness.pipeline.variables import resolve_all
from harness.pipeline.windows import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3

    from harness.pipeline.clock import Clock
    from harness.pipeline.deployed import Condition, Pipeline, Rule
    from harness.pipeline.sessions import ServiceSessions

_OPERATORS = {
    "EQ": lambda variable, value: variable == value,
    "NE": lambda variable, value: variable != value,
}


@dataclass(frozen=True)
class Verdict:
    """What a rule said."""

    rule: Rule
    resolved: Mapping[str, str]
    passed: bool
    summary: str
    started_at: float

    @property
    def status(self) -> str:
        """As CodePipeline calls it."""
        return SUCCEEDED if self.passed else FAILED


class Judge:
    """Evaluates the rules of conditions.

    Args:
        sessions: a rule without a role of its own looks through the pipeline's eyes.
        clock: the pipeline's time.
        pipeline: whose conditions they are.
    """

    def __init__(self, sessions: ServiceSessions, clock: Clock, pipeline: Pipeline) -> None:
        self._sessions = sessions
        self._clock = clock
        self._pipeline = pipeline

    def judge(self, condition: Condition, known: Mapping[str, Mapping[str, str]]) -> list[Verdict]:
        """Evaluate a condition's rules; it is met when all of them passed.

        Raises:
            PipelineError: a rule is of a kind that isn't known here.
        """
        return [self._verdict(rule, known) for rule in condition.rules]

    def _verdict(self, rule: Rule, known: Mapping[str, Mapping[str, str]]) -> Verdict:
        started = time.time()
        try:
            resolved = resolve_all(rule.configuration, known)
        except ActionFailedError as error:
            return Verdict(rule, dict(rule.configuration), False, str(error), started)
        match rule.provider:
            case "DeploymentWindow":
                passed, summary = self._window(rule, resolved)
            case "CloudWatchAlarm":
                passed, summary = self._alarm(rule, resolved)
            case "VariableCheck":
                passed, summary = _variable(resolved)
            case other:
                raise PipelineError(f"The rule {rule.name} is a {other}, which isn't known here")
        return Verdict(rule, resolved, passed, summary, started)

    def _window(self, rule: Rule, resolved: Mapping[str, str]) -> tuple[bool, str]:
        """CodePipeline waits for the window to open, as long as the rule's timeout lets it."""
        window = Window(resolved["Cron"], resolved.get("TimeZone", "UTC"))
        now = self._clock.now()
        opens = window.opens(now)
        limit = rule.timeout_minutes
        if limit is not None and opens - now > datetime.timedelta(minutes=limit):
            return False, f"the window {window.cron} opens {_moment(opens)}, after the rule's end"
        waited = self._clock.skip_to(opens)
        if not waited:
            return True, f"the window {window.cron} is open"
        return True, f"as if {_moment(opens)}, when the window {window.cron} opens"

    def _alarm(self, rule: Rule, resolved: Mapping[str, str]) -> tuple[bool, str]:
        name = resolved["AlarmName"]
        states = [each.strip() for each in resolved.get("AlarmStates", "ALARM").split(",")]
        told = (
            self._session(rule)
            .client("cloudwatch")
            .describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        )
        found = [*told["MetricAlarms"], *told["CompositeAlarms"]]
        if not found:
            return False, f"there is no alarm {name}"
        state = found[0]["StateValue"]
        return state not in states, f"the alarm {name} is {state}"

    def _session(self, rule: Rule) -> boto3.Session:
        """Enter as the pipeline's role, and from there as the rule's, which may be elsewhere."""
        pipeline = self._pipeline
        session = self._sessions.of(PIPELINES, pipeline.role_arn, pipeline.arn, pipeline.name)
        if rule.role_arn in (None, pipeline.role_arn):
            return session
        return self._sessions.chained(session, rule.role_arn, pipeline.name)


def _variable(resolved: Mapping[str, str]) -> tuple[bool, str]:
    variable, value = resolved["Variable"], resolved["Value"]
    operator = resolved.get("Operator", "EQ")
    decide = _OPERATORS.get(operator)
    if decide is None:
        raise PipelineError(f"The operator {operator} of a VariableCheck isn't known here")
    return decide(variable, value), f"{variable!r} {operator} {value!r}"


def _moment(moment: datetime.datetime) -> str:
    return f"{moment.astimezone(datetime.UTC):%a %Y-%m-%d %H:%M} UTC"
