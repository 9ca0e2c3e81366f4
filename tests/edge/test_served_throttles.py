"""The deployed stage, method and plan limits, and which refusal comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx
    from botocore.credentials import Credentials

    from edge.conftest import Deployer
    from harness.edge import Edge

KEY, EMPTY_KEY = "merchant-key-000000001", "exhausted-key-00000002"
SCHEMA = {"type": "object", "required": ["amount"]}


@pytest.fixture(scope="module")
def url(deployer: Deployer, edge: Edge) -> str:
    gateway = deployer.client("apigateway")
    open_method = {"get": deployer.operation(deployer.mock())}
    model = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Payment"}}}}
    full = deployer.operation(
        deployer.mock(),
        "sigv4",
        "api_key",
        requestBody=model,
        **{"x-amazon-apigateway-request-validator": "body"},
    )
    api_id = deployer.api(
        {
            "/pets": open_method,
            "/pets/{id}": open_method,
            "/toys": open_method,
            "/pay": {"post": full},
        },
        extensions={
            "schemas": {"Payment": SCHEMA},
            "request-validators": {"body": {"validateRequestBody": True}},
        },
    )
    deployer.deploy(api_id)
    limits: Mapping[str, int] = {"*/*": 2, "~1pets~1{id}/GET": 4, "~1pay/POST": 1000}
    gateway.update_stage(
        restApiId=api_id,
        stageName="live",
        patchOperations=[
            {"op": "replace", "path": f"/{method}/throttling/{limit}", "value": str(value)}
            for method, burst in limits.items()
            for limit, value in (("rateLimit", 0.001), ("burstLimit", burst))
        ],
    )
    stages = [{"apiId": api_id, "stage": "live"}]
    deployer.key({"apiStages": stages}, KEY)
    nothing = {"rateLimit": 0.0, "burstLimit": 0}
    deployer.key({"apiStages": stages, "throttle": nothing}, EMPTY_KEY)
    arn = f"arn:aws:execute-api:eu-west-1:444444444444:{api_id}/live/POST/pay"
    deployer.role("payer", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn})
    deployer.role("nobody")
    edge.reload()
    return edge.invoke_url(api_id, "live")


@pytest.mark.parametrize(("path", "burst"), [("/pets", 2), ("/toys", 2), ("/pets/1", 4)])
def test_a_method_has_its_own_setting_or_the_stages(
    url: str, http: httpx.Client, path: str, burst: int
) -> None:
    answers = [http.get(url + path) for _ in range(burst + 2)]
    assert [answer.status_code for answer in answers] == [200] * burst + [429] * 2
    assert answers[-1].json() == {"message": "Too Many Requests"}


# Everything is wrong with the first request; each further one has one fault less.
@pytest.mark.parametrize(
    ("role", "key", "body", "tampered", "answer"),
    [
        ("nobody", "", b"[]", True, "InvalidSignatureException"),
        ("nobody", "", b"[]", False, "AccessDeniedException"),
        ("payer", "", b"[]", False, "ForbiddenException"),
        ("payer", EMPTY_KEY, b"[]", False, "TooManyRequestsException"),
        ("payer", KEY, b"[]", False, "BadRequestException"),
        ("payer", KEY, b'{"amount":1}', False, None),
    ],
)
def test_refusals_come_in_the_documented_order(
    url: str,
    http: httpx.Client,
    signed: Callable[..., httpx.Request],
    credentials: Callable[[str], Credentials],
    role: str,
    key: str,
    body: bytes,
    tampered: bool,
    answer: str | None,
) -> None:
    headers = {"content-type": "application/json", **({"x-api-key": key} if key else {})}
    request = signed("POST", f"{url}/pay", credentials(role), body=body, headers=headers)
    if tampered:
        request.headers["host"] = "elsewhere.example.test"
    assert http.send(request).headers.get("x-amzn-errortype") == answer
