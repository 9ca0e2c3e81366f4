"""A noisy client beside a quiet one, and captures while authorizations are flooded.

The limits are shaped as modules/api-gateway shapes them: a fifth of the stage and of each plan is
held for captures. Once on a clock that only the test moves, with limits compiled from what is
deployed, and once over HTTP with buckets that don't fill while the test runs.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import httpx
import pytest
from moto.apigateway.models import apigateway_backends

from harness.edge import pipeline
from harness.edge.compiler import Dependencies, compile_routes
from harness.edge.exchange import Exchange, Refusal
from harness.edge.throttling import Throttles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge
    from harness.edge.table import Stage

ACCOUNT, REGION = "444444444444", "eu-west-1"
AUTHORIZE, CAPTURE = "/payments", "/payments/pay_1/captures"
NOISY, QUIET = "noisy-merchants-key-001", "quiet-merchants-key-002"
HELD = 0.2
SECONDS = 30


@dataclass(frozen=True)
class Rate:
    """Requests a second, and at one instant."""

    rate: float
    burst: int

    @property
    def open(self) -> Rate:
        """What is left when a part is held."""
        return Rate(self.rate * (1 - HELD), int(self.burst * (1 - HELD)))

    @property
    def as_plan(self) -> dict[str, float]:
        return {"rateLimit": self.rate, "burstLimit": self.burst}


def deploy(deployer: Deployer, stage: Rate, plans: dict[str, Rate]) -> str:
    """An API of two operations whose limits hold a part for the second; returns its id."""
    operation = {"post": deployer.operation(deployer.mock(), "api_key")}
    api_id = deployer.api({AUTHORIZE: operation, "/payments/{id}/captures": operation})
    deployer.deploy(api_id)
    limits = {"*/*": stage, "~1payments/POST": stage.open}
    deployer.client("apigateway").update_stage(
        restApiId=api_id,
        stageName="live",
        patchOperations=[
            {"op": "replace", "path": f"/{method}/throttling/{name}", "value": str(value)}
            for method, limit in limits.items()
            for name, value in limit.as_plan.items()
        ],
    )
    for value, plan in plans.items():
        throttle = {f"{AUTHORIZE}/POST": plan.open.as_plan}
        stages = [{"apiId": api_id, "stage": "live", "throttle": throttle}]
        deployer.key({"apiStages": stages, "throttle": plan.as_plan}, f"{value}-{api_id}")
    return api_id


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def arrivals(key: str, path: str, per_second: float) -> Iterable[tuple[float, str, str]]:
    """Requests at even distances, the first after one of them."""
    for number in range(1, int(SECONDS * per_second) + 1):
        yield number / per_second, key, path


def admits(stage: Stage, key: str, path: str) -> bool:
    scope: dict[str, Any] = {
        "method": "POST",
        "raw_path": f"/live{path}".encode(),
        "query_string": b"",
        "http_version": "1.1",
        "headers": [(b"x-api-key", f"{key}-{stage.api_id}".encode())],
        "client": ("192.0.2.7", 50_000),
    }
    exchange = Exchange(scope, stage, path, now=0, request_id="request-1")
    found = stage.router.find("POST", path)
    assert found is not None
    exchange.method, exchange.path_parameters = found
    pipeline.check_api_key(exchange)
    try:
        pipeline.throttle(exchange)
    except Refusal:
        return False
    return True


@pytest.fixture(scope="module")
def outcome(aws: EmbeddedAWS, deployer: Deployer) -> Counter[tuple[str, str, bool]]:
    """Who asked for what and was admitted, while one sends authorizations at ten times its plan."""
    plans = {NOISY: Rate(30, 30), QUIET: Rate(10, 10)}
    api_id = deploy(deployer, Rate(40, 40), plans)
    clock = Clock()
    dependencies = Dependencies(
        account_id=ACCOUNT,
        region=REGION,
        invoker=MagicMock(),
        function_policy=MagicMock(),
        throttles=Throttles(clock),
        logs=MagicMock(),
        metrics=MagicMock(),
        vpc_links=MagicMock(),
        web_acls=MagicMock(),
    )
    stage = compile_routes(aws.session(ACCOUNT), dependencies).stage(api_id, "live")
    assert stage is not None
    sent = sorted(
        [
            *arrivals(NOISY, AUTHORIZE, 300),
            *arrivals(NOISY, CAPTURE, 6),
            *arrivals(QUIET, AUTHORIZE, 8),
            *arrivals(QUIET, CAPTURE, 2),
        ]
    )
    counted: Counter[tuple[str, str, bool]] = Counter()
    for at, key, path in sent:
        clock.now = at
        counted[key, path, admits(stage, key, path)] += 1
    return counted


def test_the_quiet_client_loses_nothing(outcome: Counter[tuple[str, str, bool]]) -> None:
    assert outcome[QUIET, AUTHORIZE, True] == 8 * SECONDS
    assert outcome[QUIET, CAPTURE, True] == 2 * SECONDS
    assert not outcome[QUIET, AUTHORIZE, False] + outcome[QUIET, CAPTURE, False]


def test_the_noisy_client_gets_its_plan_and_its_captures_pass(
    outcome: Counter[tuple[str, str, bool]],
) -> None:
    assert 24 * SECONDS <= outcome[NOISY, AUTHORIZE, True] <= 24 * SECONDS + 24
    assert outcome[NOISY, CAPTURE, True] == 6 * SECONDS
    assert not outcome[NOISY, CAPTURE, False]


def test_all_together_get_no_more_than_the_capacity(
    outcome: Counter[tuple[str, str, bool]],
) -> None:
    assert sum(count for (*_, admitted), count in outcome.items() if admitted) <= 40 * SECONDS + 40


def test_captures_and_the_quiet_client_pass_while_authorizations_are_flooded(
    deployer: Deployer, edge: Edge
) -> None:
    plans = {NOISY: Rate(0.001, 20), QUIET: Rate(0.001, 10)}
    api_id = deploy(deployer, Rate(0.001, 30), plans)
    edge.reload()
    url = edge.invoke_url(api_id, "live")
    flooded = threading.Event()
    with httpx.Client(timeout=30) as http, ThreadPoolExecutor(8) as threads:

        def send(key: str, path: str) -> int:
            return http.post(url + path, headers={"x-api-key": f"{key}-{api_id}"}).status_code

        def flood(number: int) -> int:
            status = send(NOISY, AUTHORIZE)
            if number == 50:
                flooded.set()
            return status

        flooding = [threads.submit(flood, number) for number in range(200)]
        assert flooded.wait(30)
        assert [send(NOISY, CAPTURE) for _ in range(4)] == [200] * 4
        assert [send(QUIET, AUTHORIZE) for _ in range(8)] == [200] * 8
        assert [send(QUIET, CAPTURE) for _ in range(2)] == [200] * 2
        answered = Counter(each.result() for each in flooding)
    assert answered == {200: 16, 429: 184}


def test_a_key_that_is_switched_off_opens_nothing_after_a_reload(
    deployer: Deployer, edge: Edge, http: httpx.Client
) -> None:
    api_id = deploy(deployer, Rate(10, 10), {QUIET: Rate(10, 10)})
    edge.reload()
    url = edge.invoke_url(api_id, "live") + AUTHORIZE
    headers = {"x-api-key": f"{QUIET}-{api_id}"}
    assert http.post(url, headers=headers).status_code == 200
    gateway = deployer.client("apigateway")
    (key,) = gateway.get_api_keys(nameQuery=headers["x-api-key"])["items"]
    switch = {"op": "replace", "path": "/enabled", "value": "false"}
    gateway.update_api_key(apiKey=key["id"], patchOperations=[switch])
    edge.reload()
    assert http.post(url, headers=headers).status_code == 403


def test_the_accounts_own_limit_holds_for_all_its_apis(
    deployer: Deployer, edge: Edge, http: httpx.Client
) -> None:
    paths = {"/": {"get": deployer.operation(deployer.mock())}}
    apis = [deployer.api(paths) for _ in range(2)]
    for api_id in apis:
        deployer.deploy(api_id)
    settings = apigateway_backends[ACCOUNT][REGION].account.throttle_settings
    usual = dict(settings)
    settings |= {"rateLimit": 0.001, "burstLimit": 3}
    try:
        edge.reload()
        urls = [edge.invoke_url(api_id, "live") + "/" for api_id in apis] * 3
        answers = [http.get(url).status_code for url in urls]
    finally:
        settings |= usual
        edge.reload()
    assert answers == [200] * 3 + [429] * 3
