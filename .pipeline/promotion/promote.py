"""Plans with a release in one account, and applies exactly that plan: what most stages do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promotion import gates, history, plans, traffic
from promotion.accounts import PRODUCTION
from promotion.plan_document import changes, counts
from promotion.stage import say
from promotion.traffic import Function, Traffic

if TYPE_CHECKING:
    from promotion.history import Applied
    from promotion.plans import SavedPlan
    from promotion.stage import Stage


def plan(stage: Stage, *, hold_traffic: bool, execution_id: str) -> SavedPlan:
    """Plan as `payments-plan`, keep the signed plan in the store, and return it.

    Args:
        stage: the stage.
        hold_traffic: leave all traffic with the version that serves now, for a shift to move it.
        execution_id: the pipeline's execution.

    Raises:
        Refused: production would be changed in another way than integration was.
    """
    root = stage.root(stage.planner)
    root.init()
    held = None
    if hold_traffic:
        awslambda = stage.planner.client("lambda")
        held = traffic.held(stage.store, awslambda, stage.environment, root.outputs())
    variables = {**stage.variables, "canary": held.canary if held else None}
    file = stage.workdir / "plan"
    has_changes = root.plan(file, variables)
    found = changes(root.show(file), stage.environment, stage.planner.account_id)
    saved = plans.make(
        file.read_bytes(),
        found,
        counts(found),
        is_empty=not has_changes,
        release_digest=stage.release.digest,
        account_id=stage.planner.account_id,
        environment=stage.environment,
        execution_id=execution_id,
        stable_version=held.stable_version if held else None,
    )
    if stage.environment == PRODUCTION:
        gates.check_parity(stage, saved, stage.planner)
        gates.check_versions(stage, stage.planner)
    place = plans.keep(stage.store, saved, stage.plan_key, stage.workdir)
    for line in saved.record.summary:
        say(line)
    say(f"plan {saved.record.plan_sha256} until {saved.record.expires_at}")
    say(f"record {stage.store.address(place)}/{plans.RECORD}")
    return saved


def apply(stage: Stage, plan_sha256: str) -> Applied | None:
    """Apply a plan from the store as `payments-deploy`; None where it was applied before.

    Raises:
        Refused: a rule isn't met; nothing was changed.
    """
    saved = plans.fetch(stage.store, stage.environment, plan_sha256, stage.plan_key, stage.workdir)
    if history.is_applied(stage.store, stage.environment, plan_sha256):
        say(f"plan {plan_sha256} was applied before: nothing is left to do")
        return None
    root = stage.root(stage.deployer)
    gates.before_apply(stage, saved, root)
    file = stage.workdir / "approved-plan"
    file.touch(mode=0o600)
    file.write_bytes(saved.content)
    begun = history.begin(stage.store, saved)
    if not saved.record.is_empty:
        root.apply(file)
    function = Function.of(root.outputs())
    versions = {traffic.FUNCTION: function.newest} if function else {}
    held = _held(saved.record.stable_version, function)
    traffic.decide(stage.store, stage.environment, held, stage.release.digest)
    applied = history.end(stage.store, saved, begun, versions)
    say(f"applied {saved.record.changes} in {applied.seconds:.0f} s")
    return applied


def _held(stable_version: str | None, function: Function | None) -> Traffic | None:
    """Return what a plan decided; nothing where the version that serves is the newest."""
    if stable_version is None or function is None or function.newest == stable_version:
        return None
    return Traffic(stable_version, 0)
