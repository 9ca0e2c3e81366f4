"""The edge ends with its parent and its workers end with it, however that comes about."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import pytest

from harness.edge import Edge, EdgeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.aws import EmbeddedAWS

ACCOUNT, REGION = "444444444444", "eu-west-1"
# Connects to the port it is given and waits there, so that a test sees it live and end.
WAITING = """
import os, socket
def handle(event, context):
    if event:
        socket.create_connection(("127.0.0.1", event["port"])).recv(1)
    return os.getpid()
"""


@pytest.fixture(scope="module", autouse=True)
def _functions(deploy: Callable[..., str]) -> None:
    deploy("idle", WAITING)
    deploy("patient", WAITING, Timeout=60)


def wait_for_end(pids: list[int]) -> None:
    """Until none of the processes runs; fails after ten seconds."""
    processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs(processes, timeout=30)
    running = [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
    assert running == []


@pytest.mark.parametrize("how", ["close", "SIGTERM", "SIGINT", "SIGKILL"])
def test_no_process_is_left_however_the_edge_ends(
    aws: EmbeddedAWS, start: Callable[[EmbeddedAWS], Edge], how: str
) -> None:
    edge = start(aws)
    try:
        edge.invoke("idle", {})
        edge.invoke("patient", {})
        pids = [*edge.worker_pids("idle"), *edge.worker_pids("patient")]
        assert len(pids) == 2
        if how != "close":
            os.kill(edge.pid, getattr(signal, how))
    finally:
        edge.close()
    wait_for_end([*pids, edge.pid])
    with pytest.raises(EdgeError, match="The edge"):
        edge.worker_pids("idle")


@pytest.mark.parametrize("how", ["close", "SIGKILL"])
def test_an_invocation_under_way_ends_with_the_edge(
    aws: EmbeddedAWS, start: Callable[[EmbeddedAWS], Edge], how: str
) -> None:
    edge = start(aws)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(edge.invoke, "patient", {"port": server.getsockname()[1]})
        connection, _ = server.accept()
        if how == "SIGKILL":
            os.kill(edge.pid, signal.SIGKILL)
        edge.close()
        with pytest.raises(EdgeError):
            waiting.result(timeout=10)
        with connection:
            connection.settimeout(10)
            assert connection.recv(1) == b""


PARENT = """
import json, os, sys
from harness.edge import Edge
edge = Edge(endpoint_url=os.environ["AWS_ENDPOINT_URL"], account_id="444444444444",
            region="eu-west-1")
edge.invoke("idle", {})
print(json.dumps([edge.pid, *edge.worker_pids("idle")]), flush=True)
sys.stdin.read()
"""


def test_no_process_outlives_a_killed_parent(aws: EmbeddedAWS) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **aws.environment(ACCOUNT)},
    ) as parent:
        assert parent.stdout is not None
        pids = json.loads(parent.stdout.readline())
        parent.kill()
    assert len(pids) == 2
    wait_for_end(pids)


def test_wrong_credentials_are_explained(aws: EmbeddedAWS) -> None:
    with pytest.raises(EdgeError, match="belong to account 111111111111, not 444444444444"):
        Edge(
            endpoint_url=aws.endpoint_url,
            account_id=ACCOUNT,
            region=REGION,
            environment=aws.environment(),
        )


def test_a_taken_port_is_explained(aws: EmbeddedAWS, edge: Edge) -> None:
    with pytest.raises(EdgeError, match="Address already in use"):
        Edge(
            endpoint_url=aws.endpoint_url,
            account_id=ACCOUNT,
            region=REGION,
            port=int(edge.url.rpartition(":")[2]),
            environment=aws.environment(ACCOUNT),
        )
