"""ECS services as processes: environment, log, role, replacement, roll and end."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from harness.deploying import PrivateNetwork
from harness.edge import Edge, EdgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import boto3

    from harness.aws import EmbeddedAWS
    from harness.deploying import Balancer

ACCOUNT, REGION = "444444444444", "eu-west-1"
DOMAIN = "shop.internal.example"
SOURCE = """
import http.server, json, os, pathlib, signal, sys, threading, time

sick = pathlib.Path(os.environ.get("SICK_FILE", "/nonexistent"))

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, answer = 200, {"pid": os.getpid(), "revision": os.environ.get("REVISION")}
        if self.path == "/health":
            status = 503 if sick.exists() else 200
        elif self.path == "/environment":
            answer = dict(os.environ)
        elif self.path == "/arguments":
            answer = sys.argv[1:]
        elif self.path == "/caller":
            import boto3
            answer = boto3.client("sts").get_caller_identity()["Arn"]
        elif self.path == "/slow":
            time.sleep(30)
        elif self.path == "/child":
            import subprocess
            answer = subprocess.Popen(["sleep", "60"]).pid
        body = json.dumps(answer).encode()
        self.send_response(status)
        if stopping.is_set():
            self.send_header("Connection", "close")  # the next request finds another task
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

address = os.environ.get("BIND_HOST", "0.0.0.0"), int(os.environ["PORT"])
server = http.server.ThreadingHTTPServer(address, Handler)

stopping = threading.Event()

def stop(*_):
    print("stopping", flush=True)
    stopping.set()
    if "STUBBORN" not in os.environ:
        threading.Timer(1, server.shutdown).start()

signal.signal(signal.SIGTERM, stop)
print("serving", flush=True)
print("on stderr", file=sys.stderr, flush=True)
server.serve_forever()
print("stopped", flush=True)
"""
# Asks a URL and tells what came of it.
CALLER = """
import json, os, socket, ssl, urllib.request, urllib.error

def handle(event, context):
    if "variables" in event:
        return sorted(os.environ)
    if "resolve" in event:
        return socket.getaddrinfo(event["resolve"], 443)[0][4]
    try:
        with urllib.request.urlopen(event["url"], timeout=30) as answer:
            return {"status": answer.status, "body": json.loads(answer.read())}
    except urllib.error.HTTPError as error:
        return {"status": error.code}
    except OSError as error:
        return {"error": f"{type(error).__name__}: {error}"}
"""


@pytest.fixture(scope="module")
def network(session: boto3.Session) -> PrivateNetwork:
    return PrivateNetwork(session)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the image would have the service."""
    made = tmp_path_factory.mktemp("image")
    (made / "shop.py").write_text(SOURCE)
    return made


@pytest.fixture(scope="module")
def container(folder: Path, network: PrivateNetwork) -> Callable[..., dict[str, Any]]:
    """A container definition that serves ``shop``, with more variables."""
    logs = network.client("logs")
    logs.create_log_group(logGroupName="/ecs/shop")

    def make(**variables: str) -> dict[str, Any]:
        environment = {"PYTHONPATH": str(folder), "PORT": "8080", **variables}
        return {
            "command": ["python", "-m", "shop"],
            "environment": [{"name": k, "value": v} for k, v in environment.items()],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": "/ecs/shop",
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": "ecs",
                },
            },
        }

    return make


@pytest.fixture(scope="module")
def balancer(network: PrivateNetwork) -> Balancer:
    made = network.balancer("shop", domain=DOMAIN)
    network.zone(
        "internal.example",
        [
            network.alias(DOMAIN, made),
            network.alias("other.internal.example", made),
            {
                "Name": "alias.internal.example",
                "Type": "CNAME",
                "TTL": 60,
                "ResourceRecords": [{"Value": DOMAIN}],
            },
        ],
    )
    return made


