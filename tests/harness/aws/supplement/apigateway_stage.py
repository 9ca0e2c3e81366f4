"""Stages: settings per method, in API Gateway's own defaults and types."""

from __future__ import annotations

import time
from typing import Any

from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.models import Stage

from harness.aws.supplement.apigateway_api import unescape
from harness.aws.supplement.registry import mend

METHOD_SETTINGS = {
    "metrics/enabled",
    "logging/loglevel",
    "logging/dataTrace",
    "throttling/burstLimit",
    "throttling/rateLimit",
    "caching/enabled",
    "caching/ttlInSeconds",
    "caching/dataEncrypted",
    "caching/requireAuthorizationForCacheControl",
    "caching/unauthorizedCacheControlHeaderStrategy",
}

_SETTINGS = mend(
    "apigateway:UpdateStage",
    reason="loses settings of methods below the first path level and removals, returns their paths"
    " unescaped, with limits of 1000 and 2000 where API Gateway has 10000 and 5000",
    observed="second plan of aws_api_gateway_method_settings for one method",
)
_DATES = mend(
    "apigateway:GetStage",
    reason="returns no dates, and nulls for absent settings",
    observed="boto3 get_stage",
)


@_SETTINGS.around(Stage, "apply_operations")
def _apply_operations(original: Any, stage: Stage, operations: list[dict[str, Any]]) -> Stage:
    others = [each for each in operations if not _apply(stage, each)]
    vars(stage)["updated_at"] = int(time.time())
    original(stage, others)
    return stage


def _apply(stage: Stage, operation: dict[str, Any]) -> bool:
    """Apply a method setting, a variable or a removal; return whether it was one."""
    path = operation["path"].removeprefix("/")
    removes = operation["op"] == "remove"
    method, setting = _split_setting(path)
    if setting and not removes:
        stage._patch_method_setting(_settings_key(method), setting, operation["value"])
    elif removes and (key := _settings_key(unescape(path))) in stage.method_settings:
        stage.method_settings.pop(key)
    elif path == "deploymentId" and not removes:
        stage.deployment_id = operation["value"]
    elif path == "variables" and removes:
        stage.variables.clear()
    elif operation["op"] not in ("add", "replace", "remove"):
        raise BadRequestException(f"Invalid patch operation {operation['op']} on /{path}")
    else:
        return False
    return True


def _settings_key(method: str) -> str:
    """A method as API Gateway returns it: the slashes of a path with several are `~1`."""
    path, _, verb = method.rpartition("/")
    if "/" in path:
        path = "~1" + path.strip("/").replace("/", "~1")
    return f"{path}/{verb}"


def _split_setting(path: str) -> tuple[str, str | None]:
    """Split ``pets/GET/throttling/rateLimit`` into the method's key and the setting."""
    method, _, name = path.rpartition("/")
    method, _, group = method.rpartition("/")
    setting = f"{group}/{name}"
    return method, setting if setting in METHOD_SETTINGS else None


@_SETTINGS.around(Stage, "_get_default_method_settings")
def _default_method_settings(original: Any, stage: Stage) -> dict[str, Any]:
    return {
        **original(stage),
        "loggingLevel": "OFF",
        "cacheDataEncrypted": False,
        "throttlingRateLimit": 10_000.0,
        "throttlingBurstLimit": 5_000,
    }


@_DATES.around(Stage, "to_json")
def _to_json(original: Any, stage: Stage) -> dict[str, Any]:
    answer = original(stage)
    created = vars(stage).setdefault("created_at", int(time.time()))
    answer |= {"createdDate": created, "lastUpdatedDate": vars(stage).get("updated_at", created)}
    return {key: value for key, value in answer.items() if value is not None}
