"""`make demo`: dev applied, a merchant's day paid, the books reconciled, dev destroyed."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.console import Steps
from harness.demo import books
from harness.demo.play import play
from harness.demo.reconciliation import positions_of_file, reconcile
from harness.platform import Platform
from harness.terraform import ProgressKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from harness.console import Step
    from harness.demo.merchant_day import Row
    from harness.demo.play import Answer
    from harness.demo.reconciliation import Reconciliation
    from harness.platform import MerchantAccess
    from harness.terraform import ApplyResult, Plan, Progress

STEPS = 7
CONCURRENCY = 16
# The simulator answers from the first sweep on, so a payment that needs more is stuck.
MAX_SWEEPS = 5
_MODULE = re.compile(r"module\.(\w+)")


class DemoError(Exception):
    """The demo can't go on."""


@dataclass(frozen=True)
class Day:
    """What came of the merchant's day."""

    merchant_id: str
    answers: Sequence[Answer]
    seconds: float

    @property
    def sent(self) -> int:
        """Requests that the merchant sent, those that were throttled and sent again included."""
        return sum(answer.attempts for answer in self.answers)

    @property
    def surprises(self) -> list[Answer]:
        """Answers whose outcome isn't what the file expected."""
        return [answer for answer in self.answers if answer.surprising]


@dataclass(frozen=True)
class Report:
    """Everything that the summary says."""

    resources: Counter[str]
    """Resources of dev by the module that holds them."""
    second_plan: Plan
    day: Day
    payments: Sequence[Mapping[str, Any]]
    """The merchant's payments as the API listed them at the end of the day."""
    swept: int
    """Payments that were unresolved until the sweeper asked the acquirer again."""
    reconciliation: Reconciliation
    log_lines: int
    destroyed: ApplyResult

    @property
    def failures(self) -> list[str]:
        """What isn't as it should be, each with what to look at; empty when all is well."""
        failures = []
        if not self.second_plan.is_empty:
            failures.append(f"the second plan isn't empty:\n{self.second_plan}")
        failures += [
            f"line {answer.row.line}: {answer.row.operation} {answer.row.payment} came to "
            f"{answer.outcome!r}, and the file expects {answer.row.expect!r}"
            for answer in self.day.surprises
        ]
        failures += map(str, self.reconciliation.disagreements)
        failures += [
            f"the ledger's postings in {currency} sum to {amount}, not 0"
            for currency, amount in self.reconciliation.ledger_sums.items()
            if amount
        ]
        if self.log_lines != self.day.sent:
            failures.append(f"{self.day.sent} requests were sent and {self.log_lines} logged")
        return failures


class Made:
    """Counts what an apply makes, by the module that it stands in, and shows its progress."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self.by_module: Counter[str] = Counter()

    def follow(self, progress: Progress) -> None:
        """Take one step of the apply."""
        self._step.terraform(progress)
        if progress.kind is ProgressKind.DONE:
            self.by_module[_MODULE.findall(progress.address)[-1]] += 1


def run(rows: Sequence[Row], workdir: Path, console: Console) -> Report:
    """Run the demo, showing its progress on `console`.

    Raises:
        DemoError: when payments stay unresolved.
        harness.terraform.TerraformError: when Terraform fails.
    """
    steps = Steps(console, STEPS)
    with Platform(workdir) as platform:
        with steps.step("start the embedded AWS and the acquirer") as step:
            platform.start()
            cli = platform.terraform.cli
            step.done(f"Terraform {cli.version}, found by {cli.origin}")
        with steps.step("terraform apply environments/bootstrap") as step:
            applied = platform.apply_bootstrap(step.terraform)
            step.done(f"{applied.counts.add} resources")
        with steps.step("terraform apply environments/dev") as step:
            made = Made(step)
            applied = platform.apply_environment(made.follow)
            step.done(f"{applied.counts.add} resources")
        with steps.step("terraform plan again") as step:
            second_plan = platform.environment.plan(progress=step.terraform)
            step.done("no changes" if second_plan.is_empty else "changes")
        with steps.step("pay a merchant's day through the deployed API") as step:
            platform.serve()
            access = platform.merchant(platform.merchant_ids[0])
            day = asyncio.run(_pay(rows, access, step))
            step.done(f"{len(rows)} requests")
        with steps.step("reconcile the books") as step:
            swept = _sweep(platform, step)
            payments = asyncio.run(_listed(access))
            reconciliation = _reconcile(platform, day, payments)
            log_lines = _access_log_lines(platform)
            step.done(f"{len(payments)} payments")
        with steps.step("terraform destroy environments/dev") as step:
            platform.edge.close()
            destroyed = platform.environment.destroy(progress=step.terraform)
            step.done(f"{destroyed.counts.remove} resources")
    return Report(
        made.by_module, second_plan, day, payments, swept, reconciliation, log_lines, destroyed
    )


async def _pay(rows: Sequence[Row], access: MerchantAccess, step: Step) -> Day:
    done = 0

    def count(_: Answer) -> None:
        nonlocal done
        done += 1
        step.update(f"{done}/{len(rows)} requests")

    started = time.monotonic()
    async with access.client() as client:
        answers = await play(rows, client, concurrency=CONCURRENCY, on_answer=count)
    return Day(access.merchant_id, answers, time.monotonic() - started)


def _sweep(platform: Platform, step: Step) -> int:
    """Run the deployed schedule until no payment is open; return how many it settled.

    Raises:
        DemoError: when the sweeper can't settle a payment.
    """
    platform.acquirer.deliver_late()
    settled = 0
    for sweep in range(1, MAX_SWEEPS + 1):
        result = platform.sweep()
        settled += result["resolved"]
        step.update(f"sweep {sweep}: {settled} payments settled")
        if not any(result[rest] for rest in ("unknown", "raced", "failed", "left")):
            return settled
    raise DemoError(f"payments stay open after {MAX_SWEEPS} sweeps: {result}")


async def _listed(access: MerchantAccess) -> list[Mapping[str, Any]]:
    async with access.client() as client:
        return await books.listed_payments(client)


def _reconcile(
    platform: Platform, day: Day, payments: Sequence[Mapping[str, Any]]
) -> Reconciliation:
    stored = books.stored_payments(
        platform.aws.client("dynamodb", platform.account_id),
        platform.outputs["tables"]["transactions"]["name"],
        day.merchant_id,
    )
    return reconcile(
        {
            "file": positions_of_file(day.answers),
            "payments": books.positions_of_payments(payments),
            "ledger": books.positions_of_ledger(stored),
            "acquirer": books.positions_of_acquirer(
                platform.acquirer.settlement(), day.merchant_id
            ),
        },
        books.ledger_sums(stored),
    )


def _access_log_lines(platform: Platform) -> int:
    """Count the lines of payments' requests in the deployed access log."""
    platform.edge.flush_logs()
    pages = (
        platform.aws.client("logs", platform.account_id)
        .get_paginator("filter_log_events")
        .paginate(logGroupName=platform.outputs["apis"]["payments"]["access_log_group"])
    )
    return sum(
        json.loads(event["message"])["http_method"] == "POST"
        for page in pages
        for event in page["events"]
    )
