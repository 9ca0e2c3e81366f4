"""What the task writes: one JSON line a request, with metrics, and nothing of a card."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from fraud_detection.tallies import digest
from fraud_detection.telemetry import NAMESPACE, SERVICE, UNITS, ServerLog, Telemetry
from harness.fraud import MERCHANT, identity, payment_id
from harness.waiting import wait_until

if TYPE_CHECKING:
    from harness.fraud import FraudTask, StartTask

TRACE = "Root=1-67891233-abcdef012345678912345678"


def test_a_score_is_logged_with_its_metrics(start: StartTask) -> None:
    task, name, headers = start(ENVIRONMENT="dev"), payment_id(), identity()
    answer = task.score(headers={**headers, "x-amzn-trace-id": TRACE}, payment_id=name)
    wait_until(lambda: bool(task.said("request")))
    (line,) = task.said("request")
    assert line["level"] == "INFO"
    assert line["request_id"] == headers["x-request-id"]
    assert line["trace_id"] == TRACE
    assert line["resource"] == "/merchants/{merchant_id}/scores"
    assert (line["merchant_id"], line["payment_id"]) == (MERCHANT, name)
    assert (line["score"], line["decision"]) == (answer.body["score"], "approve")
    assert line["card"] == digest("tok_visa0001")
    (definition,) = line["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == NAMESPACE == "Payments/FraudDetection"
    assert definition["Dimensions"] == [["Environment", "Service"]]
    assert (line["Environment"], line["Service"]) == ("dev", SERVICE)
    for metric in definition["Metrics"]:
        assert metric["Unit"] == UNITS[metric["Name"]]
        assert isinstance(line[metric["Name"]], int | float)
    assert (line["Scores"], line["Refusals"], line["DegradedScores"]) == (1, 0, 0)
    assert line["ScoreLatency"] > 0


def test_refusals_are_metered(task: FraudTask) -> None:
    while task.internal().body["decision"] != "refuse":
        assert len(task.lines) < 40
    wait_until(lambda: any(line.get("Refusals") for line in task.lines))


def test_problems_are_metered_but_are_no_scores(task: FraudTask) -> None:
    task.post(b"{}")
    wait_until(lambda: bool(task.said("request")))
    (line,) = task.said("request")
    assert (line["RejectedRequests"], line["Faults"]) == (1, 0)
    assert line["code"] == "invalid_request"
    assert "Scores" not in line


def test_no_token_device_or_reference_is_logged(task: FraudTask) -> None:
    task.score(token="tok_secret99", device_id="device-77", reference="order-4711")
    task.score(token="tok_secret99!", device_id="device 77", reference="order-4711<")
    wait_until(lambda: len(task.said("request")) == 2)
    for secret in ("tok_secret99", "device-77", "device 77", "order-4711"):
        assert secret not in str(task.lines)


def test_a_quiet_log_still_has_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = Telemetry("ERROR", "dev")
    telemetry.info("serving")
    telemetry.warn("hm")
    telemetry.measured("request", {"Scores": 1}, merchant_id=MERCHANT)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["Scores"] == 1
    assert "merchant_id" not in line


def test_what_libraries_log_carries_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("some.library")
    handler = ServerLog(Telemetry("INFO", "dev"))
    log.addHandler(handler)
    try:
        log.error("bad request from %s", "192.0.2.1")
    finally:
        log.removeHandler(handler)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["level"], line["message"]) == ("WARN", "bad request from %s")


@pytest.mark.parametrize("sent", ["a b", "x" * 200, "{}"])
def test_a_request_id_that_fits_no_log_is_replaced(task: FraudTask, sent: str) -> None:
    answer = task.send("POST", "/internal/scores", b"{}", {"x-request-id": sent})
    assert answer.body["request_id"] not in ("", sent)
