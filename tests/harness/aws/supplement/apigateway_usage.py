"""Usage plans: throttles per method, numbers as numbers, and one plan a key and stage."""

from __future__ import annotations

import json
import re
from typing import Any

from moto.apigateway.exceptions import BadRequestException, ConflictException
from moto.apigateway.models import APIGatewayBackend, UsagePlan

from harness.aws.supplement.apigateway_api import unescape
from harness.aws.supplement.registry import mend

_PLAN = mend(
    "apigateway:UpdateUsagePlan",
    reason="drops throttles per method, cuts fractions off rates, returns quotas as strings, and"
    " can't remove a stage that has throttles",
    observed="changing aws_api_gateway_usage_plan.api_stages.throttle with Terraform",
)
_KEY = mend(
    "apigateway:CreateUsagePlanKey",
    reason="puts a key into several plans of one stage",
    observed="boto3 create_usage_plan_key; nothing said which of the plans applies",
)

_METHOD_THROTTLE = re.compile(
    r"/apiStages/(?P<stage>[^/]+)/throttle(?:/(?P<method>.+?))?(?:/(?P<limit>rateLimit|burstLimit))?"
)
_NUMBERS: dict[str, type[int | float]] = {
    "rateLimit": float,
    "burstLimit": int,
    "limit": int,
    "offset": int,
}
_TEXTS = {"name": "name", "description": "description", "productCode": "product_code"}


@_PLAN.instead(UsagePlan, "apply_patch_operations")
def _apply_patch_operations(self: UsagePlan, patch_operations: list[dict[str, Any]]) -> None:
    for operation in patch_operations:
        if match := _METHOD_THROTTLE.fullmatch(operation["path"]):
            _change_method_throttle(self, operation, **match.groupdict())
        elif operation["path"] == "/apiStages":
            _change_stages(self, operation)
        else:
            _change_plan(self, operation)


def _change_plan(plan: UsagePlan, operation: dict[str, Any]) -> None:
    _, field, *rest = operation["path"].split("/")
    value = None if operation["op"] == "remove" else operation.get("value")
    if field in _TEXTS:
        setattr(plan, _TEXTS[field], value)
    elif field not in ("throttle", "quota"):
        raise BadRequestException(f"Invalid patch path {operation['path']}")
    elif not rest:
        getattr(plan, field).clear()
    elif value is None:
        getattr(plan, field).pop(rest[0], None)
    else:
        getattr(plan, field)[rest[0]] = _NUMBERS.get(rest[0], str)(value)


def _change_stages(plan: UsagePlan, operation: dict[str, Any]) -> None:
    api_id, _, stage = operation["value"].partition(":")
    others = [s for s in plan.api_stages if (s["apiId"], s["stage"]) != (api_id, stage)]
    adds = operation["op"] == "add"
    plan.api_stages = [*others, {"apiId": api_id, "stage": stage}] if adds else others


def _change_method_throttle(
    plan: UsagePlan,
    operation: dict[str, Any],
    stage: str,
    method: str | None,
    limit: str | None,
) -> None:
    found = next((s for s in plan.api_stages if f"{s['apiId']}:{s['stage']}" == stage), None)
    if found is None:
        raise BadRequestException(f"The usage plan has no API stage {stage}")
    throttles = found.setdefault("throttle", {})
    removes = operation["op"] == "remove"
    if method is None:
        found["throttle"] = {} if removes else json.loads(operation["value"])
    elif removes:
        throttles.pop(unescape(method), None)
    elif limit is not None:
        limits = throttles.setdefault(unescape(method), {})
        limits[limit] = _NUMBERS[limit](operation["value"])
    else:
        raise BadRequestException(f"Invalid patch path {operation['path']}")


@_KEY.around(APIGatewayBackend, "create_usage_plan_key")
def _create_usage_plan_key(
    original: Any, backend: APIGatewayBackend, usage_plan_id: str, payload: dict[str, Any]
) -> Any:
    stages = _stages(backend.get_usage_plan(usage_plan_id))
    _refuse_overlap(backend, usage_plan_id, payload["keyId"], stages)
    return original(backend, usage_plan_id, payload)


@_KEY.around(APIGatewayBackend, "update_usage_plan")
def _update_usage_plan(
    original: Any,
    backend: APIGatewayBackend,
    usage_plan_id: str,
    patch_operations: list[dict[str, Any]],
) -> Any:
    added = {
        operation["value"]
        for operation in patch_operations
        if operation["op"] == "add" and operation["path"] == "/apiStages"
    }
    for key_id in backend.usage_plan_keys.get(usage_plan_id, {}):
        _refuse_overlap(backend, usage_plan_id, key_id, added)
    return original(backend, usage_plan_id, patch_operations)


def _refuse_overlap(
    backend: APIGatewayBackend, plan_id: str, key_id: str, stages: set[str]
) -> None:
    for other in backend.get_usage_plans(api_key_id=key_id):
        if other.id != plan_id and (shared := stages & _stages(other)):
            raise ConflictException(
                f"Usage Plan {plan_id} cannot be added because API Key {key_id} cannot reference"
                f" multiple Usage Plans with the same API stage: {min(shared)}"
            )


def _stages(plan: UsagePlan) -> set[str]:
    return {f"{each['apiId']}:{each['stage']}" for each in plan.api_stages}
