"""ECS: the settings of a service that moto takes at an update only."""

from __future__ import annotations

from typing import Any

from botocore import xform_name
from moto.ecs.responses import EC2ContainerServiceResponse

from harness.aws.supplement.registry import mend

_FORGOTTEN = (
    "availabilityZoneRebalancing",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
)

_SETTINGS = mend(
    "ecs:CreateService",
    reason="forgets deployment settings, grace period, rebalancing and managed tags",
    observed="second plan of aws_ecs_service wanted to set them again",
)


@_SETTINGS.around(EC2ContainerServiceResponse, "create_service")
def _create_service(original: Any, response: EC2ContainerServiceResponse) -> Any:
    answer = original(response)
    for setting in _FORGOTTEN:
        given = response._get_param(setting)
        if given is not None:
            setattr(answer.result["service"], xform_name(setting), given)
    return answer
