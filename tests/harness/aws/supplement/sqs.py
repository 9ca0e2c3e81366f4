"""SQS: changing one attribute of a queue leaves the others."""

from __future__ import annotations

from typing import Any

from moto.sqs.models import Queue

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
