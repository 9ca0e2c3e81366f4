"""What API Gateway measures of a stage's requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.runtime.metrics import Source

if TYPE_CHECKING:
    from harness.edge.exchange import Exchange
    from harness.runtime.metrics import Metrics

_CLIENT_ERROR, _SERVER_ERROR = 400, 500


class RequestMetrics:
    """Notes every request, so that the average of an error is the share that erred."""

    def __init__(self, metrics: Metrics, api_name: str, stage_name: str) -> None:
        by_api = {"ApiName": api_name}
        self._metrics = metrics
        self._source = Source("AWS/ApiGateway", (by_api, {**by_api, "Stage": stage_name}))

    def count(self, exchange: Exchange, seconds: float) -> None:
        """Note a request that was answered within ``seconds``."""
        status = exchange.status
        values = {
            "4XXError": float(_CLIENT_ERROR <= status < _SERVER_ERROR),
            "5XXError": float(status >= _SERVER_ERROR),
            "Count": 1.0,
            "Latency": seconds * 1000,
        }
        if exchange.integration_latency is not None:
            values["IntegrationLatency"] = exchange.integration_latency * 1000
        self._metrics.note(self._source, values)
