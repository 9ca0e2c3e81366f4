"""A bad release, promoted while merchants pay: the canary fails, and traffic goes back by itself.

The second act of `make pipeline`. Everything is as in the first, but the source; payments are
signed, and reach production's deployed gateway by HTTP.
"""

from __future__ import annotations

import math
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from rich.markup import escape

from harness.aws.pipelines import FAILED, SUCCEEDED
from harness.pipeline.bad_release import BadRelease
from harness.pipeline.report import Report
from harness.under_way import PaymentsUnderWay, calls_while_split, followed, most_by_chance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from harness.aws.pipelines import Execution
    from harness.pipeline.assembled import Assembly
    from harness.pipeline.deployed import Stage
    from harness.pipeline.runner import Runner
    from harness.platform import Platform

DEPLOYS, SHIFTS = "prod-deploy", "prod-shift"
FUNCTION = "transaction_gateway"
_AFTERWARDS_SECONDS = 6.0
_EXAMPLES = 5
_EVIDENCE = re.compile(r"at (\d+)%: .*all traffic is back at version (\d+)")


@dataclass(frozen=True)
class Seen:
    """What merchants, the acquirer and CloudWatch saw; counts of payments, and of calls.

    Attributes:
        sent: payments while the release was deployed, tried out and sent back.
        paid: those that were authorized; the others were declined, or lost.
        failed: those that weren't answered at first.
        lost: those that weren't answered however often they were repeated.
        late: those that failed after traffic was back.
        charged: what the acquirer booked of them.
        share: the canary's, from 0 to 1.
        split: calls while traffic was split.
        canary: those of them that the new version got.
        canary_errors: those of them that it failed.
        refused: whether an alarm ended the shift.
        is_back: whether the alias sends everything to the version before.
    """

    sent: int
    paid: int
    failed: int
    lost: int
    late: int
    charged: int
    share: float
    split: int
    canary: int
    canary_errors: int
    refused: bool
    is_back: bool

    @property
    def most(self) -> int:
        """How many calls the canary may get of those that were split."""
        return most_by_chance(self.share, self.split)

    def wrong(self) -> Iterator[str]:
        """Say what isn't as promised."""
        if not self.refused:
            yield "the shift wasn't ended by an alarm"
        if not self.is_back:
            yield "traffic isn't back at the version before"
        if self.canary_errors == 0:
            yield "the bad release failed nothing, so that nothing is shown"
        if self.failed > self.canary_errors:
            yield f"{self.failed} payments failed, of which the canary failed {self.canary_errors}"
        if self.canary > self.most:
            yield f"the canary got {self.canary} of {self.split} calls, over {self.share:.0%}"
        if self.late:
            yield f"{self.late} payments failed after traffic was back"
        if self.lost:
            yield f"{self.lost} payments stayed without answer"
        if self.charged != self.paid:
            yield f"{self.paid} payments were charged {self.charged} times"


def shown(
    platform: Platform, assembly: Assembly, pipeline: str, messages: IO[str], console: Console
) -> bool:
    """Promote the bad release, and tell what merchants saw of it; whether all was as promised."""
    console.print(
        "\nA bad release, while merchants pay: in production it charges, and doesn't answer."
    )
    with platform.beside("production", messages=messages) as production, ExitStack() as opened:
        production.adopt_environment()
        production.serve()
        payments = PaymentsUnderWay(production.merchant(production.merchant_ids[0]))
        booked = 0

        def begin() -> None:
            nonlocal booked
            # The stages before have paid, too.
            booked = len(production.acquirer.charges())
            opened.enter_context(followed(production))
            opened.enter_context(payments)

        report = _PaidMeanwhile(console, begin=begin)
        runner = replace(
            assembly, source=BadRelease(assembly.source), listener=report, on_line=report.line
        ).runner(pipeline)
        before = _version(production)
        execution = runner.run(runner.start())
        back_at = report.back_at
        time.sleep(_AFTERWARDS_SECONDS)
        opened.close()
        charged = len(production.acquirer.charges()) - booked
        seen = _seen(production, payments, execution, runner, back_at, before, charged)
        is_good = _told(seen, console)
        for each in [*payments.failed, *payments.declined][: 0 if is_good else _EXAMPLES]:
            console.print(f"    {escape(' | '.join([*each.failures[:2], each.declined or '']))}")
        return is_good


@dataclass
class _PaidMeanwhile(Report):
    """Prints stages, and has merchants pay from the deployment on."""

    begin: Callable[[], None] = lambda: None
    back_at: float = math.inf

    def began(self, execution: Execution, stage: Stage) -> None:
        """Begin to pay, where production is touched."""
        if stage.name == DEPLOYS:
            self.begin()
        super().began(execution, stage)

    def ended(self, execution: Execution, stage: Stage, seconds: float) -> None:
        """Note when traffic was back."""
        if stage.name == SHIFTS and math.isinf(self.back_at):
            self.back_at = time.monotonic()
        super().ended(execution, stage, seconds)


def _seen(
    production: Platform,
    payments: PaymentsUnderWay,
    execution: Execution,
    runner: Runner,
    back_at: float,
    before: str,
    charged: int,
) -> Seen:
    said = _said(execution, runner)
    found = _EVIDENCE.search(said)
    newest = str(production.environment.outputs()["functions"][FUNCTION]["version"])
    canary = calls_while_split(production, newest)
    return Seen(
        sent=len(payments.payments),
        paid=len(payments.paid),
        failed=len(payments.failed),
        lost=len(payments.lost),
        late=sum(bool(payment.failures) for payment in payments.since(back_at)),
        charged=charged,
        share=int(found[1]) / 100 if found else 0,
        split=canary.invoked + calls_while_split(production, before).invoked,
        canary=canary.invoked,
        canary_errors=canary.errors,
        refused=execution.stages.get(SHIFTS) == FAILED and "alarm-during-bake" in said,
        is_back=_version(production) == before,
    )


def _said(execution: Execution, runner: Runner) -> str:
    runs = (run for run in execution.actions if run.stage == SHIFTS and run.status != SUCCEEDED)
    return " ".join(" ".join(runner.actions.builds[run.id].lines) for run in runs)


def _version(production: Platform) -> str:
    """Return the one version that serves; empty while traffic is split."""
    name = production.outputs["functions"][FUNCTION]["name"]
    awslambda = production.aws.client("lambda", production.account_id)
    alias = awslambda.get_alias(FunctionName=name, Name="live")
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights")
    return "" if weights else alias["FunctionVersion"]


def _told(seen: Seen, console: Console) -> bool:
    wrong = list(seen.wrong())
    mark = "[red]✗[/red]" if wrong else "[green]✓[/green]"
    console.print(
        f"{mark} {seen.sent} payments meanwhile: {seen.failed} weren't answered at first, "
        f"{seen.failed - seen.lost} of them when repeated; {seen.paid} were authorized, and "
        f"charged {seen.charged} times"
    )
    console.print(
        f"    [dim]of {seen.split} calls while traffic was split, the canary at {seen.share:.0%} "
        f"got {seen.canary} and failed {seen.canary_errors}; after it went back {seen.late} "
        "failed[/dim]"
    )
    for each in wrong:
        console.print(f"[red]✗[/red] {escape(each)}")
    return not wrong
