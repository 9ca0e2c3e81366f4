"""The table for people, the records for assessors, and what isn't as it should be."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from harness.attempts.attempt import ALLOWED
from harness.attempts.people import EVERYONE, PRODUCTION, PRODUCTION_DEPLOY
from harness.attempts.table import ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.attempts.attempt import Attempt, Record

_COLUMNS = [str(who) for who in (*EVERYONE, PRODUCTION, PRODUCTION_DEPLOY)]
_BY_POLICY = re.compile(r"(?:denied by (?P<kind>SCP|RCP|\w+ \w+).*, statement (?P<sid>.+))")


def failures(records: Sequence[Record], attempts: Sequence[Attempt] = ATTEMPTS) -> list[str]:
    """Say what isn't as the table says: attempts without an answer, and unexpected answers."""
    made = {(record.what, record.action, record.who) for record in records}
    found = [
        f"no answer to: {attempt.what} ({attempt.action}), by {who}"
        for attempt in attempts
        for who in attempt.by
        if (attempt.what, attempt.action, str(who)) not in made
    ]
    return found + [_surprise(record) for record in records if not record.as_expected]


def _surprise(record: Record) -> str:
    attempted = f"{record.who}: {record.what} ({record.action} on {record.resource})"
    if record.possible:
        return (
            f"{attempted} was answered {record.answer} ({record.decided_by}), and should be"
            f" possible, because {record.possible}"
        )
    against = f"against PCI DSS {', '.join(record.requirements)}: {record.decided_by}"
    if record.answer == ALLOWED:
        return f"{attempted} was allowed, {against}"
    return f"{attempted} was answered {record.answer}, which isn't a refusal; {against}"


def tables(records: Sequence[Record]) -> Iterator[Table]:
    """Show who was refused what: a table for each account, and one for those from elsewhere."""
    at_home = [record for record in records if record.who in _COLUMNS]
    for owner in dict.fromkeys(record.owner for record in at_home):
        yield _account_table(owner, [record for record in at_home if record.owner == owner])
    if others := [record for record in records if record.who not in _COLUMNS]:
        yield _other_table(others)


def _account_table(owner: str, records: Sequence[Record]) -> Table:
    people = [who for who in _COLUMNS if any(record.who == who for record in records)]
    shown = _table(f"On {owner}", *map(_heading, people), "by statement")
    attempted: dict[tuple[str, Sequence[str]], dict[str, Record]] = {}
    for record in records:
        attempted.setdefault((record.what, record.requirements), {})[record.who] = record
    for (what, requirements), by in attempted.items():
        cells = [_cell(by[who]) if who in by else "" for who in people]
        # The first is who owns it; the records have everybody's.
        statement = next(filter(None, map(_statement, by.values())), "")
        shown.add_row(escape(what), *cells, escape(statement), ", ".join(requirements))
    reasons = {f"{record.who}: {record.possible}" for record in records if record.possible}
    shown.caption = escape("\n".join(f"possible for {reason}" for reason in sorted(reasons)))
    return shown


def _heading(who: str) -> str:
    role, _, account = who.partition(" of ")
    short = {"log-archive": "archive", "management": "mgmt", "production": "prod"}
    return f"{'deploy' if role.endswith('deploy') else 'admin'}\n{short.get(account, account)}"


def _other_table(records: Sequence[Record]) -> Table:
    shown = _table("From elsewhere", "by", "answer", "by statement")
    for record in records:
        shown.add_row(
            escape(record.what),
            escape(record.who),
            _cell(record),
            escape(_statement(record)),
            ", ".join(record.requirements),
        )
    return shown


def _table(title: str, *columns: str) -> Table:
    shown = Table(
        box=None, pad_edge=False, padding=(0, 1), header_style="bold", caption_justify="left"
    )
    shown.add_column(escape(title), min_width=24)
    for name in columns:
        shown.add_column(escape(name), no_wrap=True)
    shown.add_column("PCI DSS", min_width=7)
    return shown


def _cell(record: Record) -> str:
    """Say who refuses: AWS when it was sent, or the kind of policy as evaluated."""
    if not record.as_expected:
        return f"[red]{escape(record.answer)}[/red]"
    if record.possible:
        return "[yellow]possible[/yellow]"
    if record.how == "seen":
        return "[green]seen[/green]"
    found = _BY_POLICY.fullmatch(record.decided_by)
    return found["kind"].replace("resource policy", "policy") if found else "no grant"


def _statement(record: Record) -> str:
    found = _BY_POLICY.fullmatch(record.decided_by)
    return found["sid"] if found and record.refused else ""


def export(records: Sequence[Record], path: Path) -> None:
    """Write every record as JSON, for assessors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(record), "refused": record.refused} for record in records]
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
