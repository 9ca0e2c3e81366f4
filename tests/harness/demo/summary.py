"""What the demo tells a person at its end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.table import Table

from harness import attempts
from harness.demo.reconciliation import BOOKS
from payment_core.money import Money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from harness.attempts import Record
    from harness.demo.firewall import Firewall
    from harness.demo.report import Report


def show(report: Report, console: Console) -> None:
    """Print the summary of a demo."""
    parts = (
        _resources(report),
        _services(report),
        _payments(report),
        _fraud(report),
        _books(report),
        *attempts.tables(report.archived.attempts),
        _facts(report),
    )
    for part in parts:
        console.print()
        console.print(part)


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    """Order by count, and by name where counts are equal, as `most_common` doesn't."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _resources(report: Report) -> Table:
    table = Table(title="Resources of dev", title_justify="left", box=None, padding=(0, 2))
    table.add_column("module")
    table.add_column("applied", justify="right")
    for module, count in _most_first(report.resources):
        table.add_row(module, str(count))
    table.add_row("[bold]all[/bold]", f"[bold]{report.resources.total()}[/bold]")
    return table


def _payments(report: Report) -> Table:
    table = Table(title="Payments by state", title_justify="left", box=None, padding=(0, 2))
    table.add_column("state")
    table.add_column("payments", justify="right")
    states = Counter(payment["state"] for payment in report.payments)
    for state, count in _most_first(states):
        table.add_row(state, str(count))
    table.add_row("[bold]all[/bold]", f"[bold]{states.total()}[/bold]")
    return table


def _services(report: Report) -> Table:
    table = Table(
        title="Services behind API Gateway", title_justify="left", box=None, padding=(0, 2)
    )
    table.add_column("service")
    table.add_column("path", overflow="fold")
    table.add_column("behind it")
    table.add_column("requests", justify="right")
    for service in report.services:
        table.add_row(service.name, service.path, service.behind, str(service.requests))
    return table


def _fraud(report: Report) -> Table:
    table = Table(title="Fraud checks", title_justify="left", box=None, padding=(0, 2))
    figures = report.fraud
    for name in ("scored in line", "passed", "to review", "refused", "degraded", "unanswered"):
        table.add_column(name, justify="right")
    passed = figures.scored - figures.reviewed - figures.refused
    counts = (passed, figures.reviewed, figures.refused, figures.degraded, figures.unanswered)
    table.add_row(str(figures.scored), *map(str, counts))
    return table


def _books(report: Report) -> Table:
    table = Table(
        title="Captured less refunded, by book", title_justify="left", box=None, padding=(0, 2)
    )
    table.add_column("currency")
    for book in BOOKS:
        table.add_column(book, justify="right")
    table.add_column("agree")
    for currency, by_book in sorted(report.reconciliation.totals.items()):
        nets = [Money(captured - refunded, currency) for captured, refunded in by_book.values()]
        agree = len(set(by_book.values())) == 1
        mark = "[green]yes[/green]" if agree else "[red]no[/red]"
        table.add_row(currency, *(str(net).partition(" ")[0] for net in nets), mark)
    return table


def _facts(report: Report) -> Table:
    day = report.day
    fraud = sum(answer.refused_for_fraud for answer in day.answers)
    refused = sum(not answer.accepted for answer in day.answers) - fraud
    replayed = sum(answer.replayed for answer in day.answers)
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row("Second plan", "empty" if report.second_plan.is_empty else "[red]not empty[/red]")
    table.add_row(
        "Requests",
        f"{len(day.answers)} in {day.seconds:.1f} s, each signed with SigV4: {refused} declined, "
        f"{fraud} refused for fraud, {replayed} repetitions replayed, {day.sent_again} sent again",
    )
    table.add_row(
        "Cards", f"{len(day.tokens)} test cards; only the tokenizer and the acquirer saw numbers"
    )
    for asked in report.asked_scores:
        reasons = f" ({', '.join(asked.reasons)})" if asked.reasons else ""
        table.add_row(
            "Score asked for", f"{asked.row.card}: {asked.score}, {asked.decision}{reasons}"
        )
    table.add_row("Web ACL", _firewall(report.firewall))
    table.add_row(
        "Dashboard",
        f"{report.visit.pages} pages opened through its API; its totals are the books'"
        if report.dashboard_agrees
        else "[red]its totals aren't the books'[/red]",
    )
    table.add_row(
        "Unresolved",
        f"{report.swept} payments whose acquirer stayed silent, settled by the sweeper",
    )
    table.add_row("Books", _verdict(report))
    table.add_row(
        "Access log", f"{report.log_lines} lines in CloudWatch Logs for {day.sent} requests"
    )
    archived = report.archived
    table.add_row(
        "Log archive",
        f"{archived.access_lines - archived.lost_lines} of {archived.access_lines} lines of the "
        f"payments API in {archived.bucket}, locked in {archived.lock_mode} until "
        f"{archived.locked_until:%Y-%m-%d}, and still there after dev was destroyed",
    )
    orphans = sum(bool(path.problem) for path in archived.paths)
    table.add_row(
        "Log paths",
        f"{len(archived.paths)} from everything that logs in dev to a locked bucket; orphans: "
        f"{orphans or 'none'}",
    )
    table.add_row("Attempts", _attempted(archived.attempts))
    guarded = report.guarded
    table.add_row(
        "Guardrails",
        f"let payments-deploy do all of {len(guarded.done)} things that it did to apply and "
        f"destroy dev, and nobody else the {len(guarded.destructive)} that end logs or keys",
    )
    table.add_row(
        "Destroyed",
        f"{report.destroyed.counts.remove} resources of dev; the archive can't be, while it holds "
        "locked objects: the embedded AWS is discarded",
    )
    table.add_row(
        "Seen on",
        "the embedded AWS (moto and its supplement), by real Terraform and provider over real HTTP",
    )
    return table


def _firewall(firewall: Firewall) -> str:
    stopped = [rule for rule in firewall.answers if rule not in firewall.passed]
    return (
        f"{len(stopped)} of {len(firewall.answers)} attacks with a valid signature stopped "
        f"({', '.join(stopped)}); not evaluated here, by AWS only: "
        f"{', '.join(firewall.not_evaluated) or 'nothing'}"
    )


def _attempted(records: Sequence[Record]) -> str:
    refused = [record for record in records if record.refused]
    seen = sum(record.how == "seen" for record in refused)
    possible = sum(bool(record.possible) for record in records)
    return (
        f"{len(records)} to be rid of logs: {seen} seen to be refused by the embedded AWS, "
        f"{len(refused) - seen} refused by the deployed policies as evaluated, {possible} possible "
        "for the roles that the tables name. Policy is the resource's own; who, what, when and the "
        "answer stand in build/attempts.json"
    )


def _verdict(report: Report) -> str:
    if report.reconciliation.agrees:
        return (
            "[green]file, payments, ledger, dashboard and acquirer agree to the minor unit, "
            "and the ledger's postings sum to 0[/green]"
        )
    return f"[red]{len(report.reconciliation.disagreements)} payments differ[/red]"
