"""Requests that the applied edge must refuse, sent with real credentials or without."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from harness.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.platform import Platform

INVOKE = "execute-api:Invoke"
MERCHANT = "merchant"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, by whom, and who of the edge must say no."""

    what: str
    requirements: Sequence[str]
    code: str
    """Of the problem that must be answered."""
    stage: str
    """What refuses it."""
    send: Callable[[Caller, Platform], httpx.Response]
    who: str = MERCHANT
    action: str = INVOKE


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the edge answered."""

    request: Request
    answer: str
    at: str

    @property
    def as_expected(self) -> bool:
        """Whether it was refused for the reason that was expected."""
        return self.answer == self.request.code


def _unsigned(caller: Caller, _: Platform) -> httpx.Response:
    path = f"/merchants/{caller.access.merchant_id}/payments"
    return caller.http.get(
        caller.access.invoke_url + path, headers={"x-api-key": caller.access.api_key}
    )


def _wrong_signature(caller: Caller, _: Platform) -> httpx.Response:
    return caller.with_access(secret_access_key="another").send("GET", "/payments")  # noqa: S106 - a wrong key


def _other_merchant(caller: Caller, platform: Platform) -> httpx.Response:
    return caller.send("GET", "/payments", merchant_id=platform.merchant_ids[1])


def _other_key(caller: Caller, platform: Platform) -> httpx.Response:
    other = platform.merchant(platform.merchant_ids[1])
    return caller.with_access(api_key=other.api_key).authorize()


def _unknown_key(caller: Caller, _: Platform) -> httpx.Response:
    return caller.with_access(api_key="x" * 30).send("GET", "/payments")


def _large(caller: Caller, _: Platform) -> httpx.Response:
    return caller.send("POST", "/payments", b'{"reference": "' + b"x" * 20_000 + b'"}')


def _injection(caller: Caller, _: Platform) -> httpx.Response:
    query = "cursor=1%27%20UNION%20SELECT%20card%20FROM%20vault%20--"
    return caller.send("GET", f"/payments?{query}")


_IAM, _KEY, _FIREWALL = "IAM authorization", "API key", "web ACL"
REQUESTS = (
    Request(
        "ask without a signature",
        ("7.3.3",),
        "authentication_missing",
        _IAM,
        _unsigned,
        who="nobody",
    ),
    Request("ask with a forged signature", ("7.3.3",), "signature_invalid", _IAM, _wrong_signature),
    Request(
        "ask for another merchant's payments",
        ("7.2.5", "7.3.3"),
        "access_denied",
        "IAM policy of the merchant's role",
        _other_merchant,
    ),
    Request(
        "pay with another merchant's key", ("7.3.3",), "api_key_mismatch", "handler", _other_key
    ),
    Request("ask with an unknown key", ("7.3.3",), "api_key_invalid", _KEY, _unknown_key),
    Request("inject SQL", ("6.2.4", "6.4.2"), "request_blocked", _FIREWALL, _injection),
    Request("send a body of 20 kB", ("6.2.4", "6.4.2"), "request_blocked", _FIREWALL, _large),
)
"""One for each thing at the edge that says no."""


def send(platform: Platform, requests: Sequence[Request] = REQUESTS) -> list[Refusal]:
    """Send every request, as the first merchant or as nobody."""
    with httpx.Client(timeout=60) as http:
        caller = Caller(platform.merchant(platform.merchant_ids[0]), http)
        return [
            Refusal(
                request,
                _answer(request.send(caller, platform)),
                datetime.now(UTC).isoformat(timespec="milliseconds"),
            )
            for request in requests
        ]


def _answer(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (KeyError, TypeError, ValueError):
        return f"status {response.status_code}"
