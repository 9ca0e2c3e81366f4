"""EventBridge rules run their deployed Lambda target on demand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.edge import EdgeError, FunctionError

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

    from harness.edge import Edge

ECHO = """
def handle(event, context):
    if event.get("fail"):
        raise RuntimeError("asked to")
    return event
"""
ACCOUNT, REGION = "444444444444", "eu-west-1"


@pytest.fixture(scope="module")
def rule(deploy: Callable[..., str], session: boto3.Session) -> Callable[..., str]:
    """Create a rule with a permitted target; returns the rule's ARN."""
    events: Any = session.client("events")
    functions = session.client("lambda")
    function = deploy("sweeper", ECHO)

    def create(name: str, *, permitted: bool = True, state: str = "ENABLED", **target: Any) -> str:
        arn = events.put_rule(Name=name, ScheduleExpression="rate(1 minute)", State=state)[
            "RuleArn"
        ]
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": function, **target}])
        if permitted:
            functions.add_permission(
                FunctionName="sweeper",
                StatementId=name,
                Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com",
                SourceArn=arn,
            )
        return str(arn)

    return create


def test_a_rule_sends_a_scheduled_event(rule: Callable[..., str], edge: Edge) -> None:
    arn = rule("every-minute")
    event = edge.fire_schedule("every-minute")
    assert event.pop("id")
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "region": REGION,
        "resources": [arn],
        "detail": {},
    }


def test_a_constant_input_replaces_the_event(rule: Callable[..., str], edge: Edge) -> None:
    rule("with-input", Input=json.dumps({"limit": 5}))
    assert edge.fire_schedule("with-input") == {"limit": 5}


def test_a_failing_target_raises(rule: Callable[..., str], edge: Edge) -> None:
    rule("failing", Input='{"fail": true}')
    with pytest.raises(FunctionError, match="RuntimeError: asked to"):
        edge.fire_schedule("failing")


def test_what_keeps_a_rule_from_firing_is_explained(rule: Callable[..., str], edge: Edge) -> None:
    rule("switched-off", state="DISABLED")
    rule("not-permitted", permitted=False)
    rule("transformed", InputPath="$.detail")
    for name, message in {
        "unknown": "no rule unknown",
        "switched-off": "DISABLED: enable it",
        "not-permitted": "no permission for events.amazonaws.com",
        "transformed": "aren't supported",
    }.items():
        with pytest.raises(EdgeError, match=message):
            edge.fire_schedule(name)
