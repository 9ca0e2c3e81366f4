"""Who still calls which version of an API: from CloudWatch's metrics and the access logs.

A call counts by its API key, which is a merchant's. What has none (scanners, mistakes) is counted
by the metric alone. Where the metric counts calls and the log has no line of them, nobody can tell
who called, so that the report isn't taken as an answer.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

STAGE = "live"
_NAME = re.compile(r"payments-(?P<environment>[a-z]+)-(?P<service>[a-z0-9-]+)-(?P<version>v[0-9]+)")
_QUERY = """
filter ispresent(api_key_id)
| stats count(*) as calls, max(request_time_epoch_ms) as latest by api_key_id
"""
_QUERY_SECONDS = 300
_DAY = 86400


@dataclass(frozen=True)
class Caller:
    """A merchant that called a version."""

    merchant_id: str
    calls: int
    latest: str
    """Time of the last call."""

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.calls} calls, the last one {self.latest}"


@dataclass(frozen=True)
class Usage:
    """What one deployed version was asked for."""

    path: str
    is_gone: bool
    requests: int
    """All that CloudWatch counted, those that were refused too."""
    logged: int
    """Lines of the access log with an API key, whoever's."""
    callers: tuple[Caller, ...]

    @property
    def is_told(self) -> bool:
        """Whether the log tells of what was counted."""
        return self.logged > 0 or self.requests == 0

    def as_document(self) -> dict[str, Any]:
        """Return it for JSON."""
        merchants = {
            caller.merchant_id: {"calls": caller.calls, "latest": caller.latest}
            for caller in self.callers
        }
        return {
            "gone": self.is_gone,
            "requests": self.requests,
            "logged": self.logged,
            "merchants": merchants,
        }


def report(
    client: Callable[[str], Any], environment: str, days: int, now: datetime | None = None
) -> dict[str, Usage]:
    """Read the usage of every version that is deployed, by path such as `v1/payments`.

    Args:
        client: makes clients of the environment's account, for a service.
        environment: its name.
        days: how far to look back.
        now: where to look back from.

    Raises:
        BrokenInputError: a log can't be queried.
    """
    end = now or datetime.now(UTC)
    span = (end - timedelta(days=days), end)
    gateway = client("apigateway")
    merchants = dict(_merchants(gateway, environment))
    return {
        path: _usage(client, api, path, span, merchants)
        for path, api in sorted(_apis(gateway, environment))
    }


def check_unused(usage: Usage, days: int, *, ends_for: Mapping[str, str], what: str) -> None:
    """Refuse to end a version that merchants rely on.

    Args:
        usage: of the version.
        days: how far it looked back.
        ends_for: merchants for whom it ends all the same.
        what: what would be done, for the evidence.

    Raises:
        Refused: somebody called, or nobody can tell.
    """
    if not usage.is_told:
        raise Refused(
            rule="version-usage-unknown",
            evidence=f"{usage.path} had {usage.requests} requests in {days} days, and its access"
            " log tells of none with an API key",
            fix="see whether they were refused before the key was read, and whether the log"
            " arrives; wait until the count is 0, or find out who called",
            override="nobody: what ends for whom has to be known",
        )
    if found := [caller for caller in usage.callers if caller.merchant_id not in ends_for]:
        raise Refused(
            rule="version-in-use",
            evidence=f"{usage.path} would {what}, and within {days} days it was called by "
            + "; ".join(map(str, found)),
            fix="help these merchants to move to the successor, or give them longer (`sunset_on`)",
            override="the product owner, by naming a merchant with the reason in `ends_for` of the"
            " version, in openapi/versions.json",
        )


def _apis(gateway: Any, environment: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for page in gateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            named = _NAME.fullmatch(api["name"])
            if named and named["environment"] == environment:
                yield f"{named['version']}/{named['service']}", api


def _merchants(gateway: Any, environment: str) -> Iterator[tuple[str, str]]:
    for page in gateway.get_paginator("get_api_keys").paginate(includeValues=False):
        for key in page["items"]:
            yield key["id"], key["name"].removeprefix(f"payments-{environment}-")


def _usage(
    client: Callable[[str], Any],
    api: Mapping[str, Any],
    path: str,
    span: tuple[datetime, datetime],
    merchants: Mapping[str, str],
) -> Usage:
    stage = client("apigateway").get_stage(restApiId=api["id"], stageName=STAGE)
    lines = _lines(client("logs"), f"/aws/apigateway/{api['name']}/access", span)
    callers = tuple(
        Caller(merchants[line["api_key_id"]], int(float(line["calls"])), _time(line["latest"]))
        for line in sorted(lines, key=lambda line: line["api_key_id"])
        if line["api_key_id"] in merchants
    )
    return Usage(
        path,
        (stage.get("variables") or {}).get("gone") == "true",
        _requests(client("cloudwatch"), api["name"], span),
        sum(int(float(line["calls"])) for line in lines if line["api_key_id"] != "-"),
        callers,
    )


def _requests(cloudwatch: Any, name: str, span: tuple[datetime, datetime]) -> int:
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/ApiGateway",
        MetricName="Count",
        Dimensions=[{"Name": "ApiName", "Value": name}, {"Name": "Stage", "Value": STAGE}],
        StartTime=span[0],
        EndTime=span[1],
        Period=_DAY,
        Statistics=["Sum"],
    )
    return int(sum(point["Sum"] for point in found["Datapoints"]))


def _lines(logs: Any, group: str, span: tuple[datetime, datetime]) -> list[dict[str, str]]:
    query = logs.start_query(
        logGroupName=group,
        startTime=int(span[0].timestamp()),
        endTime=int(span[1].timestamp()) + 1,
        queryString=_QUERY,
    )["queryId"]
    deadline = time.monotonic() + _QUERY_SECONDS
    while (found := logs.get_query_results(queryId=query))["status"] in ("Scheduled", "Running"):
        if time.monotonic() > deadline:
            raise BrokenInputError(f"the query over {group} takes too long: ask for fewer days")
        time.sleep(1)
    if found["status"] != "Complete":
        raise BrokenInputError(f"the query over {group} ended as {found['status']}: try again")
    return [{cell["field"]: cell["value"] for cell in row} for row in found["results"]]


def _time(epoch_ms: str) -> str:
    return datetime.fromtimestamp(float(epoch_ms) / 1000, UTC).isoformat(timespec="seconds")
