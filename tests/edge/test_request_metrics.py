"""API Gateway's own metrics, and the trace that a request belongs to."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.monitored import statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from edge.conftest import Deployer
    from harness.edge import Edge
    from harness.edge.exchange import Exchange

ACCOUNT, REGION, GROUP = "444444444444", "eu-west-1", "/access"
SENT = "1-5759e988-bd862e3fe1be46a994272793"
ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
ECHO = """
import json, os, time
def handle(event, context):
    time.sleep(0.05)
    told = {"header": event["headers"]["x-amzn-trace-id"], "trace": os.environ["_X_AMZN_TRACE_ID"]}
    return {"statusCode": 200, "body": json.dumps(told)}
"""
FORMAT = {"id": "$context.requestId", "trace": "$context.xrayTraceId"}


@pytest.fixture(scope="module")
def urls(deployer: Deployer, edge: Edge) -> dict[str, str]:
    """Two stages of one API: one with tracing, one without."""
    deployer.client("logs").create_log_group(logGroupName=GROUP)
    function = deployer.function("echo", ECHO)
    paths = {
        "/echo": {"get": deployer.operation(deployer.proxy(function))},
        "/broken": {"get": deployer.operation(deployer.mock(503))},
    }
    api_id = deployer.api(paths)
    deployer.permit("echo", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/*/*")
    for stage, traced in (("traced", True), ("plain", False)):
        deployer.deploy(api_id, stage, tracingEnabled=traced)
        settings = {
            "destinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}",
            "format": json.dumps(FORMAT),
        }
        deployer.client("apigateway").update_stage(
            restApiId=api_id,
            stageName=stage,
            patchOperations=[
                {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
                for name, value in settings.items()
            ],
        )
    edge.reload()
    return {stage: edge.invoke_url(api_id, stage) for stage in ("traced", "plain")}


def logged_trace(deployer: Deployer, edge: Edge, response: httpx.Response) -> str:
    edge.flush_logs()
    events = deployer.client("logs").filter_log_events(logGroupName=GROUP)["events"]
    lines = [json.loads(event["message"]) for event in events]
    wanted = response.headers["x-amzn-requestid"]
    (line,) = [line for line in lines if line["id"] == wanted]
    return str(line["trace"])


def test_requests_errors_and_latencies_are_measured(
    deployer: Deployer, edge: Edge, urls: dict[str, str], http: httpx.Client
) -> None:
    statuses = [http.get(urls["plain"] + path).status_code for path in ("/echo", "/broken", "/x")]
    assert statuses == [200, 503, 403]
    edge.flush_metrics()

    def measured(name: str) -> dict[str, Any]:
        place = {"ApiName": "test", "Stage": "plain"}
        return statistics(deployer.client("cloudwatch"), "AWS/ApiGateway", name, **place)

    for name in ("Count", "4XXError", "5XXError", "Latency"):
        assert measured(name)["SampleCount"] == 3  # so that averages are shares
    assert measured("Count")["Sum"] == 3
    assert (measured("4XXError")["Sum"], measured("5XXError")["Sum"]) == (1, 1)
    behind = measured("IntegrationLatency")
    assert (behind["SampleCount"], behind["Unit"]) == (1, "Milliseconds")
    assert 50 <= behind["Maximum"] <= measured("Latency")["Maximum"]
    both = statistics(deployer.client("cloudwatch"), "AWS/ApiGateway", "Count", ApiName="test")
    assert both["Sum"] >= 3


def test_a_traced_request_is_one_trace_everywhere(
    deployer: Deployer, edge: Edge, urls: dict[str, str], http: httpx.Client
) -> None:
    response = http.get(urls["traced"] + "/echo")
    told = response.json()
    root = told["header"].removeprefix("Root=")
    assert ROOT.fullmatch(root)
    assert told["trace"].startswith(f"Root={root};")
    assert logged_trace(deployer, edge, response) == root


def test_a_clients_trace_goes_on(
    deployer: Deployer, edge: Edge, urls: dict[str, str], http: httpx.Client
) -> None:
    sent = {"X-Amzn-Trace-Id": f"Self=1-1;Root={SENT};Sampled=1"}
    response = http.get(urls["traced"] + "/echo", headers=sent)
    assert response.json()["header"] == f"Root={SENT}"
    assert response.json()["trace"].startswith(f"Root={SENT};")
    assert logged_trace(deployer, edge, response) == SENT


def test_without_tracing_the_function_begins_its_own(
    deployer: Deployer, edge: Edge, urls: dict[str, str], http: httpx.Client
) -> None:
    response = http.get(urls["plain"] + "/echo", headers={"X-Amzn-Trace-Id": f"Root={SENT}"})
    assert SENT not in response.json()["trace"]
    assert logged_trace(deployer, edge, response) == "-"


@pytest.mark.parametrize(
    "sent", ["", "Root=", "Root=1-5759e988", f"Root={SENT}0", f"Parent={SENT}", f"Root={SENT}\n"]
)
def test_what_is_no_trace_is_replaced(exchange: Callable[..., Exchange], sent: str) -> None:
    made = exchange(headers={"X-Amzn-Trace-Id": sent})
    assert made.trace_root.startswith("1-6b49d200-")  # when it was received
