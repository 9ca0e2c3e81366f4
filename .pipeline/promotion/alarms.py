"""Which alarms of an environment sound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promotion.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOUNDING = "ALARM"
_MEMBER = re.compile(r'\(\s*"?([^"()]+?)"?\s*\)')
"""An alarm in a composite's rule, such as `ALARM("payments-production-errors")`."""


@dataclass(frozen=True)
class Alarm:
    """An alarm of CloudWatch, and why it is in its state."""

    name: str
    state: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name


def read(cloudwatch: Any, environment: str) -> list[Alarm]:
    """Return the alarms of the environment's platform that somebody hears.

    The members of composite alarms are silent by themselves: a day of a slow burn alone holds up
    nothing. Neither does what was disabled.
    """
    found = list(_described(cloudwatch, environment))
    members = {name for item in found for name in _MEMBER.findall(item.get("AlarmRule", ""))}
    return [
        Alarm(item["AlarmName"], item["StateValue"], item.get("StateReason", ""))
        for item in found
        if item["ActionsEnabled"] and item["AlarmName"] not in members
    ]


def _described(cloudwatch: Any, environment: str) -> Iterator[dict[str, Any]]:
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"payments-{environment}-", AlarmTypes=["CompositeAlarm", "MetricAlarm"]
    )
    for page in pages:
        for kind in ("CompositeAlarms", "MetricAlarms"):
            yield from page.get(kind, ())


def sounding(cloudwatch: Any, environment: str) -> list[Alarm]:
    """Return the alarms that sound."""
    return [alarm for alarm in read(cloudwatch, environment) if alarm.state == _SOUNDING]


def check_watched(cloudwatch: Any, environment: str) -> None:
    """Refuse to try anything out where nobody would notice.

    Raises:
        Refused: there are no alarms.
    """
    if not read(cloudwatch, environment):
        raise Refused(
            rule="alarms-missing",
            evidence=f"{environment} has no alarm whose name begins with payments-{environment}-",
            fix="apply the platform with its alarms first",
            override="nobody",
        )


def check_quiet(cloudwatch: Any, environment: str) -> None:
    """Refuse to change an environment while one of its alarms sounds.

    Raises:
        Refused: names the alarms.
    """
    if loud := sounding(cloudwatch, environment):
        raise Refused(
            rule="alarms-quiet",
            evidence=f"{len(loud)} sound in {environment}: " + ", ".join(map(str, loud)),
            fix="find the cause and mend it first; then retry the stage",
            override="whoever is on call, by disabling the alarm until its cause is mended",
        )
