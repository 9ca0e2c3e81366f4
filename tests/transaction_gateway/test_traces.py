"""The fraud check in a request's trace: what Lambda's daemon for X-Ray is told of it."""

from __future__ import annotations

import json
import re
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.fraud_stub import FraudStub
from harness.payments import Gateway, fraud_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.acquirer import AcquirerSimulator
    from harness.payments import Table

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"


@pytest.fixture
def fraud() -> Iterator[FraudStub]:
    with FraudStub() as stub:
        yield stub


@pytest.fixture
def gateway(table: Table, simulator: AcquirerSimulator, fraud: FraudStub) -> Gateway:
    return Gateway(table, simulator.url, fraud=fraud_settings(fraud.url))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Stand in for the daemon, and give the documents that it was sent."""
    with socket.socket(type=socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.setblocking(False)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{daemon.getsockname()[1]}")

        def documents() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            while True:
                try:
                    header, document = daemon.recv(65_507).split(b"\n", 1)
                except BlockingIOError:
                    return found
                assert json.loads(header) == {"format": "json", "version": 1}
                found.append(json.loads(document))

        yield documents


def _sampled(monkeypatch: pytest.MonkeyPatch, sampled: str = "1") -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={ROOT};Parent={PARENT};Sampled={sampled}")


def test_the_check_is_a_part_of_the_functions_segment(
    gateway: Gateway,
    fraud: FraudStub,
    told: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _sampled(monkeypatch)
    before = time.time()
    assert gateway.authorize(1000).status == 201
    (part,) = told()
    assert before <= part.pop("start_time") <= part.pop("end_time") <= time.time()
    own_id = part.pop("id")
    assert re.fullmatch("[0-9a-f]{16}", own_id)
    assert part == {
        "name": "fraud-detection",
        "trace_id": ROOT,
        "parent_id": PARENT,
        "type": "subsegment",
        "namespace": "remote",
        "fault": False,
    }
    assert fraud.headers[0]["x-amzn-trace-id"] == f"Root={ROOT};Parent={own_id};Sampled=1"


@pytest.mark.parametrize("status", [0, 500])
def test_a_check_that_came_to_nothing_is_a_fault(
    gateway: Gateway,
    fraud: FraudStub,
    told: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    _sampled(monkeypatch)
    if status:
        fraud.status = status
    else:
        fraud.close()
    assert gateway.authorize(1000).status == 201
    assert [part["fault"] for part in told()] == [True]


def test_what_is_not_sampled_is_only_passed_on(
    gateway: Gateway,
    fraud: FraudStub,
    told: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _sampled(monkeypatch, "0")
    gateway.authorize(1000)
    assert told() == []
    assert fraud.headers[0]["x-amzn-trace-id"] == f"Root={ROOT};Parent={PARENT};Sampled=0"


@pytest.mark.parametrize("daemon", ["", "127.0.0.1:1", "nonsense", "127.0.0.1:port"])
def test_no_daemon_fails_no_payment(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, daemon: str
) -> None:
    _sampled(monkeypatch)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon)
    assert gateway.authorize(1000).status == 201
