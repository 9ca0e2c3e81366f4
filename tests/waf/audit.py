"""Runs the corpora through a web ACL's rules alone, and says where they don't do as they must."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.edge.waf.addresses import Countries
from harness.edge.waf.compiler import compile_web_acl
from harness.edge.waf.rates import Rates
from harness.edge.waf.request import InspectedRequest
from waf.corpus import Sent, attacks, floods, payments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.edge.waf.compiler import Sets
    from harness.edge.waf.rules import WebAcl

# The corpus's "refused country", and everybody else's.
COUNTRIES = {"198.51.100.66/32": "KP", "0.0.0.0/0": "NL"}


@dataclass
class Audit:
    """What came of it. ``wrong`` names the rule in each sentence."""

    wrong: list[str] = field(default_factory=list)
    stopped: dict[str, int] = field(default_factory=dict)
    passed: int = 0
    payments: int = 0
    false_positives: int = 0
    not_evaluated: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """A summary for people."""
        by_rule = ", ".join(f"{rule} {number}" for rule, number in sorted(self.stopped.items()))
        left = ", ".join(f"{name} {number}" for name, number in sorted(self.not_evaluated.items()))
        return [
            f"attacks: {sum(self.stopped.values())} blocked ({by_rule}), {self.passed} passed on",
            f"payments: {self.payments}, false positives {self.false_positives}",
            f"not evaluated here, though asked: {left}",
        ]


def audit(document: Mapping[str, Any], sets: Sets) -> Audit:
    """Send all attacks, floods and payments through the rules of a web ACL."""
    found = Audit()
    acl = _compiled(document, sets)
    for attack in attacks():
        _judge(found, attack.name, attack.rule, _blocking_rule(acl, attack.sent))
    acl = _compiled(document, sets)  # so that attacks don't count against payments
    for payment in payments():
        found.payments += 1
        rule = _blocking_rule(acl, payment.sent)
        if rule:
            found.false_positives += 1
            found.wrong.append(f"{rule} blocks the payment {payment.name!r}")
    for flood in floods():
        _flood(found, _compiled(document, sets), flood)
    for gap in acl.not_evaluated():
        found.not_evaluated[gap.rule] = gap.requests
    return found


def _judge(found: Audit, name: str, wanted: str | None, rule: str | None) -> None:
    if rule is None:
        found.passed += 1
    else:
        found.stopped[rule] = found.stopped.get(rule, 0) + 1
    if rule != wanted:
        found.wrong.append(
            f"{wanted} lets {name} pass" + (f" (stopped by {rule})" if rule else "")
            if wanted
            else f"{rule} blocks {name}, which the corpus says it doesn't look at"
        )


def _flood(found: Audit, acl: WebAcl, flood: Mapping[str, Any]) -> None:
    passed, rule = 0, None
    for number in range(flood["times"]):
        headers = {"x-api-key": flood.get("key", f"guessed-key-{number:08d}")}
        if "forwarded" in flood:
            headers["x-forwarded-for"] = flood["forwarded"]
        source = f"198.51.{number // 250}.{number % 250 + 1}"
        varied = source if "source" in flood["vary"] else "192.0.2.7"
        blocking = _blocking_rule(acl, Sent(headers=headers, source=varied))
        passed += blocking is None
        rule = blocking or rule
    if (passed, rule) == (flood["passed"], flood["stopped_by"]):
        found.stopped[flood["stopped_by"]] = found.stopped.get(flood["stopped_by"], 0) + 1
        return
    found.wrong.append(
        f"{flood['stopped_by']} lets {passed} requests of {flood['name']} pass, not "
        f"{flood['passed']} (stopped by {rule})"
    )


def _compiled(document: Mapping[str, Any], sets: Sets) -> WebAcl:
    return compile_web_acl(
        document, sets, country=Countries(COUNTRIES), rates=Rates(clock=lambda: 0.0)
    )


def _blocking_rule(acl: WebAcl, sent: Sent) -> str | None:
    verdict = acl.evaluate(
        InspectedRequest(
            method=sent.method,
            path=f"/live{sent.path}".encode(),
            query=sent.query.encode(),
            headers=[(k.lower().encode(), v.encode()) for k, v in sent.headers.items()],
            body=sent.body,
            source_ip=sent.source,
        )
    )
    return verdict.rule if verdict.action == "BLOCK" else None
