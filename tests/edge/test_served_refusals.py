"""A deployed API refuses what API Gateway refuses, with the deployed problem documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

ACCOUNT, REGION = "444444444444", "eu-west-1"
KEY, SLOW_KEY, SPENT_KEY = (
    "merchant-key-000000001",
    "merchant-key-000000002",
    "spent-key-000000000003",
)
DISABLED_KEY, IDLE_KEY = "disabled-key-00000000004", "idle-key-000000000000005"
PAYMENT = b'{"amount":100}'
SCHEMAS = {
    "Payment": {
        "type": "object",
        "required": ["amount"],
        "additionalProperties": False,
        "properties": {"amount": {"type": "integer", "minimum": 1}},
    }
}
PROBLEM = (
    '{"type":"about:blank","status":"%s","title":$context.error.messageString,'
    '"code":"$context.error.responseType","request_id":"$context.requestId",'
    '"errors":"$context.error.validationErrorString"}'
)
CODES = {
    "ACCESS_DENIED": None,
    "BAD_REQUEST_BODY": 422,
    "INVALID_API_KEY": None,
    "THROTTLED": None,
    "DEFAULT_4XX": None,
}
RESPONSES = {
    code: {
        **({"statusCode": status} if status else {}),
        "responseTemplates": {"application/json": PROBLEM % code},
        "responseParameters": {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.X-Path": "method.request.path.merchant_id",
        },
    }
    for code, status in CODES.items()
}


@dataclass
class Served:
    """The API under test and how to call it."""

    url: str
    http: httpx.Client
    sign: Callable[..., httpx.Request]
    me: Credentials

    def pay(
        self,
        merchant: str = "m_rivertown",
        *,
        body: bytes = PAYMENT,
        credentials: Credentials | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Post a payment; underscores in header names stand for hyphens."""
        given = {"x-api-key": KEY, "idempotency-key": "k1", "content-type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.url}/merchants/{merchant}/payments"
        sent = {name: value for name, value in given.items() if value}
        return self.http.send(
            self.sign("POST", url, credentials or self.me, body=body, headers=sent)
        )


@pytest.fixture(scope="module")
def deployed(deployer: Deployer) -> str:
    validated = {"x-amazon-apigateway-request-validator": "all"}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Payment"}}}}
    parameters = [
        {"name": "merchant_id", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}},
    ]
    post = deployer.operation(
        deployer.mock(201), "sigv4", "api_key", parameters=parameters, requestBody=body, **validated
    )
    listing = {"name": "limit", "in": "query", "required": True, "schema": {"type": "string"}}
    get = deployer.operation(deployer.mock(), "sigv4", parameters=[listing], **validated)
    open_get = deployer.operation(deployer.mock(200, '{"id":"$context.requestId"}'))
    api_id = deployer.api(
        {
            "/merchants/{merchant_id}/payments": {"post": post, "get": get},
            "/open": {"get": open_get, "put": deployer.operation(deployer.mock())},
        },
        extensions={
            "schemas": SCHEMAS,
            "gateway-responses": RESPONSES,
            "request-validators": {
                "all": {"validateRequestBody": True, "validateRequestParameters": True}
            },
        },
    )
    deployer.deploy(api_id)
    own = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/live/*/merchants"
    for merchant in ("m_rivertown", "m_lakeside"):
        deployer.role(
            f"merchant-{merchant}",
            {
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": f"{own}/${{aws:PrincipalTag/merchant_id}}/*",
            },
            tags={"merchant_id": merchant},
        )
    stages = [{"apiId": api_id, "stage": "live"}]
    deployer.key({"apiStages": stages}, KEY)
    deployer.key({}, IDLE_KEY)
    deployer.client("apigateway").update_api_key(
        apiKey=deployer.key({"apiStages": stages}, DISABLED_KEY),
        patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}],
    )
    limit = {"rateLimit": 0.001, "burstLimit": 1}
    slow = [{**stages[0], "throttle": {"/merchants/{merchant_id}/payments/POST": limit}}]
    deployer.key({"apiStages": slow}, SLOW_KEY)
    deployer.key({"apiStages": stages, "quota": {"limit": 1, "period": "MONTH"}}, SPENT_KEY)
    return api_id


@pytest.fixture(scope="module")
def served(
    aws: EmbeddedAWS,
    deployed: str,
    edge: Edge,
    http: httpx.Client,
    signed: Callable[..., httpx.Request],
) -> Served:
    me = aws.session(ACCOUNT, "merchant-m_rivertown", "session").get_credentials()
    assert me is not None
    return Served(edge.invoke_url(deployed, "live"), http, signed, me)


def problem(response: httpx.Response) -> dict[str, Any]:
    """The problem document, after what all of them share was checked."""
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["request_id"] == response.headers["x-amzn-requestid"]
    return document


def test_a_valid_payment_passes_every_stage(served: Served) -> None:
    response = served.pay()
    assert (response.status_code, response.json()) == (201, {"ok": True})
    assert response.headers["content-type"] == "application/json"


def test_a_foreign_merchant_is_denied_with_the_account_hidden(served: Served) -> None:
    response = served.pay("m_lakeside")
    assert response.status_code == 403
    document = problem(response)
    assert document["code"] == "ACCESS_DENIED"
    assert document["title"].startswith(
        "User: arn:aws:sts::444444444444:assumed-role/merchant-m_rivertown/session is not "
        "authorized to perform: execute-api:Invoke on resource: "
        "arn:aws:execute-api:eu-west-1:********4444:"
    )
    assert document["title"].endswith("/live/POST/merchants/m_lakeside/payments")
    assert response.headers["x-path"] == "m_lakeside"
    assert response.headers["x-amzn-errortype"] == "AccessDeniedException"


@pytest.mark.parametrize("merchant", ["m_rivertown%2f..%2fm_lakeside", "%6d_rivertown"])
def test_encoded_paths_reach_no_further_than_the_policy(served: Served, merchant: str) -> None:
    assert problem(served.pay(merchant))["code"] == "ACCESS_DENIED"


@pytest.mark.parametrize("key", ["", "unknown-key-0000000000", DISABLED_KEY, IDLE_KEY])
def test_a_key_that_opens_no_plan_of_this_stage_is_forbidden(served: Served, key: str) -> None:
    response = served.pay(x_api_key=key)
    assert response.status_code == 403
    assert problem(response)["code"] == "INVALID_API_KEY"
    assert problem(response)["title"] == "Forbidden"


def test_the_merchants_limit_of_a_method_throttles(served: Served) -> None:
    answers = [served.pay(x_api_key=SLOW_KEY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 429, 429]
    assert problem(answers[1])["title"] == "Too Many Requests"
    assert answers[1].headers["x-amzn-errortype"] == "TooManyRequestsException"
    assert served.pay().status_code == 201


def test_a_used_up_quota_falls_back_to_the_default_response(served: Served) -> None:
    answers = [served.pay(x_api_key=SPENT_KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 429]
    document = problem(answers[1])
    assert document["code"] == "QUOTA_EXCEEDED"
    assert document["status"] == "DEFAULT_4XX"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"amount":"100"}', "[body.amount must be integer]"),
        (b'{"amount":0}', "[body.amount must be bigger than or equal to 1]"),
        (b"{}", "[body must contain ['amount'] properties]"),
        (b'{"amount":1,"pan":"4"}', "[body must not contain {'pan'} properties]"),
        (b"", "[body is not JSON"),
        (b'{"amount":', "[body is not JSON"),
    ],
)
def test_an_invalid_body_gets_the_deployed_status(served: Served, body: bytes, error: str) -> None:
    response = served.pay(body=body)
    assert response.status_code == 422
    document = problem(response)
    assert document["title"] == "Invalid request body"
    assert document["errors"].startswith(error)


def test_a_body_without_a_model_for_its_type_is_not_looked_at(served: Served) -> None:
    assert served.pay(body=b"<x/>", content_type="text/xml").status_code == 201
    assert served.pay(body=b"{}", content_type="application/json; charset=utf-8").status_code == 422
    assert served.pay(body=b"{}", content_type="").status_code == 422


def test_missing_parameters_are_named(served: Served) -> None:
    response = served.pay(idempotency_key="")
    assert response.status_code == 400
    assert problem(response)["title"] == ("Missing required request parameters: [Idempotency-Key]")
    url = f"{served.url}/merchants/m_rivertown/payments"
    listed = served.http.send(served.sign("GET", url, served.me))
    assert problem(listed)["title"] == "Missing required request parameters: [limit]"
    assert served.http.send(served.sign("GET", url + "?limit=5", served.me)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("PATCH", "/open"), ("GET", "/")]
)
def test_what_is_not_deployed_lacks_a_token_as_on_aws(
    served: Served, method: str, path: str
) -> None:
    response = served.http.request(method, served.url + path)
    assert response.status_code == 403
    assert problem(response)["title"] == "Missing Authentication Token"
    assert response.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("place", ["/unknownapi/live/open", "/"])
def test_an_unknown_api_is_forbidden(served: Served, edge: Edge, place: str) -> None:
    response = served.http.get(edge.url + place)
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


def test_the_api_answers_on_its_host_name_too(served: Served, edge: Edge, deployed: str) -> None:
    host = {"host": f"{deployed}.execute-api.eu-west-1.amazonaws.com"}
    response = served.http.get(f"{edge.url}/live/open", headers=host)
    assert response.json() == {"id": response.headers["x-amzn-requestid"]}


def test_size_limits(served: Served) -> None:
    url = served.url + "/open"
    most = served.http.put(url, content=b"x" * 10_485_760)
    assert most.status_code == 200
    too_long = served.http.put(url, content=b"x" * 10_485_761)
    assert too_long.status_code == 413
    assert too_long.json() == {"message": "HTTP content length exceeded 10485760 bytes."}
    assert served.http.get(url, headers={"x-long": "x" * 10_240}).status_code == 431
    # Refused before its end, an upload may end its connection too: it gets one of its own.
    chunks = httpx.put(url, content=(b"x" * 1_048_576 for _ in range(11)), timeout=30)
    assert chunks.status_code == 413


def test_an_unsigned_request_lacks_a_token(served: Served) -> None:
    response = served.http.post(
        f"{served.url}/merchants/m_rivertown/payments", content=PAYMENT, headers={"x-api-key": KEY}
    )
    assert response.status_code == 403
    assert problem(response)["code"] == "MISSING_AUTHENTICATION_TOKEN"
