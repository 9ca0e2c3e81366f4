"""Runs the Lambda target of a deployed EventBridge rule, as its schedule would."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from harness.edge.permissions import may_invoke
from harness.runtime.service import parse_arn

if TYPE_CHECKING:
    import boto3

    from harness.runtime.service import Key


class ScheduleError(Exception):
    """The rule can't fire; says what to change in its deployment."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What the rule would send: a payload to a function."""

    function: Key
    payload: bytes


class Scheduler:
    """Reads rules of the default event bus. Blocking: call it off the event loop."""

    def __init__(self, session: boto3.Session, account_id: str) -> None:
        self._events = session.client("events")
        self._lambda = session.client("lambda")
        self._account_id = account_id
        self._region = session.region_name

    def aim(self, rule_name: str) -> Shot:
        """The function and event of a rule.

        Raises:
            ScheduleError: there is no such rule, it is disabled, doesn't have exactly one
                Lambda target, or may not invoke it.
            DeploymentError: the target isn't a function of this account.
        """
        try:
            rule = self._events.describe_rule(Name=rule_name)
        except self._events.exceptions.ResourceNotFoundException as error:
            raise ScheduleError(f"There is no rule {rule_name} on the default bus.") from error
        if rule["State"] != "ENABLED":
            raise ScheduleError(f"The rule {rule_name} is {rule['State']}: enable it.")
        targets = self._events.list_targets_by_rule(Rule=rule_name)["Targets"]
        functions = [target for target in targets if ":lambda:" in target["Arn"]]
        if len(functions) != 1:
            raise ScheduleError(f"The rule {rule_name} has {len(functions)} Lambda targets, not 1.")
        target = functions[0]
        function = parse_arn(target["Arn"], self._account_id, self._region)
        self._check_permission(function, target["Arn"], rule["Arn"])
        return Shot(function, self._payload(target, rule["Arn"]))

    def _check_permission(self, function: Key, function_arn: str, rule_arn: str) -> None:
        name, qualifier = function
        arguments = {} if qualifier is None else {"Qualifier": qualifier}
        try:
            policy = self._lambda.get_policy(FunctionName=name, **arguments)["Policy"]
        except self._lambda.exceptions.ResourceNotFoundException:
            policy = None
        if not may_invoke(
            policy,
            "events.amazonaws.com",
            source_arn=rule_arn,
            account_id=self._account_id,
            function_arn=function_arn,
        ):
            raise ScheduleError(
                f"{function_arn} has no permission for events.amazonaws.com with the source "
                f"{rule_arn}: EventBridge couldn't invoke it."
            )

    def _payload(self, target: Any, rule_arn: str) -> bytes:
        if "InputPath" in target or "InputTransformer" in target:
            raise ScheduleError(f"InputPath and InputTransformer of {rule_arn} aren't supported.")
        if "Input" in target:
            return str(target["Input"]).encode()
        now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return orjson.dumps(
            {
                "version": "0",
                "id": str(uuid4()),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": self._account_id,
                "time": now,
                "region": self._region,
                "resources": [rule_arn],
                "detail": {},
            }
        )
