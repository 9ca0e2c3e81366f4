"""The projector's Lambda function: reads the transactions table's stream.

Records of one payment are taken together, and only its latest version is written. What fails is
reported by its first sequence number, so that Lambda brings it and everything after it again;
what had been written already is known by its version.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from dashboard_projector.projection import Projection, Result
from dashboard_projector.settings import Settings
from transaction_gateway.dynamodb_values import decode, decode_map
from transaction_gateway.payment_items import PAYMENT_PREFIX
from transaction_gateway.times import now_ms, rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

NAMESPACE = "Payments/DashboardProjector"
SERVICE = "dashboard_projector"
_RESERVE_MS = 2_000
"""Kept of the function's time: one payment takes far less, and a timeout repeats everything."""


class LambdaContext(Protocol):
    """What we use of Lambda's context."""

    @property
    def aws_request_id(self) -> str:
        """Lambda's name of the invocation."""
        ...

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds until Lambda ends the worker."""
        ...


@dataclass(slots=True)
class Change:
    """What a batch says of one payment: the latest image, and the records' sequence numbers."""

    version: int = -1
    image: Mapping[str, Any] = field(default_factory=dict)
    sequence_numbers: list[str] = field(default_factory=list)


def handle(event: Mapping[str, Any], context: LambdaContext) -> dict[str, object]:
    """Write a batch of stream records into the read model; see ``project``."""
    settings, projection = _deployed()
    return project(projection, event, context, environment=settings.environment)


def project(
    projection: Projection,
    event: Mapping[str, Any],
    context: LambdaContext,
    *,
    environment: str,
    clock: Callable[[], int] = now_ms,
) -> dict[str, object]:
    """Write a batch; give the sequence numbers to begin again from, as Lambda reads them."""
    counts = dict.fromkeys(("Projected", "Stale", "Failed"), 0)
    failures: list[dict[str, str]] = []
    lag_ms = 0
    for payment_key, change in latest(event["Records"]).items():
        try:
            if context.get_remaining_time_in_millis() < _RESERVE_MS:
                raise TimeoutError("too little time is left")
            result = projection.apply(decode_map(change.image))
        except Exception as error:
            _log_failure(payment_key, error, context.aws_request_id)
            failures.append({"itemIdentifier": change.sequence_numbers[0]})
            counts["Failed"] += 1
            continue
        counts["Projected" if result is Result.PROJECTED else "Stale"] += 1
        lag_ms = max(lag_ms, clock() - int(decode(change.image["updated_at"])))
    _emit(environment, {**counts, "LagMs": lag_ms}, context.aws_request_id)
    return {"batchItemFailures": failures}


def latest(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Change]:
    """Group a batch by payment, in order of appearance; records of other items are left out."""
    changes: dict[tuple[str, str], Change] = {}
    for record in records:
        stream = record["dynamodb"]
        pk, sk = (str(stream["Keys"][name]["S"]) for name in ("pk", "sk"))
        # A payment is never removed; what a restore or a person removes stays in the books.
        if not sk.startswith(PAYMENT_PREFIX) or "NewImage" not in stream:
            continue
        change = changes.setdefault((pk, sk), Change())
        change.sequence_numbers.append(str(stream["SequenceNumber"]))
        version = _version(stream["NewImage"])
        if version >= change.version:
            change.version, change.image = version, stream["NewImage"]
    return changes


def _version(image: Mapping[str, Any]) -> int:
    """Read the version; an image without one comes last, to be refused and reported."""
    try:
        return int(image["version"]["N"])
    except (LookupError, TypeError, ValueError):
        return sys.maxsize


def _log_failure(key: tuple[str, str], error: Exception, request_id: str) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    _write(
        {
            "timestamp": rfc3339(now_ms()),
            "level": "ERROR",
            "message": "projection failed",
            "request_id": request_id,
            "merchant_id": key[0].partition("#")[2],
            "payment_id": key[1].removeprefix(PAYMENT_PREFIX),
            "error": type(error).__name__,
            "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
    )


def _emit(environment: str, values: Mapping[str, int], request_id: str) -> None:
    """Write the batch's metrics in CloudWatch's embedded metric format."""
    units = {"LagMs": "Milliseconds"}
    metrics = [{"Name": name, "Unit": units.get(name, "Count")} for name in values]
    _write(
        {
            "_aws": {
                "Timestamp": now_ms(),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [["Environment", "Service"]],
                        "Metrics": metrics,
                    }
                ],
            },
            "Environment": environment,
            "Service": SERVICE,
            "request_id": request_id,
            **values,
        }
    )


def _write(line: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


@cache
def _deployed() -> tuple[Settings, Projection]:
    """Build this worker's parts once, from its environment. Raises ``SettingsError``."""
    settings = Settings.from_environment(os.environ)
    return settings, Projection(_dynamodb_client(), settings.table)


def _dynamodb_client() -> DynamoDBClient:
    import botocore.session
    from botocore.config import Config

    config = Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 3},
        tcp_keepalive=True,
    )
    client = botocore.session.get_session().create_client(
        "dynamodb", region_name=os.environ.get("AWS_REGION"), config=config
    )
    return cast("DynamoDBClient", client)


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    # Lambda's init phase has a full core and runs before the first record waits.
    _deployed()
