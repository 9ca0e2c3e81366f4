"""The contract itself: valid, importable by API Gateway, and complete."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate

from harness.contract import ContractError
from harness.payments import COLLECTION, CONTRACT
from harness.testing import pci
from payment_core.money import MAX_MINOR_UNITS
from payment_core.states import OperationType, State
from tokenizer import handler as tokenizer
from transaction_gateway.handler import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSUPPORTED_BY_API_GATEWAY = {
    "nullable",
    "default",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "discriminator",
    "readOnly",
    "oneOf",
}
ANSWERED_BY_API_GATEWAY = {"400", "403", "404", "413", "415", "429", "500", "502", "503", "504"}
ANSWERED_TO_A_POST = {"202", "402", "409", "422"} | ANSWERED_BY_API_GATEWAY
ANSWERED_TO_A_CARD = {"422"} | ANSWERED_BY_API_GATEWAY

OPERATIONS = [
    (method.upper(), path)
    for path, methods in CONTRACT.document["paths"].items()
    for method in methods
]


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for member in node.values():
            yield from _nodes(member)
    elif isinstance(node, list):
        for member in node:
            yield from _nodes(member)


def test_it_is_valid_openapi_3_0() -> None:
    assert CONTRACT.document["openapi"].startswith("3.0.")
    validate(CONTRACT.document)


def test_it_keeps_to_what_api_gateway_imports() -> None:
    for node in _nodes(CONTRACT.document):
        assert not node.keys() & UNSUPPORTED_BY_API_GATEWAY, node
        assert not [name for name in node if str(name).startswith("x-amazon-")], node
    for name in CONTRACT.document["components"]["schemas"]:
        assert re.fullmatch(r"[A-Za-z0-9]+", name), "a model's name"


def test_the_handlers_route_the_contracts_operations_and_no_others() -> None:
    assert ROUTES.keys() | tokenizer.ROUTES == set(OPERATIONS)
    assert not ROUTES.keys() & tokenizer.ROUTES
    ids = [CONTRACT.operation(*operation)["operationId"] for operation in OPERATIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_of_gateway_and_handler_is_documented(method: str, path: str) -> None:
    operation = CONTRACT.operation(method, path)
    expected = ANSWERED_TO_A_POST if method == "POST" else ANSWERED_BY_API_GATEWAY
    # Equal cards have one token, so a repetition needs no key to be recognised by.
    makes_token = operation["operationId"] == "createToken"
    if makes_token:
        expected = ANSWERED_TO_A_CARD
    assert expected <= operation["responses"].keys()
    for status, answer in operation["responses"].items():
        media = "application/problem+json" if int(status) >= 400 else "application/json"
        assert list(answer["content"]) == [media]
    required = {p["name"] for p in operation["parameters"] if p["required"]}
    assert ("Idempotency-Key" in required) == (method == "POST" and not makes_token)


def test_enumerations_and_limits_are_the_codes() -> None:
    schemas = CONTRACT.document["components"]["schemas"]
    assert schemas["Payment"]["properties"]["state"]["enum"] == list(State)
    assert schemas["Operation"]["properties"]["type"]["enum"] == list(OperationType)
    for name in ("AuthorizeRequest", "CaptureRequest", "RefundRequest"):
        assert schemas[name]["properties"]["amount"]["maximum"] == MAX_MINOR_UNITS


@pci("3.4.1")
def test_nothing_of_a_card_is_checked_where_refusals_quote_values() -> None:
    """API Gateway's execution log quotes what a pattern, length or limit refuses."""
    schemas = CONTRACT.document["components"]["schemas"]
    for name in ("CreateTokenRequest", "Card"):
        for member in schemas[name]["properties"].values():
            assert member.keys() <= {"type", "description", "$ref"}


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (299, {}, "{}"),
        (200, {"X-Secret": "1"}, '{"payments": []}'),
        (200, {"Content-Type": "text/html"}, '{"payments": []}'),
        (200, {}, "{}"),
        (200, {}, '{"payments": [], "more": 1}'),
    ],
)
def test_an_undocumented_answer_is_told(status: int, headers: dict[str, str], body: str) -> None:
    """The check that runs on every answer in these tests can fail."""
    with pytest.raises(ContractError, match="GET"):
        CONTRACT.check(
            "GET", COLLECTION, status, {"Content-Type": "application/json", **headers}, body
        )
