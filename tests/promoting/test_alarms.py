"""Which alarms a promotion listens to: those that somebody would hear."""

from __future__ import annotations

from typing import Any

import pytest

from promotion import alarms
from promotion.errors import Refused

ENVIRONMENT = "production"


class CloudWatch:
    """Describes given alarms."""

    def __init__(self, *metric: dict[str, Any], rule: str = "") -> None:
        composite = [alarm("burn", "OK", AlarmRule=rule)] if rule else []
        self._page = {"MetricAlarms": list(metric), "CompositeAlarms": composite}

    def get_paginator(self, _: str) -> CloudWatch:
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        assert given["AlarmNamePrefix"] == f"payments-{ENVIRONMENT}-"
        assert set(given["AlarmTypes"]) == {"CompositeAlarm", "MetricAlarm"}
        return [self._page]


def alarm(name: str, state: str, **more: Any) -> dict[str, Any]:
    named = f"payments-{ENVIRONMENT}-{name}"
    return {"AlarmName": named, "StateValue": state, "ActionsEnabled": True, **more}


def test_one_that_sounds_is_named_with_its_reason() -> None:
    cloudwatch = CloudWatch(alarm("errors", "ALARM", StateReason="3 of 9"), alarm("slow", "OK"))
    with pytest.raises(Refused) as caught:
        alarms.check_quiet(cloudwatch, ENVIRONMENT)
    assert caught.value.rule == "alarms-quiet"
    assert "payments-production-errors (3 of 9)" in caught.value.evidence


@pytest.mark.parametrize("joined", ['ALARM("{}") AND ALARM("{}")', "ALARM({}) OR ALARM( {} )"])
def test_a_member_of_a_composite_is_silent_by_itself(joined: str) -> None:
    names = [f"payments-{ENVIRONMENT}-burn-{length}" for length in ("long", "short")]
    members = (alarm("burn-long", "ALARM"), alarm("burn-short", "OK"))
    cloudwatch = CloudWatch(*members, rule=joined.format(*names))
    assert [each.name for each in alarms.read(cloudwatch, ENVIRONMENT)] == [
        f"payments-{ENVIRONMENT}-burn"
    ]
    alarms.check_quiet(cloudwatch, ENVIRONMENT)


def test_one_that_was_disabled_holds_up_nothing() -> None:
    cloudwatch = CloudWatch(alarm("errors", "ALARM", ActionsEnabled=False))
    alarms.check_quiet(cloudwatch, ENVIRONMENT)
    with pytest.raises(Refused, match="alarms-missing"):
        alarms.check_watched(cloudwatch, ENVIRONMENT)
