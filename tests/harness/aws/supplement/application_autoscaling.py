"""Application Auto Scaling: the tags of a scalable target."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError

from harness.aws.supplement.registry import mend

if TYPE_CHECKING:
    from moto.applicationautoscaling.models import FakeScalableTarget

_TAGS = mend(
    "applicationautoscaling:ListTagsForResource",
    reason="has no tags of scalable targets (500)",
    observed="aws_appautoscaling_target failed to apply",
)


@_TAGS.around(ApplicationAutoScalingResponse, "register_scalable_target")
def _register_scalable_target(original: Any, response: ApplicationAutoScalingResponse) -> str:
    answer = str(original(response))
    target = _target(response, json.loads(answer)["ScalableTargetARN"])
    _tags_of(target).update(response._get_param("Tags") or {})
    return answer


@_TAGS.instead(ApplicationAutoScalingResponse, "list_tags_for_resource")
def _list_tags_for_resource(self: ApplicationAutoScalingResponse) -> str:
    return json.dumps({"Tags": _tags_of(_asked_for(self))})


@_TAGS.instead(ApplicationAutoScalingResponse, "tag_resource")
def _tag_resource(self: ApplicationAutoScalingResponse) -> str:
    _tags_of(_asked_for(self)).update(self._get_param("Tags"))
    return "{}"


@_TAGS.instead(ApplicationAutoScalingResponse, "untag_resource")
def _untag_resource(self: ApplicationAutoScalingResponse) -> str:
    tags = _tags_of(_asked_for(self))
    for key in self._get_param("TagKeys"):
        tags.pop(key, None)
    return "{}"


def _tags_of(target: FakeScalableTarget) -> dict[str, str]:
    tags: dict[str, str] = vars(target).setdefault("tags", {})
    return tags


def _asked_for(response: ApplicationAutoScalingResponse) -> FakeScalableTarget:
    return _target(response, response._get_param("ResourceARN"))


def _target(response: ApplicationAutoScalingResponse, arn: str) -> FakeScalableTarget:
    targets = response.applicationautoscaling_backend.targets.values()
    found = [target for group in targets for target in group.values() if target.arn == arn]
    if not found:
        raise JsonRESTError("ResourceNotFoundException", f"no scalable target has the ARN {arn}")
    return found[0]
