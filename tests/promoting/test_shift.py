"""Traffic goes to a release in steps, by plans of weights alone, and comes back by itself."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from promotion import smoke, traffic
from promotion.errors import Refused
from promotion.shift import Schedule, Shift
from promotion.terraform import TerraformError
from promotion.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promoting.world import World
    from promotion.bundle import Release

ENVIRONMENT = "production"
FUNCTION = f"payments-{ENVIRONMENT}-transaction-gateway"
ALARM = f"{FUNCTION}-errors"
STABLE, NEW = "1", "2"
AT_ONCE = Schedule(weights=(0.05, 0.5), step_seconds=0, bake_seconds=0, poll_seconds=0)


@pytest.fixture(scope="module")
def release(world: World) -> Release:
    """A release that production has, and that gets no traffic yet."""
    first, second = world.release("1.0.0"), world.release("1.1.0")
    for environment in ("integration", ENVIRONMENT):
        world.deploy(environment, first)
    world.deploy("integration", second)
    world.deploy(ENVIRONMENT, second, hold_traffic=True)
    return second


@contextmanager
def shift(world: World, release: Release, **changes: Any) -> Iterator[Shift]:
    with world.stage(ENVIRONMENT, release) as stage:
        planner = stage.root(stage.planner)
        planner.init()
        made = Shift(
            store=stage.store,
            planner=planner,
            deployer=stage.root(stage.deployer),
            account=stage.deployer,
            variables=stage.variables,
            workdir=stage.workdir,
            schedule=AT_ONCE,
            say=print,
            release_digest=release.digest,
        )
        yield replace(made, **changes)


def live(world: World) -> tuple[str, dict[str, float]]:
    return traffic.live(world.client("lambda"), FUNCTION)


def sound(world: World, state: str) -> None:
    world.client("cloudwatch").set_alarm_state(
        AlarmName=ALARM, StateValue=state, StateReason="3 errors of 9 calls"
    )


def written_in_production(world: World, since: float) -> set[str]:
    account = world.accounts[ENVIRONMENT]
    return {call.partition(" ")[0] for call in world.writes(since) if call.endswith(account)}


def nothing_shifted(world: World, release: Release) -> None:
    """Begin a test with a new version that nobody reaches."""
    assert live(world) == (STABLE, {})
    decided = traffic.decided(world.store, ENVIRONMENT)
    assert decided == Traffic(STABLE, 0)
    assert release.version == "1.1.0"


def test_an_alarm_during_a_bake_sends_all_traffic_back(world: World, release: Release) -> None:
    nothing_shifted(world, release)
    seen: list[tuple[str, dict[str, float]]] = []

    def wait(_: float) -> None:
        seen.append(live(world))
        if len(seen) == 2:
            sound(world, "ALARM")

    schedule = Schedule(weights=(0.05,), step_seconds=60, bake_seconds=60, poll_seconds=0.01)
    since = world.aws.calls.mark()
    try:
        with (
            shift(world, release, wait=wait, schedule=schedule) as shifting,
            pytest.raises(Refused) as caught,
        ):
            shifting.run(NEW)
    finally:
        sound(world, "OK")
    assert caught.value.rule == "alarm-during-bake"
    for part in ("at 5%", ALARM, "3 errors of 9 calls", f"version {STABLE}"):
        assert part in caught.value.evidence
    assert "mend it and release again" in caught.value.fix
    assert "whoever is on call" in caught.value.override
    assert written_in_production(world, since) == {
        *("lambda:UpdateAlias", "s3:PutObject", "s3:DeleteObject"),  # weights, state and its lock
        "monitoring:SetAlarmState",  # this test's
    }
    assert set(map(str, seen)) == {str((STABLE, {NEW: 0.05}))}
    nothing_shifted(world, release)
    assert [event["weight"] for event in shifting.events] == [0.05, 0]


def test_nothing_is_shifted_while_an_alarm_sounds(world: World, release: Release) -> None:
    nothing_shifted(world, release)
    sound(world, "ALARM")
    since = world.aws.calls.mark()
    try:
        with shift(world, release) as shifting, pytest.raises(Refused) as caught:
            shifting.run(NEW)
    finally:
        sound(world, "OK")
    assert caught.value.rule == "alarms-quiet"
    assert not [call for call in world.writes(since) if call.startswith("lambda:")]
    nothing_shifted(world, release)


def test_a_plan_of_more_than_weights_is_refused(world: World, release: Release) -> None:
    """The environment runs another release than the one whose root is planned with."""
    nothing_shifted(world, release)
    since = world.aws.calls.mark()
    with shift(world, world.release("1.2.0")) as shifting, pytest.raises(Refused) as caught:
        shifting.run(NEW)
    assert caught.value.rule == "shift-of-weights-only"
    assert "aws_lambda_function.gateway (update)" in caught.value.evidence
    assert not [call for call in world.writes(since) if "payments-production" in call]
    nothing_shifted(world, release)


def test_traffic_goes_back_without_terraform_if_need_be(
    world: World, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state's lock is held when an alarm sounds."""
    nothing_shifted(world, release)

    def sound_and_lock(_: float) -> None:
        sound(world, "ALARM")
        monkeypatch.setattr(shifting.planner.__class__, "plan", locked)

    schedule = Schedule(weights=(0.05,), step_seconds=60, bake_seconds=60, poll_seconds=0.01)
    try:
        with (
            shift(world, release, wait=sound_and_lock, schedule=schedule) as shifting,
            pytest.raises(Refused, match="alarm-during-bake"),
        ):
            shifting.run(NEW)
    finally:
        sound(world, "OK")
        monkeypatch.undo()
    nothing_shifted(world, release)