@pytest.fixture(scope="module")
def service(
    network: PrivateNetwork, balancer: Balancer, container: Callable[..., dict[str, Any]]
) -> str:
    """The service ``shop`` with two tasks, behind the load balancer."""
    secret = network.client("secretsmanager").create_secret(
        Name="shop", SecretString=json.dumps({"password": "s3cret"})
    )["ARN"]
    network.client("ssm").put_parameter(Name="/shop/color", Value="blue", Type="String")
    definition = network.task_definition(
        "shop",
        {
            **container(REVISION="1"),
            "entryPoint": ["python", "-m"],
            "command": ["shop", "--fast"],
            "secrets": [
                {"name": "PASSWORD", "valueFrom": f"{secret}:password::"},
                {"name": "COLOR", "valueFrom": "/shop/color"},
            ],
            "stopTimeout": 5,
        },
        taskRoleArn=network.role("shop-task"),
        executionRoleArn=network.role("shop-execution"),
    )
    return network.service("shop", definition, balancer, count=2)


@pytest.fixture(scope="module")
def running(
    aws: EmbeddedAWS,
    start: Callable[[EmbeddedAWS], Edge],
    deploy: Callable[..., str],
    network: PrivateNetwork,
    service: str,
) -> Iterator[Edge]:
    assert service
    inside = {"SubnetIds": [network.subnet], "SecurityGroupIds": [network.security_group]}
    deploy("caller", CALLER, Timeout=40, VpcConfig=inside)
    deploy("outsider", CALLER)
    with start(aws) as edge:
        yield edge


def ask(edge: Edge, path: str, host: str = DOMAIN) -> Any:
    return edge.invoke("caller", {"url": f"https://{host}{path}"})


def until(condition: Callable[[], bool], seconds: float = 25) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it didn't come true in time"
        time.sleep(0.05)


def registered(network: PrivateNetwork, balancer: Balancer) -> set[str]:
    described = network.client("elbv2").describe_target_health(TargetGroupArn=balancer.group_arn)
    return {each["Target"]["Id"] for each in described["TargetHealthDescriptions"]}


def test_tasks_run_as_deployed(running: Edge, network: PrivateNetwork, balancer: Balancer) -> None:
    (shop,) = running.services()
    assert (shop["steady"], shop["healthy"], shop["rollout"]) == (True, 2, "COMPLETED")
    tasks = running.tasks("shop")
    assert {task["task_definition"] for task in tasks} == {"shop:1"}
    assert all(task["address"].startswith("10.20.1.") for task in tasks)
    assert registered(network, balancer) == {task["address"] for task in tasks}
    assert running.tasks("unknown") == []


def test_a_task_sees_its_environment_and_nothing_of_the_machine(running: Edge) -> None:
    seen = ask(running, "/environment")["body"]
    assert seen["REVISION"] == "1"
    assert seen["PASSWORD"] == "s3cret"
    assert seen["COLOR"] == "blue"
    assert seen["BIND_HOST"] == "127.0.0.1"
    ports = {str(port) for task in running.tasks("shop") for port in task["ports"].values()}
    assert seen["PORT"] in ports
    assert "8080" not in ports
    assert not {"VIRTUAL_ENV", "USER", "PWD", "AWS_ACCESS_KEY_ID"} & set(seen)
    assert ask(running, "/arguments")["body"] == ["--fast"]


def test_a_task_has_the_credentials_of_its_role(running: Edge) -> None:
    arn = ask(running, "/caller")["body"]
    assert arn.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/shop-task/")
    assert arn.rpartition("/")[2] in {task["id"] for task in running.tasks("shop")}


def test_what_a_task_prints_is_in_its_log(running: Edge, network: PrivateNetwork) -> None:
    running.flush_logs()
    task = running.tasks("shop")[0]
    events = network.client("logs").get_log_events(
        logGroupName="/ecs/shop", logStreamName=f"ecs/shop/{task['id']}"
    )["events"]
    assert [event["message"] for event in events] == ["serving", "on stderr"]


