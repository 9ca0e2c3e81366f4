"""What the demo found out: everything that the summary says, and what isn't as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping, Sequence

    from harness.attempts.replay import Replay
    from harness.demo.archived import ArchivedDay
    from harness.demo.dashboard_pages import Visit
    from harness.demo.firewall import Firewall
    from harness.demo.logged import FraudFigures
    from harness.demo.play import Answer
    from harness.demo.reconciliation import Reconciliation
    from harness.demo.scores import AskedScore
    from harness.terraform import ApplyResult, Plan


@dataclass(frozen=True)
class Day:
    """What came of the merchant's day."""

    merchant_id: str
    tokens: Mapping[str, str]
    """The cards of the file by name, with the tokens that the tokenizer gave for them."""
    tokens_sent: int
    answers: Sequence[Answer]
    seconds: float

    @property
    def sent(self) -> int:
        """Requests that the merchant sent, those that were throttled and sent again included."""
        return self.tokens_sent + sum(answer.attempts for answer in self.answers)

    @property
    def sent_again(self) -> int:
        """Requests that were refused for the moment, and sent again."""
        return self.sent - len(self.tokens) - len(self.answers)

    @property
    def surprises(self) -> list[Answer]:
        """Answers whose outcome isn't what the file expected."""
        return [answer for answer in self.answers if answer.surprising]


@dataclass(frozen=True)
class Service:
    """A service behind API Gateway: where its API is, what answers there, and how often it did."""

    name: str
    path: str
    behind: str
    requests: int


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
    asked_scores: Sequence[AskedScore]
    visit: Visit
    reconciliation: Reconciliation
    services: Sequence[Service]
    fraud: FraudFigures
    firewall: Firewall
    log_lines: int
    archived: ArchivedDay
    destroyed: ApplyResult
    kept_lines: int
    """Lines of the access log that are in the archive after dev was destroyed."""
    guarded: Replay
    """What the guardrails say of the calls with which dev was applied and destroyed."""

    @property
    def dashboard_agrees(self) -> bool:
        """Whether the totals that the dashboard shows are the books'."""
        return all(shown == booked for _, shown, booked in self._dashboard_totals)

    @property
    def _dashboard_totals(self) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
        for currency, shown in self.visit.totals.items():
            yield currency, shown, self.reconciliation.totals[currency]["payments"]

    @property
    def failures(self) -> list[str]:
        """What isn't as it should be, each with what to look at; empty when all is well."""
        failures = []
        if not self.second_plan.is_empty:
            failures.append(f"the second plan isn't empty:\n{self.second_plan}")
        failures += [
            f"line {answer.row.line}: {answer.row.operation} {answer.row.payment} came to "
            f"{answer.decline_code or answer.outcome!r}, and the file expects {answer.row.expect!r}"
            for answer in self.day.surprises
        ]
        failures += [
            f"the web ACL's rule {rule} let an attack through: {self.firewall.answers[rule]}"
            for rule in self.firewall.passed
        ]
        failures += map(str, self.reconciliation.disagreements)
        failures += [
            f"the ledger's postings in {currency} sum to {amount}, not 0"
            for currency, amount in self.reconciliation.ledger_sums.items()
            if amount
        ]
        failures += [
            f"the dashboard's totals in {currency} are {shown} (captured, refunded, in minor "
            f"units), and the books say {booked}"
            for currency, shown, booked in self._dashboard_totals
            if shown != booked
        ]
        paid = {payment["payment_id"] for payment in self.payments}
        if unchecked := paid - self.fraud.checked_payments:
            failures.append(f"{len(unchecked)} payments were never checked for fraud: {unchecked}")
        if self.log_lines != self.day.sent:
            failures.append(f"{self.day.sent} requests were sent and {self.log_lines} logged")
        archived = self.archived.access_lines
        if self.kept_lines < archived:
            failures.append(f"{archived} lines were archived and {self.kept_lines} kept")
        return [*failures, *self.archived.failures, *self.guarded.failures]
