"""What has to be true before a plan is applied. Nothing is written before all of it is known."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from promotion import alarms, api_versions, approvals, history, parity, plans, releases, usage
from promotion.accounts import PRODUCTION, client, home, wrong_account
from promotion.errors import Refused
from promotion.may_differ import MayDiffer
from promotion.settings import required
from promotion.stage import ENVIRONMENTS

if TYPE_CHECKING:
    from promotion.accounts import Entered
    from promotion.plans import SavedPlan
    from promotion.stage import Stage
    from promotion.terraform import Root

INTEGRATION = "integration"
UNUSED_DAYS = 30
"""How long no merchant called a version before it may end."""


def before_apply(stage: Stage, saved: SavedPlan, root: Root) -> None:
    """Ask everything again, with what is there now.

    The plan was compared with its signed record, and the release with its signature, when they were
    read.

    Raises:
        Refused: by the first rule that isn't met.
    """
    record = saved.record
    account = stage.organization.account_of(stage.environment)
    if record.account_id != account:
        raise wrong_account(
            f"the plan is of account {record.account_id}, {stage.environment} is {account}"
        )
    if record.release_digest != stage.release.digest:
        raise Refused(
            rule="plan-of-another-release",
            evidence=f"the plan was made with release {record.release_digest}, promoted is "
            f"{stage.release.digest}",
            fix=plans.AGAIN,
            override="nobody",
        )
    plans.check_age(record)
    if record.environment == PRODUCTION:
        if not record.is_empty:
            check_approvals(record.plan_sha256, stage.release.manifest["author"])
        check_parity(stage, saved, stage.deployer)
        check_versions(stage, stage.deployer)
        alarms.check_quiet(stage.deployer.client("cloudwatch"), stage.environment)
    begun = history.begun_at(stage.store, record.environment, record.plan_sha256)
    root.init()
    plans.check_state(record, root.state(), begun_at=begun)


def check_approvals(plan_sha256: str, author: str) -> list[approvals.Approval]:
    """Read the approvals of this execution and refuse those that don't count; returns them.

    Raises:
        Refused: two people other than the author didn't approve this plan.
    """
    actions = approvals.actions_of(
        client(home(), "codepipeline"),
        required("PIPELINE_NAME"),
        required("PIPELINE_EXECUTION_ID"),
    )
    found = approvals.read(actions)
    told = {author.strip().lower(), os.environ.get("SOURCE_AUTHOR", "").strip().lower()}
    approvals.check(found, approvals.authors_of(actions) | told - {""}, plan_sha256)
    return found


def check_parity(stage: Stage, saved: SavedPlan, entered: Entered) -> None:
    """Refuse what integration hasn't gone through since production's release.

    Raises:
        Refused: says what differs.
    """
    running = releases.running(entered.client("ssm"))
    applied = history.since(history.applies(stage.store, INTEGRATION), running)
    tried = parity.merged(item.changes for item in applied)
    listed = MayDiffer.load(stage.laid_out / ENVIRONMENTS / "differences.toml")
    parity.check(saved.changes, tried, parity.read_exceptions(), listed)


def check_versions(stage: Stage, entered: Entered) -> None:
    """Refuse to end a version of an API that merchants still call.

    One that is gone already answers those who call it with where to go; until nobody does, it isn't
    retired.

    Raises:
        Refused: names the merchants.
    """
    wanted = api_versions.of_folder(stage.laid_out)
    ending = {
        path: version
        for path, version in wanted.items()
        if version.state in (api_versions.SUNSET, api_versions.RETIRED)
    }
    if not ending:
        return
    found = usage.report(entered.client, stage.environment, UNUSED_DAYS)
    for path in sorted(ending.keys() & found.keys()):
        is_to_go = ending[path].state == api_versions.RETIRED
        if is_to_go or not found[path].is_gone:
            usage.check_unused(
                found[path],
                UNUSED_DAYS,
                ends_for=ending[path].ends_for,
                what="go" if is_to_go else "answer with 410",
            )
