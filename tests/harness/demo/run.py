"""`make demo`: organization and dev applied, a day paid, reconciled and archived, dev destroyed."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.console import Steps
from harness.demo import books, dashboard_pages, logged, scores
from harness.demo.archived import archived_lines, ask_guardrails, look_into_archive
from harness.demo.firewall import attack, look_at_firewall
from harness.demo.play import play, tokenize
from harness.demo.reconciliation import positions_of_file, reconcile
from harness.demo.report import Day, Report, Service
from harness.platform import ENVIRONMENT, Platform
from harness.terraform import ProgressKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from harness.console import Step
    from harness.demo.dashboard_pages import Visit
    from harness.demo.merchant_day import Row
    from harness.demo.play import Answer
    from harness.demo.reconciliation import Reconciliation
    from harness.demo.scores import AskedScore
    from harness.platform import MerchantAccess
    from harness.terraform import Plan, Progress

STEPS = 16
CONCURRENCY = 16
# The simulator answers from the first sweep on, so a payment that needs more is stuck.
MAX_SWEEPS = 5
# The dashboard's read model follows the payments, and slowly on a busy machine.
DRAIN_SECONDS = 600
_MODULE = re.compile(r"module\.(\w+)")
_ROOT = "root"
_TOKENS = "/merchants/{merchant_id}/tokens"


class DemoError(Exception):
    """The demo can't go on."""


class Made:
    """Counts what an apply makes, by the module that it stands in, and shows its progress."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self.by_module: Counter[str] = Counter()

    def follow(self, progress: Progress) -> None:
        """Take one step of the apply."""
        self._step.terraform(progress)
        if progress.kind is ProgressKind.DONE:
            within = _MODULE.findall(progress.address) or [_ROOT]
            self.by_module[within[-1]] += 1


def run(rows: Sequence[Row], workdir: Path, console: Console) -> Report:
    """Run the demo, showing its progress on `console`.

    Raises:
        DemoError: when payments stay unresolved.
        harness.terraform.TerraformError: when Terraform fails.
    """
    steps = Steps(console, STEPS)
    with Platform(workdir) as platform:
        resources, second_plan = _apply(platform, steps)
        with steps.step("start the services that were deployed") as step:
            platform.serve()
            apis, functions = len(platform.outputs["apis"]), len(platform.outputs["functions"])
            tasks = len(platform.edge.tasks())
            step.done(f"{apis} APIs, {functions} functions on Lambda, {tasks} tasks on ECS")
        access = platform.merchant(platform.merchant_ids[0])
        access_log = platform.outputs["apis"]["v1/payments"]["access_log_group"]
        day = pay(rows, access, steps)
        with steps.step("ask for fraud scores and open the dashboard") as step:
            swept = _sweep(platform, step)
            step.update("waiting until the dashboard knows everything")
            platform.edge.drain(seconds=DRAIN_SECONDS)
            payments = asyncio.run(_listed(access))
            asked = asyncio.run(_ask_scores(platform, day))
            visit = asyncio.run(_visit(platform, day, payments))
            step.done(f"{len(asked)} scores, {visit.pages} pages")
        with steps.step("attack the fraud API with the merchant's own signature") as step:
            firewall = look_at_firewall(platform, asyncio.run(_attack(platform, day)))
            stopped = len(firewall.answers) - len(firewall.passed)
            step.done(f"{stopped} of {len(firewall.answers)} attacks stopped")
        with steps.step("reconcile the books") as step:
            reconciliation = _reconcile(platform, day, payments, visit)
            platform.edge.flush_logs()
            services, log_lines = list(_services(platform)), _payment_requests(platform)
            fraud = logged.fraud_figures(platform)
            step.done(f"{len(payments)} payments")
        with steps.step("find the day in the log archive, and try to be rid of it") as step:
            archived = look_into_archive(platform, access_log)
            step.done(f"{len(archived.attempts)} attempts")
        with steps.step("terraform destroy environments/dev") as step:
            platform.edge.close()
            destroyed = platform.environment.destroy(progress=step.terraform)
            kept = len(archived_lines(platform, archived.bucket, access_log))
            guarded = ask_guardrails(platform)
            step.done(f"{destroyed.counts.remove} resources")
    return Report(
        resources=resources,
        second_plan=second_plan,
        day=day,
        payments=payments,
        swept=swept,
        asked_scores=asked,
        visit=visit,
        reconciliation=reconciliation,
        services=services,
        fraud=fraud,
        firewall=firewall,
        log_lines=log_lines,
        archived=archived,
        destroyed=destroyed,
        kept_lines=kept,
        guarded=guarded,
    )


def _apply(platform: Platform, steps: Steps) -> tuple[Counter[str], Plan]:
    """Apply the organization and dev; give dev's resources by module, and a second plan."""
    with steps.step("start the embedded AWS and the acquirer") as step:
        platform.start()
        cli = platform.terraform.cli
        step.done(f"Terraform {cli.version}, found by {cli.origin}")
    apply_organization(platform, steps)
    with steps.step("terraform apply environments/dev") as step:
        made = Made(step)
        applied = platform.apply_environment(made.follow)
        step.done(f"{applied.counts.add} resources")
    with steps.step("terraform plan again") as step:
        second_plan = platform.environment.plan(progress=step.terraform)
        step.done("no changes" if second_plan.is_empty else "changes")
    return made.by_module, second_plan


