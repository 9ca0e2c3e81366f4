"""CloudWatch Logs: how many events came in, and metrics that they carry in the embedded format."""

from __future__ import annotations

from typing import Any

from moto.logs.models import LogsBackend

from harness.aws import metrics
from harness.aws.embedded_metrics import measurements_of
from harness.aws.supplement.registry import mend

_EXTRACTION = mend(
    "logs:PutLogEvents",
    reason="counts no events that come in, and takes no metrics out of them",
    observed="list_metrics named nothing of what the functions had measured, nor IncomingLogEvents",
)


@_EXTRACTION.around(LogsBackend, "put_log_events")
def _put_log_events(
    original: Any,
    backend: LogsBackend,
    log_group_name: str,
    log_stream_name: str,
    log_events: list[dict[str, Any]],
) -> Any:
    answer = original(backend, log_group_name, log_stream_name, log_events)
    group = {"LogGroupName": log_group_name}
    came_in = metrics.Measurement.of("AWS/Logs", "IncomingLogEvents", group, [len(log_events)])
    carried = [
        measurement for event in log_events for measurement in measurements_of(event["message"])
    ]
    metrics.record(backend.account_id, backend.region_name, [came_in, *carried])
    return answer
