"""What ECS, Container Insights and load balancers measure of the tasks that run here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.deploying import PrivateNetwork
from harness.edge import Edge, EdgeError
from harness.monitored import statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import boto3

    from harness.aws import EmbeddedAWS
    from harness.deploying import Balancer

BUSY = """
import http.server, os, threading

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

def work():
    while True:
        sum(range(10_000))

ballast = bytearray(64 * 1024 * 1024)
threading.Thread(target=work, daemon=True).start()
address = os.environ["BIND_HOST"], int(os.environ["PORT"])
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
PLACE = {"ClusterName": "services", "ServiceName": "busy"}


@pytest.fixture(scope="module")
def network(session: boto3.Session) -> PrivateNetwork:
    return PrivateNetwork(session)


@pytest.fixture(scope="module")
def balancer(network: PrivateNetwork) -> Balancer:
    return network.balancer("busy")


@pytest.fixture(scope="module")
def definition(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("image")
    (folder / "busy.py").write_text(BUSY)
    variables = {"PYTHONPATH": str(folder), "PORT": "8080"}
    return {
        "command": ["python", "-m", "busy"],
        "environment": [{"name": name, "value": value} for name, value in variables.items()],
    }


@pytest.fixture(scope="module")
def running(
    aws: EmbeddedAWS,
    start: Callable[[EmbeddedAWS], Edge],
    network: PrivateNetwork,
    balancer: Balancer,
    definition: dict[str, Any],
) -> Iterator[Edge]:
    network.service("busy", network.task_definition("busy", definition), balancer, count=2)
    insights = [{"name": "containerInsights", "value": "enabled"}]
    network.client("ecs").update_cluster(cluster="services", settings=insights)
    pattern = {"source": ["aws.ecs"], "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}}
    network.client("events").put_rule(Name="failed", EventPattern=json.dumps(pattern))
    with start(aws) as edge:
        yield edge


@pytest.fixture
def measured(running: Edge, network: PrivateNetwork) -> Callable[..., dict[str, Any]]:
    def look(namespace: str, name: str, **dimensions: str) -> dict[str, Any]:
        running.flush_metrics()
        return statistics(network.client("cloudwatch"), namespace, name, **dimensions)

    return look


def test_wanted_and_running_tasks_are_counted(measured: Callable[..., dict[str, Any]]) -> None:
    for name in ("DesiredTaskCount", "RunningTaskCount"):
        assert measured("ECS/ContainerInsights", name, **PLACE)["Maximum"] == 2


def test_use_is_a_share_of_what_the_task_was_given(
    measured: Callable[..., dict[str, Any]],
) -> None:
    """A quarter of a processor and 512 MiB, of which the task fills more than 64."""
    measured("AWS/ECS", "CPUUtilization", **PLACE)  # use is counted from look to look
    used = measured("AWS/ECS", "CPUUtilization", **PLACE)
    assert (used["Minimum"] >= 0, used["Maximum"] > 20, used["Unit"]) == (True, True, "Percent")
    assert 12.5 < measured("AWS/ECS", "MemoryUtilization", **PLACE)["Maximum"] < 100
    assert measured("AWS/ECS", "MemoryUtilization", ClusterName="services")["SampleCount"] >= 2


def test_targets_are_counted_by_their_health(
    measured: Callable[..., dict[str, Any]], balancer: Balancer
) -> None:
    place = {
        "LoadBalancer": balancer.arn.partition(":loadbalancer/")[2],
        "TargetGroup": balancer.group_arn.rpartition(":")[2],
    }
    assert place["LoadBalancer"].startswith("net/busy/")
    assert measured("AWS/NetworkELB", "HealthyHostCount", **place)["Maximum"] == 2
    unhealthy = measured("AWS/NetworkELB", "UnHealthyHostCount", **place)
    assert (unhealthy["Maximum"], unhealthy["SampleCount"] > 0) == (0, True)


def test_a_deployment_that_fails_is_an_event(
    running: Edge,
    network: PrivateNetwork,
    definition: dict[str, Any],
    measured: Callable[..., dict[str, Any]],
) -> None:
    ecs = network.client("ecs")
    place = {"cluster": "services", "service": "busy"}
    (service,) = ecs.describe_services(cluster="services", services=["busy"])["services"]
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    assert measured("AWS/Events", "MatchedEvents", RuleName="failed") == {}
    broken = network.task_definition("busy", {**definition, "command": ["python", "-m", "absent"]})
    ecs.update_service(**place, taskDefinition=broken, deploymentConfiguration=breaker)
    with pytest.raises(EdgeError, match="absent"):
        running.reload()
    assert measured("AWS/Events", "MatchedEvents", RuleName="failed")["Sum"] == 1
    ecs.update_service(**place, taskDefinition=service["taskDefinition"])
    running.reload()
