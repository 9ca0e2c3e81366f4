"""The function's CPU an authorization, its DynamoDB calls and its start, measured."""

from __future__ import annotations

import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness.acquirer import AcquirerSimulator
from harness.aws import EmbeddedAWS
from harness.bench.figures import Figure
from harness.fraud_stub import FraudStub
from harness.payments import ACCOUNT, MERCHANT, Gateway, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTS = 9
_START = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
_OURS = "import transaction_gateway.handler"
_BOTO3 = "import boto3; boto3.client('dynamodb')"


def authorize_cpu() -> list[Figure]:
    """CPU of an authorization over a bare handler that makes the same calls, and what a score adds.

    The fraud service is a stub: its own work isn't in the figure.
    """
    with EmbeddedAWS() as aws, AcquirerSimulator() as acquirer, FraudStub() as fraud:
        table = Table(aws.client("dynamodb", ACCOUNT))
        table.put_profile(MERCHANT, f"key-{MERCHANT}")
        cpu = json.loads(
            _python(
                ["-m", "harness.bench.authorize", MERCHANT, f"key-{MERCHANT}", ACCOUNT],
                {
                    **aws.environment(ACCOUNT),
                    **_settings(table.name, acquirer.url),
                    "FRAUD_URL": fraud.url,
                    "FRAUD_TIMEOUT_MS": "2000",
                    "FRAUD_FAIL_OPEN_BELOW": "{}",
                    "ENVIRONMENT": "bench",  # with a line of metrics each time, as deployed
                },
            ).splitlines()[-1]
        )
    return [
        Figure(
            "Authorization CPU: handler with idempotency, state and ledger",
            f"{cpu['ours']:.0f} µs",
            f"{cpu['bare']:.0f} µs, bare handler, same SDK calls",
            cpu["ours"] / cpu["bare"],
            "near 1",
        ),
        Figure(
            "Authorization CPU with the fraud score in line",
            f"{cpu['scored']:.0f} µs",
            f"{cpu['ours']:.0f} µs, without",
            cpu["scored"] / cpu["ours"],
            "1.2 at most",
        ),
    ]


def dynamodb_calls() -> Figure:
    """DynamoDB calls of a warm authorization, counted where they arrive."""
    with EmbeddedAWS() as aws, AcquirerSimulator() as acquirer:
        table = Table(aws.client("dynamodb", ACCOUNT))
        table.put_profile(MERCHANT, f"key-{MERCHANT}")
        gateway = Gateway(table, acquirer.url)
        with contextlib.redirect_stdout(io.StringIO()):  # where a function logs
            gateway.authorize()
            since = aws.calls.mark()
            gateway.authorize()
        calls = aws.calls.count("dynamodb", since=since)
    return Figure("DynamoDB calls of a warm authorization", str(calls), "", None, "2 at most")


def start_time() -> Figure:
    """Wall time to import the deployed handler with its client, over boto3 with a client."""
    release = Path(__file__).resolve().parents[3] / "dist"
    with tempfile.TemporaryDirectory() as directory, EmbeddedAWS() as aws:
        with zipfile.ZipFile(release / "transaction_gateway.zip") as archive:
            archive.extractall(directory)
        environment = {
            **aws.environment(ACCOUNT),
            **_settings("payments", "http://127.0.0.1:9"),
            "AWS_LAMBDA_RUNTIME_API": "none",
            "PYTHONPATH": directory,
        }
        starts: dict[str, list[float]] = {_OURS: [], _BOTO3: []}
        for _ in range(STARTS):
            for statement, seconds in starts.items():
                seconds.append(float(_python(["-c", _START.format(statement)], environment)))
    ours, boto3 = (statistics.median(seconds) * 1e3 for seconds in starts.values())
    return Figure(
        "Function start: the zip's handler and its DynamoDB client",
        f"{ours:.0f} ms",
        f"{boto3:.0f} ms, boto3 with a DynamoDB client alone",
        ours / boto3,
        "near 1",
    )


def _settings(table: str, acquirer_url: str) -> dict[str, str]:
    return {"PAYMENTS_TABLE": table, "ACQUIRER_URL": acquirer_url, "LOG_LEVEL": "ERROR"}


def _python(arguments: list[str], environment: Mapping[str, str]) -> str:
    """Run this interpreter in a process of its own, and give what it printed."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout
