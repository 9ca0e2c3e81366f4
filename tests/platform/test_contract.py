"""Schemathesis sends what the contract allows and what it doesn't; every answer is documented."""

from __future__ import annotations

import itertools
import time
import uuid
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, settings
from requests.auth import AuthBase
from schemathesis import checks

from harness.caller import another_card
from payment_core.money import is_integer

if TYPE_CHECKING:
    import requests

    from harness.caller import Caller
    from harness.platform import MerchantAccess

CONTRACT = Path(__file__).parents[2] / "lambda_src/transaction_gateway/openapi/v1.yaml"
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
AUTHORIZED = 100_000
# Of any 2 examples one is aimed at what exists, so that every operation is reached; the other
# stays as it was generated.
EXAMPLES = 24

schema = schemathesis.openapi.from_path(CONTRACT)


class SigV4(AuthBase):
    """Signs what `requests` is about to send."""

    def __init__(self, access: MerchantAccess) -> None:
        credentials = Credentials(
            access.access_key_id, access.secret_access_key, access.session_token
        )
        self._signer = SigV4Auth(credentials, "execute-api", access.region)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        unsigned = AWSRequest(request.method, request.url, data=request.body or b"")
        self._signer.add_auth(unsigned)
        request.headers.update(dict(unsigned.headers.items()))
        return request


class Explorer:
    """Sends generated cases as the merchant, and remembers what each operation answered."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._turns = itertools.count()
        self.statuses: dict[str, set[int]] = defaultdict(set)

    def send(self, case: schemathesis.Case[Any]) -> None:
        """Send a case and check the answer against the contract."""
        if next(self._turns) % 2 == 0:
            self._aim(case)
        access = self._caller.access
        response = case.call(
            base_url=access.invoke_url,
            headers={"x-api-key": access.api_key},
            auth=SigV4(access),
        )
        self.statuses[case.operation.definition.raw["operationId"]].add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    def _aim(self, case: schemathesis.Case[Any]) -> None:
        """Make a case name the merchant, an existing payment and a key of its own."""
        case.path_parameters["merchant_id"] = self._caller.access.merchant_id
        if "payment_id" in case.path_parameters:
            case.path_parameters["payment_id"] = self._payment(case.path)
        if case.method == "POST":
            case.headers["Idempotency-Key"] = str(uuid.uuid4())
        if isinstance(case.body, dict) and "amount" in case.body:
            case.body["currency"] = "EUR"
            if is_integer(case.body["amount"]):
                case.body["amount"] = 1 + case.body["amount"] % AUTHORIZED
        if isinstance(case.body, dict) and "country" in case.body:
            case.body["country"] = "DE"
        if isinstance(case.body, dict) and "card" in case.body:
            case.body["card"] = {
                "number": "4242424242424242",
                "expiry_month": 12,
                "expiry_year": time.gmtime().tm_year + 1,
            }
        if isinstance(case.body, dict) and "payment_method" in case.body:
            case.body["payment_method"] = {"token": another_card(str(uuid.uuid4()))}

    def _payment(self, path: str) -> str:
        payment_id = self._caller.authorized(AUTHORIZED)
        if path.endswith("/refunds"):
            captured = self._caller.capture(payment_id, AUTHORIZED)
            assert captured.status_code == 200, captured.text
        return payment_id


@pytest.fixture(scope="module")
def explorer(caller: Caller) -> Explorer:
    return Explorer(caller)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_documented(case: schemathesis.Case[Any], explorer: Explorer) -> None:
    explorer.send(case)


def test_every_operation_succeeded_at_least_once(explorer: Explorer) -> None:
    """Runs after the others: a search that only meets refusals would prove little."""
    contract = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    operations = {
        operation["operationId"]
        for path in contract["paths"].values()
        for operation in path.values()
    }
    reached = {
        name
        for name, statuses in explorer.statuses.items()
        if any(200 <= status < 300 for status in statuses)
    }
    assert reached == operations
