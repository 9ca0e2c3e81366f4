"""What the deployed logs say of the day: requests by operation, and what the fraud check did."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.platform import Platform

IN_LINE = "/internal/scores"


def requests(platform: Platform, api_name: str) -> Counter[tuple[str, str]]:
    """Count the lines of an API's access log by method and resource."""
    lines = _lines(platform, platform.outputs["apis"][f"v1/{api_name}"]["access_log_group"])
    return Counter((line["http_method"], line["resource_path"]) for line in lines)


@dataclass(frozen=True, slots=True)
class FraudFigures:
    """What the fraud check did. Every number but `asked` is of checks in line with a payment."""

    scored: int
    reviewed: int
    refused: int
    degraded: int
    """Scores without all counters."""
    unanswered: int
    """Checks for which an authorization waited in vain."""
    asked: int
    """Scores that a merchant asked for itself."""
    checked_payments: frozenset[str]


def fraud_figures(platform: Platform) -> FraudFigures:
    """Read the figures from the lines of the fraud service and of the transaction gateway."""
    service = _lines(platform, platform.outputs["services"]["fraud_detection"]["log_group"])
    scores = [line for line in service if line.get("Scores")]
    in_line = [line for line in scores if line["resource"] == IN_LINE]
    function = _lines(platform, platform.outputs["functions"]["transaction_gateway"]["log_group"])
    checks = [line for line in function if "FraudCheckMs" in line]
    return FraudFigures(
        scored=len(in_line),
        reviewed=_sum(in_line, "Reviews"),
        refused=_sum(in_line, "Refusals"),
        degraded=_sum(in_line, "DegradedScores"),
        unanswered=_sum(checks, "FraudUnavailable"),
        asked=len(scores) - len(in_line),
        checked_payments=frozenset(check["payment_id"] for check in checks),
    )


def _sum(lines: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(int(line.get(name, 0)) for line in lines)


def _lines(platform: Platform, group: str) -> Iterator[Mapping[str, Any]]:
    """Give the lines of a log group that are JSON objects."""
    return (json.loads(text) for text in messages(platform, group) if text.startswith("{"))


def messages(platform: Platform, group: str) -> Iterator[str]:
    """Give the lines of a log group as they are."""
    pages = (
        platform.aws.client("logs", platform.account_id)
        .get_paginator("filter_log_events")
        .paginate(logGroupName=group)
    )
    for page in pages:
        for event in page["events"]:
            yield event["message"]
