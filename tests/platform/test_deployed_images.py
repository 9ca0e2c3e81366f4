"""Dockerfile, deployed task definition and local process: the same command and the same limits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from harness.dockerfile import Dockerfile
from harness.platform import REPOSITORY
from harness.testing import pci

if TYPE_CHECKING:
    from harness.platform import Platform

SERVICES = ("fraud_detection", "merchant_dashboard")


@dataclass(frozen=True, slots=True)
class Deployed:
    """A service as ECS and its load balancer have it."""

    name: str
    service: dict[str, Any]
    container: dict[str, Any]
    target_group: dict[str, Any]

    @property
    def image(self) -> Dockerfile:
        return Dockerfile(REPOSITORY / "ecs_src" / self.name / "Dockerfile")


@pytest.fixture(scope="module", params=SERVICES)
def deployed(request: pytest.FixtureRequest, platform: Platform) -> Deployed:
    name: str = request.param
    ecs = platform.aws.client("ecs", platform.account_id)
    (cluster,) = ecs.list_clusters()["clusterArns"]
    arns = ecs.list_services(cluster=cluster)["serviceArns"]
    services = ecs.describe_services(cluster=cluster, services=arns)["services"]
    (service,) = (each for each in services if each["serviceName"].endswith(name.replace("_", "-")))
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
    (container,) = definition["taskDefinition"]["containerDefinitions"]
    (group,) = platform.aws.client("elbv2", platform.account_id).describe_target_groups(
        TargetGroupArns=[service["loadBalancers"][0]["targetGroupArn"]]
    )["TargetGroups"]
    return Deployed(name, service, container, group)


def test_the_command_is_the_images_and_the_processes(
    platform: Platform, deployed: Deployed
) -> None:
    command = deployed.image.command
    assert deployed.container["command"] == command
    assert "entryPoint" not in deployed.container
    tasks = platform.edge.tasks(deployed.service["serviceName"])
    assert len(tasks) == deployed.service["desiredCount"] > 0
    for task in tasks:
        # The local Python, and the entry that ends a process with its parent, stand for "-m".
        assert ["python", "-m", *psutil.Process(task["pid"]).cmdline()[3:]] == command


@pci("2.2.6")
def test_user_port_and_read_only_root_are_the_images(
    platform: Platform, deployed: Deployed
) -> None:
    image, container = deployed.image, deployed.container
    assert container["user"] == image.user
    assert container["readonlyRootFilesystem"] is True
    assert [each["containerPort"] for each in container["portMappings"]] == [image.port]
    assert {"name": "PORT", "value": str(image.port)} in container["environment"]
    assert deployed.service["loadBalancers"][0]["containerPort"] == image.port
    for task in platform.edge.tasks(deployed.service["serviceName"]):
        assert list(task["ports"]) == [str(image.port)]


def test_the_health_check_is_the_images(deployed: Deployed) -> None:
    check, group = deployed.image.health_check, deployed.target_group
    assert f"'{group['HealthCheckPath']}'" in check.command[-1]
    assert check.interval == group["HealthCheckIntervalSeconds"]
    assert check.timeout == group["HealthCheckTimeoutSeconds"]
    assert check.retries == group["UnhealthyThresholdCount"]
    assert check.start_period == deployed.service["healthCheckGracePeriodSeconds"]


@pci("6.3.2")
def test_the_image_is_the_releases_by_digest(deployed: Deployed) -> None:
    release = json.loads((REPOSITORY / "dist" / "release.json").read_text())
    assert deployed.container["image"].endswith(f"@{release['images'][deployed.name]['digest']}")
