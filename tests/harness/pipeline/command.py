"""`make pipeline`: a release promoted through all accounts, and a bad one that goes back."""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rich.markup import escape

from harness.aws.pipelines import FAILED, SUCCEEDED
from harness.pipeline import description, gates, going_back
from harness.pipeline.assembled import Assembly
from harness.pipeline.deployed import read
from harness.pipeline.errors import PipelineError
from harness.pipeline.people import TwoPeople, read_plan, sign_in
from harness.pipeline.preparation import PIPELINE, TOOLING, WORKLOADS, Preparation
from harness.pipeline.released import released
from harness.pipeline.report import DIGEST_CHARACTERS, Report, digest_of, reasons
from harness.pipeline.served import ServedOnDemand
from harness.pipeline.source import WorkingTree
from harness.pipeline.tools import terraform_tools
from harness.pipeline.warm_terraform import WarmTerraform
from harness.platform import REPOSITORY, Platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from harness.aws.pipelines import Execution
    from harness.pipeline.deployed import Pipeline, Stage
    from harness.pipeline.runner import Runner

PEOPLE = ("alice", "bob")
APPROVER = f"{PIPELINE}-approver"
SHIFT_SECONDS_PER_MINUTE = 5
"""How long a minute of a shift's steps takes here."""
_FIRST_WORKLOAD = WORKLOADS[0]
_BEFORE_ENTRY = "beforeEntry"
"""The moment of a rule that an override is of."""


class _WhenReady(Report):
    """Prints stages, and has the first workload wait until its account is ready."""

    preparation: Preparation

    def began(self, execution: Execution, stage: Stage) -> None:
        """Show which stage runs, once it can."""
        if stage.name == _FIRST_WORKLOAD:
            started = time.monotonic()
            self.preparation.finish()
            waited = time.monotonic() - started
            if waited > 1:
                self.console.print(f"    [dim]{waited:.1f} s until the accounts were ready[/dim]")
        super().began(execution, stage)


def run(console: Console, *, dry_run: bool, budget_minutes: int | None) -> bool:
    """Deploy the pipeline, and promote the checkout with it, or say what that would be.

    Returns:
        Whether all went well: the release stands in every account, or the budget holds.
    """
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="pipeline-", ignore_cleanup_errors=True) as folder,
        Platform(Path(folder) / "platform") as platform,
        Preparation(platform) as preparation,
    ):
        platform.start()
        with console.status("applying the accounts that a pipeline needs, and the pipeline"):
            preparation.deploy_pipeline()
        seconds = time.monotonic() - started
        pipeline = read(platform.aws.session(platform.accounts[TOOLING]), PIPELINE)
        console.print(
            f"Pipeline [bold]{pipeline.name}[/bold] version {pipeline.version}, read back from the "
            f"embedded AWS; deployed in {seconds:.1f} s\n"
        )
        is_good = _is_guarded(pipeline, console)
        if dry_run:
            preparation.finish()
            return _described(pipeline, budget_minutes, console) and is_good
        if not is_good:
            return False
        with (
            WarmTerraform(platform.terraform, Path(folder) / "terraform.sock") as lent,
            (Path(folder) / "edge.log").open("w", encoding="utf-8") as messages,
            ServedOnDemand(platform, messages) as served,
        ):
            tools = {
                "API_LOCATOR": served.address,
                "SHIFT_SECONDS_PER_MINUTE": str(SHIFT_SECONDS_PER_MINUTE),
            }
            is_good = _promoted(platform, preparation, lent, tools, messages, Path(folder), console)
        total = time.monotonic() - started
        console.print(f"\n{total / 60:.1f} minutes in all, seen on the embedded AWS")
        return is_good


def _is_guarded(pipeline: Pipeline, console: Console) -> bool:
    missing = gates.missing(pipeline)
    for each in missing:
        console.print(f"[red]✗[/red] {escape(each)}")
    return not missing


def _described(pipeline: Pipeline, promised: int | None, console: Console) -> bool:
    stages = description.describe(pipeline)
    console.print(description.table(stages))
    path = ", ".join(f"{each.name} {each.minutes}" for each in stages if each.minutes)
    console.print(f"Critical path, in minutes at most: {path}")
    found = description.budget(pipeline, promised)
    limit = "no budget is promised" if found.promised is None else f"{found.promised} are promised"
    console.print(f"All stages may take {found.minutes} minutes without people's; {limit}")
    for overrun in found.overruns:
        console.print(f"[red]✗[/red] {escape(overrun)}")
    return not found.overruns


