"""The functions as Lambda calls them: configured by their environment alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.payments import COLLECTION, MERCHANT, Context, caller
from payment_core.lifecycle import headers_of_stage
from transaction_gateway import application, handler, sweeper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.acquirer import AcquirerSimulator
    from harness.payments import Table


@pytest.fixture
def environment(
    table: Table, simulator: AcquirerSimulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("PAYMENTS_TABLE", table.name)
    monkeypatch.setenv("ACQUIRER_URL", simulator.url)
    monkeypatch.setenv("ACQUIRER_TIMEOUT_MS", "200")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    application.deployed.cache_clear()
    yield
    application.deployed.cache_clear()


@pytest.mark.usefixtures("environment")
def test_a_payment_is_made_and_swept(simulator: AcquirerSimulator) -> None:
    event = {
        "resource": COLLECTION,
        "httpMethod": "POST",
        "pathParameters": {"merchant_id": MERCHANT},
        # Without the multi-value form, as some test consoles send it.
        "headers": {"content-type": "application/json; charset=utf-8", "IDEMPOTENCY-KEY": "k"},
        "body": "eyJhbW91bnQiOjEsImN1cnJlbmN5IjoiRVVSIiwicmVmZXJlbmNlIjoibyIsInBheW1lbnRfbWV0aG9k"
        "Ijp7InRva2VuIjoidG9rX3RpbWVvdXRfYm9va2VkIn19",
        "isBase64Encoded": True,
        "requestContext": caller(MERCHANT),
    }
    answer = handler.handle(event, Context())
    assert answer["statusCode"] == 202, answer["body"]

    assert sweeper.handle({}, Context())["resolved"] == 1

    assert handler.handle(event, Context())["statusCode"] == 201
    assert [charge.amount for charge in simulator.charges()] == [1]


@pytest.mark.usefixtures("environment")
def test_every_answer_says_when_its_version_ends() -> None:
    variables = {"deprecated_on": "2027-01-31T00:00:00Z", "sunset_on": "2027-07-01T00:00:00Z"}
    for event in ({"resource": "/nowhere"}, {"resource": COLLECTION, "httpMethod": "GET"}):
        ending = _headers({**event, "stageVariables": variables})
        assert headers_of_stage(variables).items() <= ending.items()
        lasting = _headers({**event, "stageVariables": None})
        assert not {"Deprecation", "Sunset", "Link"} & lasting.keys()


@pytest.mark.usefixtures("environment")
def test_a_resource_may_name_the_merchant() -> None:
    event = {"httpMethod": "GET", "requestContext": caller(MERCHANT)}
    named = f"/merchants/{MERCHANT}/payments"
    assert handler.handle({**event, "resource": named}, Context())["statusCode"] == 200
    # Who calls is compared with the name that is routed by, and not with what else the path says.
    others = {"resource": "/merchants/m_othershop/payments"}
    parts = {"pathParameters": {"merchant_id": MERCHANT}}
    assert handler.handle({**event, **others, **parts}, Context())["statusCode"] == 403


def _headers(event: dict[str, object]) -> dict[str, str]:
    headers = handler.handle(event, Context())["headers"]
    assert isinstance(headers, dict)
    return headers


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("event", [{}, {"requestContext": None, "headers": None}])
def test_an_event_of_something_else_is_answered_not_raised(event: dict[str, object]) -> None:
    assert handler.handle(event, Context())["statusCode"] == 404