def test_names_of_the_network_resolve_in_functions(running: Edge, balancer: Balancer) -> None:
    address, port = running.invoke("caller", {"resolve": DOMAIN})
    assert (address[:8], port) == ("10.20.1.", 443)
    assert ask(running, "/health")["status"] == 200
    # Without the port's listener there is nobody, and nothing of this machine answers instead.
    assert "nothing was deployed that listens" in ask(running, "/health", f"{DOMAIN}:8443")["error"]
    # The balancer's own name, an alias of another name and a CNAME lead there, but the
    # certificate isn't for them.
    for host in (balancer.dns_name, "other.internal.example", "alias.internal.example"):
        assert "CERTIFICATE_VERIFY_FAILED" in ask(running, "/health", host)["error"]


def test_a_function_outside_the_network_knows_no_private_names(running: Edge) -> None:
    answer = running.invoke("outsider", {"url": f"https://{DOMAIN}/health"})
    assert "URLError" in answer["error"]
    assert "PRIVATE_NETWORK_FILE" not in running.invoke("outsider", {"variables": True})


def test_a_killed_task_is_replaced_and_others_answer(
    running: Edge, network: PrivateNetwork, balancer: Balancer
) -> None:
    before = running.tasks("shop")
    running.kill_task(before[0]["id"])
    until(lambda: before[0]["address"] not in registered(network, balancer))
    until(lambda: running.services()[0]["steady"])
    after = running.tasks("shop")
    assert before[1]["id"] in {task["id"] for task in after}
    assert before[0]["id"] not in {task["id"] for task in after}
    answers = {ask(running, "/")["body"]["pid"] for _ in range(6)}
    assert answers == {task["pid"] for task in after}
    stopped = running.services()[0]["stopped"][-1]
    assert stopped["id"] == before[0]["id"]
    assert "signal SIGKILL" in stopped["reason"]
    with pytest.raises(EdgeError, match="No task"):
        running.kill_task(before[0]["id"])


def test_the_client_of_a_killed_task_sees_its_connection_end(running: Edge) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(ask, running, "/slow")
        connections = psutil.Process(running.pid)
        time.sleep(1)
        assert connections.is_running()
        for task in running.tasks("shop"):
            running.kill_task(task["id"])
        error = waiting.result(timeout=20)["error"]
    assert "closed" in error or "reset" in error.lower()
    until(lambda: running.services()[0]["steady"])


def test_services_roll_without_a_gap(
    running: Edge,
    network: PrivateNetwork,
    service: str,
    container: Callable[..., dict[str, Any]],
) -> None:
    before = running.tasks("shop")
    definition = network.task_definition("shop", container(REVISION="2"))
    network.client("ecs").update_service(
        cluster="services", service=service, taskDefinition=definition
    )
    with ThreadPoolExecutor(1) as threads:
        reloading = threads.submit(running.reload)
        answers = []
        while not reloading.done():
            answers.append(ask(running, "/"))
        reloading.result()
    assert {answer.get("status") for answer in answers} == {200}
    assert ask(running, "/")["body"]["revision"] == "2"
    assert {task["task_definition"] for task in running.tasks("shop")} == {"shop:2"}
    for task in before:
        until(lambda pid=task["pid"]: not psutil.pid_exists(pid))  # type: ignore[misc]


def test_a_revision_that_doesnt_start_leaves_the_old_one_serving(
    running: Edge, network: PrivateNetwork, service: str, container: Callable[..., dict[str, Any]]
) -> None:
    ecs = network.client("ecs")
    serving = running.tasks("shop")[0]["task_definition"]
    broken = {**container(), "command": ["python", "-m", "shop_misspelt"]}
    definition = network.task_definition("shop", broken)
    ecs.update_service(cluster="services", service=service, taskDefinition=definition)
    with pytest.raises(EdgeError, match=r"exit code 1.*No module named shop_misspelt"):
        running.reload()
    assert ask(running, "/")["status"] == 200
    assert serving in {task["task_definition"] for task in running.tasks("shop")}
    ecs.update_service(cluster="services", service=service, taskDefinition=serving)
    running.reload()
    assert running.services()[0]["steady"]


def test_a_service_follows_its_desired_count(
    running: Edge, network: PrivateNetwork, service: str
) -> None:
    ecs = network.client("ecs")
    for count in (0, 2):
        ecs.update_service(cluster="services", service=service, desiredCount=count)
        running.reload()
        assert len(running.tasks("shop")) == count


