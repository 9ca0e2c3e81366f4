"""CloudWatch Logs: the class of a group, and data protection policies (kept, not applied)."""

from __future__ import annotations

import json
import time
from typing import Any

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse

from harness.aws.supplement.registry import mend

_CLASS = mend(
    "logs:CreateLogGroup",
    reason="forgets the group's class",
    observed="second plan of aws_cloudwatch_log_group wanted to replace the group",
)
_PROTECTION = mend(
    "logs:PutDataProtectionPolicy",
    reason="has no data protection policies (500)",
    observed="aws_cloudwatch_log_data_protection_policy failed to apply",
)


@_CLASS.around(LogsResponse, "create_log_group")
def _create_log_group(original: Any, response: LogsResponse) -> Any:
    answer = original(response)
    group = _group(response, response._get_param("logGroupName"))
    vars(group)["log_class"] = response._get_param("logGroupClass") or "STANDARD"
    return answer


@_CLASS.around(LogGroup, "to_describe_dict")
def _to_describe_dict(original: Any, group: LogGroup) -> dict[str, Any]:
    log_class = vars(group).get("log_class", "STANDARD")
    return {**original(group), "logGroupClass": log_class, "logGroupArn": group.arn}


@_PROTECTION.instead(LogsResponse, "put_data_protection_policy")
def _put_data_protection_policy(self: LogsResponse) -> str:
    group = _group(self, self._get_param("logGroupIdentifier"))
    vars(group)["protection"] = {
        "policyDocument": self._get_param("policyDocument"),
        "lastUpdatedTime": int(time.time() * 1000),
    }
    return _protection_of(self)


@_PROTECTION.instead(LogsResponse, "get_data_protection_policy")
def _get_data_protection_policy(self: LogsResponse) -> str:
    return _protection_of(self)


@_PROTECTION.instead(LogsResponse, "delete_data_protection_policy")
def _delete_data_protection_policy(self: LogsResponse) -> str:
    vars(_group(self, self._get_param("logGroupIdentifier"))).pop("protection", None)
    return "{}"


def _protection_of(response: LogsResponse) -> str:
    identifier = response._get_param("logGroupIdentifier")
    protection = vars(_group(response, identifier)).get("protection", {})
    return json.dumps({"logGroupIdentifier": identifier, **protection})


def _group(response: LogsResponse, name_or_arn: str) -> LogGroup:
    name = name_or_arn.rpartition(":log-group:")[2].removesuffix(":*")
    if name not in response.logs_backend.groups:
        raise ResourceNotFoundException
    return response.logs_backend.groups[name]
