"""Who calls which version is read from logs and metrics; nothing ends for whoever still calls."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws import EmbeddedAWS
from harness.testing import pci
from promotion import gates, usage
from promotion.errors import Refused
from promotion.usage import Caller, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ACCOUNT = "444444444444"
NOW = datetime.now(UTC)
UNUSED = Usage("v1/payments", is_gone=False, requests=0, logged=0, callers=())
CALLED = replace(
    UNUSED, requests=7, logged=7, callers=(Caller("m_hotel", 7, "2027-01-31T00:00:00+00:00"),)
)


class Apis:
    """Two versions of an API in an account, and what was logged and measured of them."""

    def __init__(self, aws: EmbeddedAWS) -> None:
        self.client: Callable[[str], Any] = lambda service: aws.client(service, ACCOUNT)
        self.keys = {
            merchant: self.client("apigateway").create_api_key(name=f"payments-dev-{merchant}")[
                "id"
            ]
            for merchant in ("m_bakery", "m_hotel")
        }

    def make(self, name: str, **variables: str) -> None:
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name=name)["id"]
        (top,) = gateway.get_resources(restApiId=api)["items"]
        place = {"restApiId": api, "resourceId": top["id"], "httpMethod": "GET"}
        gateway.put_method(**place, authorizationType="NONE")
        gateway.put_integration(**place, type="MOCK")
        deployment = gateway.create_deployment(restApiId=api)["id"]
        gateway.create_stage(
            restApiId=api, stageName="live", deploymentId=deployment, variables=variables
        )
        self.client("logs").create_log_group(logGroupName=f"/aws/apigateway/{name}/access")

    def call(self, name: str, *keys: str, ago: timedelta = timedelta(hours=1)) -> None:
        at = int((NOW - ago).timestamp() * 1000)
        logs, group = self.client("logs"), f"/aws/apigateway/{name}/access"
        stream = f"s{ago.total_seconds()}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        lines = [{"api_key_id": key, "request_time_epoch_ms": at} for key in keys]
        logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": at, "message": json.dumps(line)} for line in lines],
        )
        self.count(name, len(keys), ago)

    def count(self, name: str, requests: int, ago: timedelta = timedelta(hours=1)) -> None:
        dimensions = [{"Name": "ApiName", "Value": name}, {"Name": "Stage", "Value": "live"}]
        self.client("cloudwatch").put_metric_data(
            Namespace="AWS/ApiGateway",
            MetricData=[
                {
                    "MetricName": "Count",
                    "Dimensions": dimensions,
                    "Timestamp": NOW - ago,
                    "Value": requests,
                }
            ],
        )


@pytest.fixture
def apis() -> Iterator[Apis]:
    with EmbeddedAWS() as aws:
        yield Apis(aws)


def test_usage_is_told_by_version_and_merchant(apis: Apis) -> None:
    apis.make("payments-dev-payments-v1")
    apis.make("payments-dev-payments-v2", gone="true")
    apis.make("payments-qa-payments-v1")
    apis.make("another")
    bakery, hotel = apis.keys.values()
    apis.call("payments-dev-payments-v1", bakery, bakery, hotel, "-")
    apis.call("payments-dev-payments-v1", hotel, ago=timedelta(days=9))
    found = usage.report(apis.client, "dev", 7, NOW)
    assert found.keys() == {"v1/payments", "v2/payments"}
    v1 = found["v1/payments"]
    assert (v1.requests, v1.logged, v1.is_gone) == (4, 3, False)
    assert {caller.merchant_id: caller.calls for caller in v1.callers} == {
        "m_bakery": 2,
        "m_hotel": 1,
    }
    assert found["v2/payments"].is_gone
    longer = usage.report(apis.client, "dev", 10, NOW)["v1/payments"]
    assert {caller.merchant_id: caller.calls for caller in longer.callers} == {
        "m_bakery": 2,
        "m_hotel": 2,
    }


def test_calls_that_no_log_tells_of_are_no_proof_of_disuse(apis: Apis) -> None:
    apis.make("payments-dev-payments-v1")
    apis.count("payments-dev-payments-v1", 3)
    found = usage.report(apis.client, "dev", 7, NOW)["v1/payments"]
    assert found.callers == ()
    with pytest.raises(Refused, match="version-usage-unknown"):
        usage.check_unused(found, 7, ends_for={}, what="end")


def test_a_version_ends_for_nobody_who_calls_it() -> None:
    usage.check_unused(UNUSED, 30, ends_for={}, what="go")
    usage.check_unused(CALLED, 30, ends_for={"m_hotel": "closed its account"}, what="go")
    with pytest.raises(Refused, match="m_hotel 7 calls, the last one 2027-01-31"):
        usage.check_unused(CALLED, 30, ends_for={"m_bakery": "moved"}, what="go")


@dataclass
class Staged:
    """What the gate looks at of a stage."""

    laid_out: Path
    environment: str = "production"

    @staticmethod
    def client(service: str) -> Any:
        raise AssertionError(f"{service} is asked though nothing ends")


@pci("6.5.1")
@pytest.mark.parametrize(
    ("state", "deployed", "refused"),
    [
        ("deprecated", CALLED, False),
        ("sunset", CALLED, True),
        ("sunset", replace(CALLED, is_gone=True), False),
        ("sunset", UNUSED, False),
        ("retired", replace(CALLED, is_gone=True), True),
        ("retired", UNUSED, False),
        ("retired", None, False),
    ],
)
def test_the_gate_asks_for_what_ends_now(
    state: str,
    deployed: Usage | None,
    refused: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    openapi = tmp_path / "lambda_src/transaction_gateway/openapi"
    openapi.mkdir(parents=True)
    (openapi / "v1.yaml").write_text("paths: {}", encoding="utf-8")
    told = {"service": "payments", "versions": {"v1": {"state": state}}}
    (openapi / "versions.json").write_text(json.dumps(told), encoding="utf-8")
    if state != "deprecated":
        found = {"v1/payments": deployed} if deployed else {}
        monkeypatch.setattr(usage, "report", lambda *_: found)
    stage: Any = Staged(tmp_path)
    if refused:
        with pytest.raises(Refused, match="version-in-use"):
            gates.check_versions(stage, stage)
    else:
        gates.check_versions(stage, stage)