@pytest.fixture(scope="module")
def gateway(running: Edge, network: PrivateNetwork, balancer: Balancer) -> str:
    """The address of an API whose every path leads to the service."""
    integration = {
        "type": "http_proxy",
        "httpMethod": "ANY",
        "uri": f"https://{DOMAIN}/{{proxy}}",
        "connectionType": "VPC_LINK",
        "connectionId": network.vpc_link(balancer),
        "timeoutInMillis": 5000,
        "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
    }
    operation = {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": integration,
    }
    paths = {"/{proxy+}": {"x-amazon-apigateway-any-method": operation}}
    document = {"openapi": "3.0.3", "info": {"title": "shop", "version": "1"}, "paths": paths}
    client = network.client("apigateway")
    api = client.import_rest_api(body=json.dumps(document))["id"]
    client.create_deployment(restApiId=api, stageName="live")
    running.reload()
    return running.invoke_url(api, "live")


class Visitors:
    """Several clients that ask again and again; a context manager."""

    def __init__(self, url: str, count: int = 4) -> None:
        self.statuses: list[int] = []
        self._url = url
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(count)]

    def _visit(self) -> None:
        with httpx.Client(timeout=20) as client:
            while not self._ending.is_set():
                self.statuses.append(client.get(self._url).status_code)

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()


def test_killing_a_task_costs_the_requests_it_had_and_no_others(
    running: Edge, gateway: str
) -> None:
    with Visitors(f"{gateway}/pid") as visitors:
        until(lambda: len(visitors.statuses) > 100)
        running.kill_task(running.tasks("shop")[0]["id"])
        before = len(visitors.statuses)
        until(lambda: len(visitors.statuses) > before + 200)
        until(lambda: running.services()[0]["steady"])
    failed = [status for status in visitors.statuses if status != 200]
    assert len(failed) <= 4  # one for each client at most
    assert set(failed) <= {504}


def test_the_gateways_requests_survive_a_roll(
    running: Edge,
    network: PrivateNetwork,
    service: str,
    container: Callable[..., dict[str, Any]],
    gateway: str,
) -> None:
    definition = network.task_definition("shop", container(REVISION="9"))
    network.client("ecs").update_service(
        cluster="services", service=service, taskDefinition=definition
    )
    with Visitors(f"{gateway}/revision") as visitors:
        running.reload()
        asked = len(visitors.statuses)
        until(lambda: len(visitors.statuses) > asked + 100)
    assert set(visitors.statuses) == {200}
    assert httpx.get(f"{gateway}/revision").json()["revision"] == "9"


