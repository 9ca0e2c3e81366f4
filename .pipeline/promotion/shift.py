"""Moves traffic to a release in steps, watches the alarms at each, and goes back by itself.

Terraform owns the alias and its weights: each step is a plan that may change alias weights and
nothing else. The same call makes traffic match a release again, whatever was done before: after a
kill it goes on with the step that it was in, and for an earlier release it sends all traffic there
at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promotion import alarms, history, traffic
from promotion.errors import Refused
from promotion.plan_document import touched
from promotion.terraform import TerraformError
from promotion.traffic import ALIAS_TYPE, WEIGHTS, Function, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from promotion.accounts import Entered
    from promotion.store import Store
    from promotion.terraform import Root

_NOTHING = (["no-op"], ["read"])


@dataclass(frozen=True)
class Schedule:
    """The shares below all of it, and how long each is watched, in seconds."""

    weights: tuple[float, ...]
    step_seconds: float
    bake_seconds: float
    poll_seconds: float = 10

    @classmethod
    def of(cls, document: Mapping[str, Any], seconds_per_minute: float = 60) -> Schedule:
        """Read `weights_percent`, `step_minutes` and `bake_minutes` of modules/delivery."""
        return cls(
            tuple(percent / 100 for percent in document["weights_percent"] if percent < 100),
            document["step_minutes"] * seconds_per_minute,
            document["bake_minutes"] * seconds_per_minute,
            max(0.2, 10 * seconds_per_minute / 60),
        )


@dataclass
class Shift:
    """One environment's traffic.

    Args:
        store: where decisions are kept.
        planner: the root as `payments-plan`.
        deployer: the same root as `payments-deploy`.
        account: the environment's account, entered as `payments-deploy`.
        variables: variables of the root other than `canary`.
        workdir: for plans.
        say: called with a line about what happens.
    """

    store: Store
    planner: Root
    deployer: Root
    account: Entered
    variables: Mapping[str, Any]
    workdir: Path
    schedule: Schedule
    say: Callable[[str], None]
    release_digest: str
    wait: Callable[[float], None] = time.sleep
    events: list[dict[str, Any]] = field(default_factory=list)

    def run(self, version: str) -> None:
        """Make all traffic reach `version`.

        Raises:
            Refused: an alarm sounded, and traffic is back at the stable version; or nothing was
                changed since something else is in the way.
        """
        function = self._function()
        if version != function.newest:
            self._back_to(version, "an earlier release was asked for")
            return
        before = traffic.decided(self.store, self.account.environment)
        if before is None:
            self.say(f"all traffic reaches version {version} of {function.name} already")
            return
        if before.stable_version == version:
            self._finish(version)
            return
        cloudwatch = self.account.client("cloudwatch")
        alarms.check_watched(cloudwatch, self.account.environment)
        if before.weight == 0:
            alarms.check_quiet(cloudwatch, self.account.environment)
        for weight in self.schedule.weights:
            if weight >= before.weight:
                self._step(Traffic(before.stable_version, weight), self.schedule.step_seconds)
        self._step(Traffic(before.stable_version, 1), self.schedule.bake_seconds)
        self._finish(version)

    def _step(self, wanted: Traffic, seconds: float) -> None:
        """Split traffic, and watch the alarms for a while."""
        try:
            self._split(wanted)
            self._watch(wanted, seconds)
        except _AlarmSounded as sounded:
            raise self._went_back(wanted, str(sounded)) from None
        except Exception as error:
            # Nobody watches from here on, so nothing may be left half-way.
            now = traffic.decided(self.store, self.account.environment)
            if now and now.weight > 0:
                self._back_to(wanted.stable_version, f"at {wanted.weight:.0%}: {error}")
            raise

    def _watch(self, wanted: Traffic, seconds: float) -> None:
        cloudwatch = self.account.client("cloudwatch")
        begun = time.monotonic()
        while True:
            if loud := alarms.sounding(cloudwatch, self.account.environment):
                raise _AlarmSounded(", ".join(map(str, loud)))
            left = seconds - (time.monotonic() - begun)
            if left <= 0:
                break
            self.wait(min(left, self.schedule.poll_seconds))
        self.say(f"{wanted.weight:.0%}: no alarm in {seconds:.0f} s")

    def _went_back(self, wanted: Traffic, evidence: str) -> Refused:
        begun = time.monotonic()
        self._back_to(wanted.stable_version, evidence)
        took = time.monotonic() - begun
        return Refused(
            rule="alarm-during-bake",
            evidence=f"at {wanted.weight:.0%}: {evidence}; all traffic is back at version "
            f"{wanted.stable_version}, {took:.0f} s after it was noticed",
            fix="the release stays applied and gets no traffic; mend it and release again",
            override="whoever is on call, by retrying prod-shift once the alarm is known to have "
            "another cause and is quiet",
        )

    def _back_to(self, version: str, reason: str) -> None:
        """Send all traffic to a version that isn't the newest; whatever it takes."""
        back = Traffic(version, 0)
        self.say(f"going back to version {version}: {reason}")
        try:
            self._split(back)
        except (Refused, TerraformError) as error:
            # Payments come first: the same setting, which Terraform finds when it works again.
            self.say(f"Terraform can't: {error}; telling Lambda itself")
            self._tell_lambda(version)
            traffic.decide(self.store, self.account.environment, back, self.release_digest)

    def _finish(self, version: str) -> None:
        traffic.decide(self.store, self.account.environment, None, self.release_digest)
        self.say(f"all traffic reaches version {version}")

    def _split(self, wanted: Traffic) -> None:
        """Have Terraform set the weights, and nothing else."""
        # Hand-made changes elsewhere are none of a shift, and going back may not wait for reads.
        # What was changed at the alias itself, by us in need or by anybody, takes a look.
        if not (self._planned(wanted, refresh=False) or self._planned(wanted, refresh=True)):
            raise TerraformError(
                f"the alias {traffic.ALIAS} is {self._live()} and should be {wanted}: "
                "somebody else changes it"
            )
        self.events.append({"at": history.now(), **_told(wanted)})
        self.say(str(wanted))

    def _planned(self, wanted: Traffic, *, refresh: bool) -> bool:
        """Plan and apply; tells whether Lambda then does what is wanted."""
        plan = self.workdir / "weights.plan"
        variables = {**self.variables, "canary": wanted.canary}
        changes = self.planner.plan(plan, variables, refresh=refresh)
        if changes:
            check_weights_only(self.planner.show(plan))
        # Before it is done: a kill in between is taken up from here.
        traffic.decide(self.store, self.account.environment, wanted, self.release_digest)
        if changes:
            self.deployer.apply(plan)
        return self._live() == self._expected(wanted)

    def _live(self) -> tuple[str, dict[str, float]]:
        return traffic.live(self.account.client("lambda"), self._function().name)

    def _expected(self, wanted: Traffic) -> tuple[str, dict[str, float]]:
        newest = self._function().newest
        if wanted.weight >= 1:
            return newest, {}
        return wanted.stable_version, {newest: wanted.weight} if wanted.weight else {}

    def _tell_lambda(self, version: str) -> None:
        self.account.client("lambda").update_alias(
            FunctionName=self._function().name,
            Name=traffic.ALIAS,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": {}},
        )

    def _function(self) -> Function:
        function = Function.of(self.planner.outputs())
        if function is None:
            raise Refused(
                rule="shift-nothing-deployed",
                evidence=f"{self.account.environment} has no function {traffic.FUNCTION}",
                fix="deploy the release first",
                override="nobody",
            )
        return function


class _AlarmSounded(Exception):  # noqa: N818 - what happened, and no defect
    """An alarm sounded while a weight was watched."""


def check_weights_only(document: Mapping[str, Any]) -> None:
    """Refuse a plan that changes anything but where aliases send traffic.

    Raises:
        Refused: names what else would change.
    """
    if others := list(_other_changes(document)):
        raise Refused(
            rule="shift-of-weights-only",
            evidence="the plan would also change " + ", ".join(others),
            fix="promote these changes as a release; a shift runs with the release that is applied",
            override="nobody",
        )


def _other_changes(document: Mapping[str, Any]) -> Sequence[str]:
    found = []
    for item in document.get("resource_changes") or ():
        change = item["change"]
        if change["actions"] in _NOTHING:
            continue
        rest = set(touched(change)) - WEIGHTS
        if item["type"] != ALIAS_TYPE or change["actions"] != ["update"]:
            found.append(f"{item['address']} ({'/'.join(change['actions'])})")
        elif rest:
            found.append(f"{item['address']} ({', '.join(sorted(rest))})")
    return found


def _told(wanted: Traffic) -> dict[str, Any]:
    return {"stable_version": wanted.stable_version, "weight": wanted.weight}
