"""The contract itself: valid, importable by API Gateway, and what the service reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from openapi_spec_validator import validate

from fraud_detection.application import HEALTH, INTERNAL
from fraud_detection.transaction import Transaction
from harness.fraud import CONTRACT, RESOURCE
from payment_core.problems import CATALOGUE

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


def test_only_merchants_paths_are_published() -> None:
    assert set(CONTRACT.document["paths"]) == {RESOURCE}
    assert not {INTERNAL, HEALTH} & set(CONTRACT.document["paths"])
    assert CONTRACT.operation("POST", RESOURCE)["operationId"] == "createScore"


def test_the_request_has_the_fields_that_are_read() -> None:
    schema = CONTRACT.document["components"]["schemas"]["ScoreRequest"]
    read = set(Transaction.__dataclass_fields__) - {"merchant_id"}
    assert set(schema["properties"]) == read
    assert schema["additionalProperties"] is False


def test_problem_codes_are_of_the_catalogue_with_documented_statuses() -> None:
    problem = CONTRACT.document["components"]["schemas"]["Problem"]
    codes = problem["properties"]["code"]["enum"]
    assert codes == sorted(codes)
    statuses = set(CONTRACT.operation("POST", RESOURCE)["responses"])
    for code in codes:
        assert str(CATALOGUE[code].status) in statuses, code