class TestAloneServices:
    """Each with an edge of its own."""

    @pytest.fixture
    def alone(
        self, network: PrivateNetwork, service: str
    ) -> Iterator[Callable[..., tuple[str, Balancer]]]:
        """Deploy another service for the time of a test, with the shared one away."""
        ecs = network.client("ecs")
        ecs.update_service(cluster="services", service=service, desiredCount=0)
        made: list[tuple[str, Balancer]] = []

        def make(name: str, container: dict[str, Any], *, count: int = 1) -> tuple[str, Balancer]:
            balancer = network.balancer(name)
            definition = network.task_definition(name, container)
            made.append((network.service(name, definition, balancer, count=count), balancer))
            return made[-1]

        yield make
        balancing = network.client("elbv2")
        for arn, balancer in made:
            ecs.delete_service(cluster="services", service=arn, force=True)
            balancing.delete_load_balancer(LoadBalancerArn=balancer.arn)
        ecs.update_service(cluster="services", service=service, desiredCount=2)

    def test_a_task_that_dies_at_start_is_tried_again_and_says_why(
        self,
        aws: EmbeddedAWS,
        start: Callable[[EmbeddedAWS], Edge],
        container: Callable[..., dict[str, Any]],
        alone: Callable[..., Any],
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        alone("dying", {**container(), "command": ["python", "-m", "absent"]})
        with start(aws) as edge:
            found = next(each for each in edge.services() if each["name"] == "dying")
            assert found["failures"] >= 3
            assert not found["steady"]
            assert "No module named absent" in found["last_failure"]
            assert found["stopped"][-1]["stop_code"] == "EssentialContainerExited"
            tried = found["failures"]
            time.sleep(0.3)  # the next start is a second away
            again = next(each for each in edge.services() if each["name"] == "dying")
            assert again["failures"] <= tried + 1
        assert "0 of 1 tasks healthy; dying:1" in capfd.readouterr().err

    def test_an_unhealthy_task_gets_no_connections_and_is_replaced(
        self,
        aws: EmbeddedAWS,
        start: Callable[[EmbeddedAWS], Edge],
        container: Callable[..., dict[str, Any]],
        alone: Callable[..., Any],
        network: PrivateNetwork,
        tmp_path: Path,
    ) -> None:
        sick = tmp_path / "sick"
        _, balancer = alone("ailing", container(SICK_FILE=str(sick)))
        with start(aws) as edge:
            (task,) = edge.tasks("ailing")
            sick.touch()
            until(lambda: task["address"] not in registered(network, balancer))
            sick.unlink()
            until(lambda: task["id"] not in {each["id"] for each in edge.tasks("ailing")})
            found = next(each for each in edge.services() if each["name"] == "ailing")
            assert "failed with these codes: [503]" in found["stopped"][-1]["reason"]
            until(
                lambda: next(each for each in edge.services() if each["name"] == "ailing")["steady"]
            )

    def test_a_task_is_asked_to_stop_and_then_killed(
        self,
        aws: EmbeddedAWS,
        start: Callable[[EmbeddedAWS], Edge],
        container: Callable[..., dict[str, Any]],
        alone: Callable[..., Any],
        network: PrivateNetwork,
    ) -> None:
        alone("polite", container())
        alone("stubborn", {**container(STUBBORN="1"), "stopTimeout": 2})
        edge = start(aws)
        ids = {task["service"]: task["id"] for task in edge.tasks()}
        pids = [task["pid"] for task in edge.tasks()]
        began = time.monotonic()
        edge.close()
        assert 2 <= time.monotonic() - began < 6
        assert not any(psutil.pid_exists(pid) for pid in pids)

        def messages(name: str) -> list[str]:
            events = network.client("logs").get_log_events(
                logGroupName="/ecs/shop", logStreamName=f"ecs/{name}/{ids[name]}"
            )["events"]
            return [event["message"] for event in events]

        assert messages("polite")[-2:] == ["stopping", "stopped"]
        assert messages("stubborn")[-1:] == ["stopping"]

    def test_no_task_outlives_a_killed_edge(
        self,
        aws: EmbeddedAWS,
        start: Callable[[EmbeddedAWS], Edge],
        container: Callable[..., dict[str, Any]],
        alone: Callable[..., Any],
    ) -> None:
        alone("orphan", container(STUBBORN="1"))
        edge = start(aws)
        (task,) = edge.tasks()
        (port,) = task["ports"].values()
        child = httpx.get(f"http://127.0.0.1:{port}/child").json()
        os.kill(edge.pid, signal.SIGKILL)
        edge.close()
        until(lambda: not psutil.pid_exists(task["pid"]))
        until(lambda: not psutil.pid_exists(child) or _is_zombie(child))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"command": ["/bin/server"]}, "spelled out in the task definition"),
            ({"command": []}, "the command of its image"),
            ({"logConfiguration": {"logDriver": "awsfirelens"}}, "logs by awsfirelens"),
        ],
    )
    def test_what_cannot_run_here_is_refused_by_name(
        self,
        aws: EmbeddedAWS,
        start: Callable[[EmbeddedAWS], Edge],
        container: Callable[..., dict[str, Any]],
        alone: Callable[..., Any],
        change: dict[str, Any],
        message: str,
    ) -> None:
        name = f"odd-{base64.b16encode(message[:4].encode()).decode().lower()}"
        alone(name, {**container(), **change})
        with pytest.raises(EdgeError, match=f"The container {name} of {name}:1 .*{message}"):
            start(aws)


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