def apply_organization(platform: Platform, steps: Steps) -> None:
    """Apply what comes before dev, in five steps: accounts, log archive and trail."""
    for accounts, roots in (
        (["management"], ["management"]),
        (["log-archive", ENVIRONMENT], ["log-archive", "trail"]),
    ):
        with steps.step(f"terraform apply environments/bootstrap: {', '.join(accounts)}") as step:
            bootstrapped = platform.apply_bootstrap(*accounts, progress=step.terraform)
            step.done(f"{sum(applied.counts.add for applied in bootstrapped)} resources")
        for root in roots:
            with steps.step(f"terraform apply environments/{root}") as step:
                applied = platform.apply_organization(root, step.terraform)
                step.done(f"{applied.counts.add} resources")


def pay(rows: Sequence[Row], access: MerchantAccess, steps: Steps) -> Day:
    """Exchange the cards for tokens, and pay the day with them: two steps."""
    with steps.step("exchange the day's cards for tokens") as step:
        tokens, tokens_sent = asyncio.run(_tokenize(rows, access, step))
        step.done(f"{len(tokens)} cards")
    with steps.step("pay a merchant's day, each payment scored for fraud") as step:
        started = time.monotonic()
        answers = asyncio.run(_play(rows, tokens, access, step))
        step.done(f"{len(rows)} requests")
    seconds = time.monotonic() - started
    return Day(access.merchant_id, tokens, tokens_sent, answers, seconds)


async def _tokenize(
    rows: Sequence[Row], access: MerchantAccess, step: Step
) -> tuple[dict[str, str], int]:
    done = 0

    def count(_: str) -> None:
        nonlocal done
        done += 1
        step.update(f"{done} cards")

    async with access.client() as client:
        return await tokenize(rows, client, concurrency=CONCURRENCY, on_token=count)


async def _play(
    rows: Sequence[Row], tokens: Mapping[str, str], access: MerchantAccess, step: Step
) -> list[Answer]:
    done = 0

    def count(_: Answer) -> None:
        nonlocal done
        done += 1
        step.update(f"{done}/{len(rows)} requests")

    async with access.client() as client:
        return await play(rows, client, tokens=tokens, concurrency=CONCURRENCY, on_answer=count)


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


async def _ask_scores(platform: Platform, day: Day) -> list[AskedScore]:
    """Ask for the score of a card that paid, and of one that was refused for fraud."""
    paid = [answer.row for answer in day.answers if answer.accepted and answer.row.card]
    refused = [answer.row for answer in day.answers if answer.refused_for_fraud]
    # Of those that paid, the last by name: in the example an ordinary card.
    rows = [*sorted(paid, key=lambda row: row.card)[-1:], *refused[-1:]]
    async with platform.merchant(day.merchant_id, api_name="fraud").client() as client:
        return await scores.ask(client, rows, day.tokens)


async def _attack(platform: Platform, day: Day) -> dict[str, str]:
    async with platform.merchant(day.merchant_id, api_name="fraud").client() as client:
        return await attack(client)


async def _visit(platform: Platform, day: Day, payments: Sequence[Mapping[str, Any]]) -> Visit:
    currencies = {payment["currency"] for payment in payments}
    payment_id = payments[0]["payment_id"]
    async with platform.merchant(day.merchant_id, api_name="dashboard").client() as client:
        return await dashboard_pages.visit(client, currencies, payment_id)


def _reconcile(
    platform: Platform, day: Day, payments: Sequence[Mapping[str, Any]], visit: Visit
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
            "dashboard": books.positions_of_dashboard(visit.exported),
            "acquirer": books.positions_of_acquirer(
                platform.acquirer.settlement(), day.merchant_id
            ),
        },
        books.ledger_sums(stored),
    )


def _services(platform: Platform) -> Iterator[Service]:
    """Say what answers at which path; functions share the payments API."""
    requests = {
        name: logged.requests(platform, name) for name in ("dashboard", "fraud", "payments")
    }
    tokens = sum(n for (_, path), n in requests["payments"].items() if path == _TOKENS)
    payments = requests["payments"].total() - tokens
    for name, part, count in (
        ("transaction gateway", "payments", payments),
        ("tokenizer", "tokens", tokens),
    ):
        yield Service(name, _path(platform, "payments", part), "Lambda function", count)
    for name, api, part in (
        ("fraud detection", "fraud", "scores"),
        ("merchant dashboard", "dashboard", "overview"),
    ):
        deployed = platform.outputs["services"][name.replace(" ", "_")]["name"]
        tasks = len(platform.edge.tasks(deployed))
        behind = f"ECS, {tasks} task{'' if tasks == 1 else 's'}"
        yield Service(name, _path(platform, api, part), behind, requests[api].total())


def _path(platform: Platform, api_name: str, part: str) -> str:
    path = urlsplit(platform.invoke_url_of(api_name)).path
    return f"{path}/merchants/{{merchant_id}}/{part}"


def _payment_requests(platform: Platform) -> int:
    """Count the lines of the day's requests in the payments API's access log."""
    lines = logged.requests(platform, "payments")
    return sum(count for (method, _), count in lines.items() if method == "POST")
