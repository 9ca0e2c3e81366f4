"""The edge's CPU beside a bare ASGI server, and its latency beside MiniStack's gateway."""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import psutil

from harness.aws import EmbeddedAWS
from harness.bench import route
from harness.bench.figures import Figure
from harness.bench.guarded import Guarded
from harness.edge import Edge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ACCOUNT = "444444444444"
REGION = "eu-west-1"
BLOCKS = 7
ROUNDS_A_BLOCK = 100
CONNECTIONS = 16
LATENCY_BLOCKS = 5
LATENCY_REQUESTS_A_BLOCK = 40
START_SECONDS = 60
SHAPES = ((10, 5), (200, 5), (10, 50))  # routes, rules


class Target:
    """Kept-alive connections that send one prepared request again and again.

    Args:
        port: of a server on 127.0.0.1.
        path: of the request.
        headers: of the request; those of the connection are added.
        connections: requests that are under way at once.
    """

    def __init__(
        self, port: int, path: str, headers: Mapping[str, str], *, connections: int = 1
    ) -> None:
        lines = [f"POST {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if "host" not in {name.lower() for name in headers}:
            lines.append(f"Host: 127.0.0.1:{port}")
        lines.append(f"Content-Length: {len(route.BODY)}")
        self._request = "\r\n".join([*lines, "", ""]).encode() + route.BODY
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        for connection in self._sockets:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> None:
        """Send the request once on each connection, and read every answer.

        Raises:
            RuntimeError: an answer isn't 200.
        """
        for connection in self._sockets:
            connection.sendall(self._request)
        for connection in self._sockets:
            response = http.client.HTTPResponse(connection)
            response.begin()
            answer = response.read()
            if response.status != 200:
                raise RuntimeError(f"status {response.status}: {answer!r}")


def edge_cpu() -> Figure:
    """CPU a request of the edge with everything on, over that of the bare server."""
    with EmbeddedAWS(region=REGION) as aws, _bare_server() as (bare_pid, bare_port):
        deployed = route.deploy(lambda name: aws.client(name, ACCOUNT), REGION, ACCOUNT)
        with edge_on(aws) as edge:
            url = f"{edge.invoke_url(deployed.api_id, route.STAGE)}/mock"
            path = url.removeprefix(edge.url)
            targets: dict[object, tuple[int, Target]] = {
                "edge": (
                    edge.pid,
                    Target(port_of(edge), path, deployed.headers(url), connections=CONNECTIONS),
                ),
                "bare": (
                    bare_pid,
                    Target(bare_port, path, deployed.headers(url), connections=CONNECTIONS),
                ),
            }
            spent = _interleaved(targets)
    ours, bare = spent["edge"], spent["bare"]
    return Figure(
        name="Edge CPU a request: SigV4, IAM, key, throttles and validation on",
        ours=f"{ours:.0f} µs",
        reference=f"{bare:.0f} µs, bare ASGI server",
        ratio=ours / bare,
        aim="under 150 µs",
    )


def edge_scaling() -> list[Figure]:
    """CPU a request behind a web ACL, over the bare server, and over fewer routes and rules."""
    with EmbeddedAWS(region=REGION) as aws, _bare_server() as (bare_pid, bare_port):
        guarded = Guarded(lambda name: aws.client(name, ACCOUNT), REGION, ACCOUNT)
        deployed = {
            (routes, rules): guarded.deploy(routes=routes, rules=rules) for routes, rules in SHAPES
        }
        with edge_on(aws) as edge:
            targets: dict[object, tuple[int, Target]] = {}
            for shape, (api, path) in deployed.items():
                url = f"{edge.invoke_url(api.api_id, route.STAGE)}{path}"
                local = url.removeprefix(edge.url)
                headers = api.headers(url)
                sender = Target(port_of(edge), local, headers, connections=CONNECTIONS)
                targets[shape] = edge.pid, sender
            bare = Target(bare_port, local, headers, connections=CONNECTIONS)
            spent = _interleaved({**targets, "bare": (bare_pid, bare)})
    few, many_routes, many_rules = (spent[shape] for shape in SHAPES)
    return [
        Figure(
            name="Edge CPU a request behind a web ACL: 5 rules, 10 routes, all logged",
            ours=f"{few:.0f} µs",
            reference=f"{spent['bare']:.0f} µs, bare ASGI server",
            ratio=few / spent["bare"],
            aim="",
        ),
        _growth("10 to 200 routes", many_routes, few),
        _growth("5 to 50 rules", many_rules, few),
    ]


def _growth(step: str, more: float, few: float) -> Figure:
    return Figure(
        name=f"Edge CPU a request, from {step}",
        ours=f"{more:.0f} µs",
        reference=f"{few:.0f} µs, with the fewer",
        ratio=more / few,
        aim="flat: 1.1" if "routes" in step else "flat but for the rules that look: 1.3",
    )


def _interleaved(targets: Mapping[object, tuple[int, Target]]) -> dict[object, float]:
    """Median CPU a request in microseconds, the targets taking turns."""
    cpu: dict[object, list[float]] = {name: [] for name in targets}
    for _, target in targets.values():
        repeat(target.send, ROUNDS_A_BLOCK)
    for _ in range(BLOCKS):
        for name, (pid, target) in targets.items():
            before = cpu_seconds(pid)
            repeat(target.send, ROUNDS_A_BLOCK)
            spent = cpu_seconds(pid) - before
            cpu[name].append(spent / (ROUNDS_A_BLOCK * CONNECTIONS) * 1e6)
    return {name: statistics.median(each) for name, each in cpu.items()}


def edge_latency(ministack: Path | None) -> Figure:
    """Median latency through the edge to a function, over MiniStack's gateway and function."""
    name = "Edge latency p50: one route to one Lambda function"
    if ministack is None:
        return Figure(name, "not measured", "no MiniStack: run `make bench`", None, "20 times")
    with EmbeddedAWS(region=REGION) as aws, _ministack(ministack) as (port, client):
        ours = route.deploy(lambda service: aws.client(service, ACCOUNT), REGION, ACCOUNT)
        theirs = route.deploy(client, REGION, "000000000000")
        with edge_on(aws) as edge:
            url = f"{edge.invoke_url(ours.api_id, route.STAGE)}/function"
            their_path = f"/restapis/{theirs.api_id}/{route.STAGE}/_user_request_/function"
            their_url = f"http://127.0.0.1:{port}{their_path}"
            targets = {
                "edge": Target(port_of(edge), url.removeprefix(edge.url), ours.headers(url)),
                "ministack": Target(port, their_path, theirs.headers(their_url)),
            }
            latencies: dict[str, list[float]] = {target: [] for target in targets}
            for target in targets.values():
                repeat(target.send, LATENCY_REQUESTS_A_BLOCK)
            for _ in range(LATENCY_BLOCKS):
                for which, target in targets.items():
                    latencies[which] += _latencies(target.send, LATENCY_REQUESTS_A_BLOCK)
    mine, other = (statistics.median(latencies[which]) * 1e3 for which in ("edge", "ministack"))
    return Figure(
        name, f"{mine:.1f} ms", f"{other:.1f} ms, MiniStack's gateway", other / mine, "20 times"
    )


def repeat(send: Callable[[], None], times: int) -> None:
    """Send so often."""
    for _ in range(times):
        send()


def _latencies(send: Callable[[], None], times: int) -> list[float]:
    latencies = []
    for _ in range(times):
        started = time.perf_counter()
        send()
        latencies.append(time.perf_counter() - started)
    return latencies


def cpu_seconds(pid: int) -> float:
    """CPU of a process, without its children: workers and servers are processes of their own."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def port_of(edge: Edge) -> int:
    """Give the port that an edge listens on."""
    return int(edge.url.rpartition(":")[2])


def edge_on(aws: EmbeddedAWS) -> Edge:
    """Start an edge of the bench's account."""
    return Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region=REGION,
        environment=aws.environment(ACCOUNT),
    )


@contextmanager
def _bare_server() -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "harness.bench.bare"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    try:
        if process.stdout is None:
            raise RuntimeError("the bare server has no output")
        yield process.pid, json.loads(process.stdout.readline())["port"]
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _ministack(python: Path) -> Iterator[tuple[int, Callable[[str], Any]]]:
    """Run MiniStack from the environment of its own that `python` belongs to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen(  # noqa: S603 - the pinned package
        [str(python), "-m", "ministack"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_port(port, process)
        session: Any = boto3.Session("test", "test", region_name=REGION)
        yield port, lambda name: session.client(name, endpoint_url=f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError("MiniStack didn't start") from None
            time.sleep(0.1)
        else:
            return
