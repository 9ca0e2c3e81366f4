"""ECS: the settings of a service, when it is made and when some of them change."""

from __future__ import annotations

from typing import Any

from botocore import xform_name
from moto.ecs.models import EC2ContainerServiceBackend, Service
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
_CHANGE = mend(
    "ecs:UpdateService",
    reason="drops the circuit breaker when the percentages of a deployment change",
    observed="second plan of aws_ecs_service after changing deployment_maximum_percent",
)


@_SETTINGS.around(EC2ContainerServiceResponse, "create_service")
def _create_service(original: Any, response: EC2ContainerServiceResponse) -> Any:
    answer = original(response)
    for setting in _FORGOTTEN:
        given = response._get_param(setting)
        if given is not None:
            setattr(answer.result["service"], xform_name(setting), given)
    return answer


@_CHANGE.around(EC2ContainerServiceBackend, "update_service")
def _update_service(
    original: Any, backend: EC2ContainerServiceBackend, service_properties: dict[str, Any]
) -> Service:
    changes = service_properties.get("deployment_configuration")
    if changes:
        name = service_properties["service"].split("/")[-1]
        service = backend._get_service(service_properties.get("cluster", "default"), name)
        kept = vars(service).get("deployment_configuration", {})
        service_properties["deployment_configuration"] = {**kept, **changes}
    updated: Service = original(backend, service_properties)
    return updated