def locked(*_: Any, **__: Any) -> bool:
    raise TerraformError("the state is locked")


def test_a_killed_shift_goes_on_with_its_step_and_ends(world: World, release: Release) -> None:
    nothing_shifted(world, release)
    with (
        shift(world, release, wait=killed_at(world, 0.5)) as shifting,
        pytest.raises(KeyboardInterrupt),
    ):
        replace(shifting, schedule=replace(AT_ONCE, step_seconds=1)).run(NEW)
    assert live(world) == (STABLE, {NEW: 0.5})

    with shift(world, release) as shifting:
        shifting.run(NEW)
    assert [event["weight"] for event in shifting.events] == [0.5, 1]
    assert live(world) == (NEW, {})
    assert traffic.decided(world.store, ENVIRONMENT) is None

    since = world.aws.calls.mark()
    with shift(world, release) as shifting:
        shifting.run(NEW)
    assert not world.writes(since)


def killed_at(world: World, weight: float) -> Callable[[float], None]:
    def wait(_: float) -> None:
        if weight in live(world)[1].values():
            raise KeyboardInterrupt

    return wait


def test_an_earlier_release_gets_all_traffic_at_once(world: World, release: Release) -> None:
    """What CodePipeline does when it rolls the stage back."""
    assert live(world) == (NEW, {})
    with shift(world, release) as shifting:
        shifting.run(STABLE)
    assert [event["weight"] for event in shifting.events] == [0]
    assert live(world) == (STABLE, {})
    assert world.plan(ENVIRONMENT, release, hold_traffic=True).record.is_empty


def test_what_is_read_back_is_the_traffic_after_it_went_back(
    world: World, release: Release
) -> None:
    assert live(world) == (STABLE, {})
    with world.stage(ENVIRONMENT, world.release("1.0.0")) as stage:
        found = list(smoke.look(stage))
    assert found[0].startswith(f"all traffic reaches version {STABLE} of {FUNCTION}")
    assert found[1] == f"release {release.digest} is applied, and gets none"
    with world.stage(ENVIRONMENT, release) as stage, pytest.raises(Refused) as caught:
        list(smoke.look(stage))
    assert caught.value.rule == "traffic-elsewhere"
