"""Requests on their way through the edge, without any server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.edge.exchange import Exchange
from harness.edge.gateway_responses import GatewayResponses
from harness.edge.integrations import Mock
from harness.edge.routing import Router
from harness.edge.table import Method, Stage

if TYPE_CHECKING:
    from edge.raw_http import Request

REGION = "eu-west-1"
ACCOUNT = "444444444444"
METHOD = Method(
    verb="ANY",
    resource_path="/{proxy+}",
    resource_id="r1",
    operation_name=None,
    signed=True,
    key_required=False,
    validator=None,
    integration=Mock({}, "ANY /{proxy+}"),
    bucket=None,
)


def some_stage(**settings: Any) -> Stage:
    """A stage without routes."""
    usual: dict[str, Any] = {
        "api_id": "a1b2c3",
        "name": "live",
        "account_id": ACCOUNT,
        "region": REGION,
        "deployment_id": "d1",
        "router": Router[Method]([]),
        "responses": GatewayResponses({}),
        "keys": {},
        "resource_policy": None,
        "account_bucket": None,
        "variables": {},
        "access_log": None,
        "metrics": None,
        "traced": False,
        "default_endpoint": True,
    }
    return Stage(**{**usual, **settings})


def received(request: Request, epoch: int) -> Exchange:
    """What the server makes of a request."""
    path, _, query = request.target.partition(b"?")
    scope = {
        "method": request.verb.decode(),
        "raw_path": path,
        "query_string": query,
        "http_version": "1.1",
        "headers": request.headers,
        "client": None,
    }
    exchange = Exchange(scope, some_stage(), path.decode(), now=epoch, request_id="request-1")
    exchange.body, exchange.method = request.body, METHOD
    return exchange
