"""SQS: changing one attribute of a queue leaves the others, and how they are written."""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.models import Queue, SQSBackend

from harness.aws.supplement.registry import mend

_ATTRIBUTES = mend(
    "sqs:SetQueueAttributes",
    reason="drops the policy when any other attribute changes",
    observed="second plan of aws_sqs_queue after changing message_retention_seconds",
)


@_ATTRIBUTES.around(Queue, "_set_attributes")
def _set_attributes(
    original: Any, queue: Queue, attributes: dict[str, Any], now: float | None = None
) -> None:
    policy = queue.policy if "_policy_json" in vars(queue) else None
    original(queue, {"Policy": policy, **attributes}, now)


_REDRIVE = mend(
    "sqs:GetQueueAttributes",
    reason="writes the redrive policy with spaces, and AWS without",
    observed="second plan of aws_sqs_queue with a redrive_policy made by jsonencode",
)


@_REDRIVE.around(SQSBackend, "get_queue_attributes")
def _get_queue_attributes(
    original: Any, backend: SQSBackend, queue_name: str, attribute_names: list[str]
) -> dict[str, Any]:
    attributes: dict[str, Any] = original(backend, queue_name, attribute_names)
    if attributes.get("RedrivePolicy"):
        policy = json.loads(attributes["RedrivePolicy"])
        attributes["RedrivePolicy"] = json.dumps(policy, separators=(",", ":"))
    return attributes
