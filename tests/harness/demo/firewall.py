"""Attacks that the merchant's own credentials send, and what the deployed web ACL made of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from harness.demo.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from harness.client import SignedClient
    from harness.platform import Platform

BLOCKED = "request_blocked"
_PATH = "/scores"
# One for each rule of our own that looks at a request: the rule's name, and what it must stop.
ATTACKS: dict[str, dict[str, Any]] = {
    "sql-injection": {"query": {"cursor": "1' UNION SELECT card FROM vault --"}},
    "cross-site-scripting": {"query": {"cursor": "<script>fetch('//evil.example')</script>"}},
    "body-size": {"body": {"reference": "x" * 20_000}},
}


@dataclass(frozen=True, slots=True)
class Firewall:
    """What the web ACL stopped, and what of it isn't evaluated here."""

    answers: dict[str, str]
    """Code of each attack's answer, by the rule that should stop it."""
    blocking_rules: frozenset[str]
    """Rules that ended a request, as the web ACL's own log says."""
    not_evaluated: Sequence[str]
    """Managed rule groups that AWS would evaluate and the edge doesn't."""

    @property
    def passed(self) -> list[str]:
        """Attacks that weren't stopped by their rule."""
        return [
            rule
            for rule, code in self.answers.items()
            if code != BLOCKED or rule not in self.blocking_rules
        ]


async def attack(client: SignedClient) -> dict[str, str]:
    """Send each attack, signed and metered like any request; give the codes of the answers."""
    answers = {}
    for rule, sent in ATTACKS.items():
        method = "POST" if "body" in sent else "GET"
        response = await patiently(partial(client.request, method, _PATH, **sent))
        answers[rule] = _code(response)
    return answers


def look_at_firewall(platform: Platform, answers: dict[str, str]) -> Firewall:
    """Read from the web ACL's log which rules blocked, and ask the edge what it can't evaluate."""
    platform.edge.flush_logs()
    events = (
        platform.aws.client("logs", platform.account_id)
        .get_paginator("filter_log_events")
        .paginate(logGroupName=platform.outputs["waf"]["log_group"])
    )
    records = (json.loads(event["message"]) for page in events for event in page["events"])
    return Firewall(
        answers=answers,
        blocking_rules=frozenset(
            record["terminatingRuleId"] for record in records if record["action"] == "BLOCK"
        ),
        not_evaluated=sorted(
            gap["group"]
            for web_acl in platform.edge.web_acls()
            for gap in web_acl["not_evaluated"]
            if gap["group"]
        ),
    )


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (KeyError, ValueError):
        return f"status {response.status_code}"