def _promoted(
    platform: Platform,
    preparation: Preparation,
    lent: WarmTerraform,
    more_tools: Mapping[str, str],
    messages: IO[str],
    folder: Path,
    console: Console,
) -> bool:
    tooling = platform.accounts[TOOLING]
    source = WorkingTree(REPOSITORY)
    if not source.is_clean:
        console.print(
            "[yellow]The checkout isn't as committed: what is promoted is its files.[/yellow]"
        )
    report = _WhenReady(console)
    report.preparation = preparation
    tools, path = terraform_tools(platform.terraform, folder / "tools", lent.address)
    assembly = Assembly(
        aws=platform.aws,
        account_id=tooling,
        workdir=folder / "builds",
        source=source,
        approvers=TwoPeople(
            PEOPLE, lambda name: sign_in(platform.aws, tooling, name, APPROVER), read_plan
        ),
        tools={**tools, **more_tools},
        path=path,
        listener=report,
        on_line=report.line,
    )
    runner = assembly.runner(PIPELINE)
    with _stopped_gently(assembly, console):
        started = time.monotonic()
        execution = _run_with_overrides(runner, runner.start(), assembly, preparation, console)
        if execution.status != SUCCEEDED:
            _explain(runner, execution, console)
            return False
        if not _stands_everywhere(platform, preparation, execution, console):
            return False
        took = (time.monotonic() - started) / 60
        console.print(f"{took:.1f} minutes through four accounts, the pipeline's own apart")
        return going_back.shown(platform, assembly, PIPELINE, messages, console)


def _run_with_overrides(
    runner: Runner,
    execution_id: str,
    assembly: Assembly,
    preparation: Preparation,
    console: Console,
) -> Execution:
    """Run an execution; before its first release an account has no alarms to be quiet.

    The operator overrides exactly that, as on AWS, and it is said.
    """
    execution = runner.run(execution_id)
    while execution.status == FAILED and (stage := asks_for_missing_alarm(execution)):
        production = {"production": preparation.workloads["production"]}
        if released(assembly.aws, production)[0].digest is not None:
            break
        console.print(
            f"    [yellow]overridden by the operator: production has no release yet, and so no "
            f"alarm to look at before {stage}[/yellow]"
        )
        session = assembly.aws.session(assembly.account_id)
        session.client("codepipeline").override_stage_condition(
            pipelineName=execution.pipeline_name,
            stageName=stage,
            pipelineExecutionId=execution_id,
            conditionType="BEFORE_ENTRY",
        )
        execution = runner.run(execution_id)
    return execution


def asks_for_missing_alarm(execution: Execution) -> str | None:
    """Return the stage that failed for nothing but alarms that don't exist.

    Once that is overridden, a stage fails for another reason, and what its rule said is history.
    """
    failed = next((name for name, status in execution.stages.items() if status == FAILED), None)
    if (failed, _BEFORE_ENTRY) in execution.overridden:
        return None
    rules = [rule for rule in execution.rules if rule.stage == failed and rule.status == FAILED]
    missing = [rule for rule in rules if rule.summary.startswith("there is no alarm")]
    return failed if rules and missing == rules else None


def _stands_everywhere(
    platform: Platform, preparation: Preparation, execution: Execution, console: Console
) -> bool:
    digest = digest_of(execution)
    is_good = digest is not None
    console.print("\nThe release that each account says it runs:")
    for each in released(platform.aws, preparation.workloads):
        same = each.digest is not None and each.digest == digest
        is_good = is_good and same
        mark = "[green]✓[/green]" if same else "[red]✗[/red]"
        told = each.digest[:DIGEST_CHARACTERS] if each.digest else "none"
        console.print(f"{mark} {each.environment:<14}{each.account_id}  {told}")
    return is_good


def _explain(runner: Runner, execution: Execution, console: Console) -> None:
    for line in reasons(execution, runner.actions.builds):
        console.print(escape(line))
    console.print(
        "On AWS: mend it, then `aws codepipeline retry-stage-execution --retry-mode FAILED_ACTIONS`"
        f" --pipeline-name {execution.pipeline_name} --pipeline-execution-id "
        f"{execution.pipeline_execution_id} --stage-name <stage>; here: run `make pipeline` again."
    )


@contextmanager
def _stopped_gently(assembly: Assembly, console: Console) -> Iterator[None]:
    """Have Ctrl-C end the build that runs, Terraform included, and the execution with it."""

    def stop(_number: int, _frame: object) -> None:
        if not assembly.stopping.is_set():
            console.print("Stopping: the stage under way ends first.")
        assembly.stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if assembly.stopping.is_set():
        raise PipelineError("it was stopped; the embedded AWS, and all that was applied, is gone")
