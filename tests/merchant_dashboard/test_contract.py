"""The contract: valid, importable by API Gateway, and what the service does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from openapi_spec_validator import validate

import merchant_dashboard
from harness.dashboard import ask_refund
from merchant_dashboard import errors
from merchant_dashboard.errors import Failure
from merchant_dashboard.pages.transactions import FIELDS
from merchant_dashboard.routes import ROUTES
from payment_core.states import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.dashboard import Merchant

PATH = Path(merchant_dashboard.__file__).parent / "openapi" / "v1.yaml"
CONTRACT: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
}
UNSUPPORTED = {"nullable", "default", "exclusiveMinimum", "discriminator", "readOnly", "oneOf"}
BY_GATEWAY = {"400", "403", "404", "413", "415", "429", "500", "502", "503", "504"}


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for member in node.values():
            yield from _nodes(member)
    elif isinstance(node, list):
        for member in node:
            yield from _nodes(member)


def test_it_is_valid_openapi_and_what_api_gateway_imports() -> None:
    validate(CONTRACT)
    for node in _nodes(CONTRACT):
        assert not node.keys() & UNSUPPORTED, node
        assert not [name for name in node if str(name).startswith("x-amazon-")], node


def test_the_service_serves_the_contracts_operations_and_no_others() -> None:
    assert ROUTES.keys() == OPERATIONS.keys()
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("key", OPERATIONS, ids=lambda key: OPERATIONS[key]["operationId"])
def test_operations_document_their_paths_forms_and_answers(key: tuple[str, str]) -> None:
    (method, path), operation = key, OPERATIONS[key]
    named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
    assert named == set(re.findall(r"{(\w+)}", path))
    assert path.startswith("/merchants/{merchant_id}/"), "policies match what follows"
    assert operation["responses"].keys() >= BY_GATEWAY
    if method == "POST":
        # Without a schema: API Gateway's validator would read the form as JSON.
        assert operation["requestBody"]["content"] == {"application/x-www-form-urlencoded": {}}
        assert {"303", "409"} <= operation["responses"].keys()


def test_failures_have_documented_statuses() -> None:
    documented = {status for operation in OPERATIONS.values() for status in operation["responses"]}
    failures = [member for member in vars(errors).values() if isinstance(member, Failure)]
    assert len(failures) > 10
    for failure in failures:
        # Methods that aren't in the contract don't reach the service.
        assert str(failure.status) in documented | {"405"}
        assert failure.text.endswith(".")


def test_searches_are_documented() -> None:
    listing = OPERATIONS["GET", "/merchants/{merchant_id}/transactions"]
    query = {p["name"]: p for p in listing["parameters"] if p["in"] == "query"}
    assert query.keys() == {*FIELDS, "cursor"}
    assert query["state"]["schema"]["enum"] == list(State)


def test_answers_are_documented(merchant: Merchant) -> None:
    payment_id = merchant.captured(1000)
    with merchant.browser() as browser:
        refund = ask_refund(browser, payment_id, "1.00")
        _, _, refund_id = refund.rpartition("/")
        style = re.search(r"assets/(dashboard\.\w+\.css)", browser.get("overview").text)
        assert style is not None
        values = {
            "merchant_id": merchant.merchant_id,
            "payment_id": payment_id,
            "refund_id": refund_id,
            "file": style[1],
        }
        for (method, path), operation in OPERATIONS.items():
            inside = path.format(**values).removeprefix(f"/merchants/{merchant.merchant_id}/")
            answer = browser.request(method, inside)
            documented = operation["responses"][str(answer.status_code)]
            media = answer.headers["content-type"].partition(";")[0]
            assert media in documented["content"], (path, media)
            if method == "GET":
                assert answer.status_code == 200, path
