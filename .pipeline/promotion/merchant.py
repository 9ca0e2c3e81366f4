"""Calls an environment's payments API as one of its merchants: signed, with the merchant's key."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from promotion.accounts import client, home
from promotion.errors import BrokenInputError
from promotion.settings import api_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promotion.stage import Stage

SERVICE = "payments"
_TIMEOUT_SECONDS = 30.0
_SIGNER = "execute-api"
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    body: Any
    """Parsed JSON; None if it is none."""

    @property
    def code(self) -> str:
        """The problem's code; empty where there is none."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""

    def __str__(self) -> str:
        return f"{self.status} {self.code or json.dumps(self.body)[:200]}"


@dataclass(frozen=True)
class Merchant:
    """A merchant's system.

    Args:
        merchant_id: whose payments are in the path.
        invoke_url: an API's address with its stage.
        region: that requests are signed for.
        credentials: of the merchant's role.
        api_key: of the merchant's usage plans.
    """

    merchant_id: str
    invoke_url: str
    region: str
    credentials: Credentials = field(repr=False)
    api_key: str = field(repr=False)
    http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False), repr=False
    )

    @classmethod
    def of(
        cls, stage: Stage, merchant_id: str, outputs: Mapping[str, Any], version: str
    ) -> Merchant:
        """Become a merchant of a stage's environment, who has to trust the tooling account.

        Raises:
            BrokenInputError: the environment has no such API.
        """
        api = outputs["apis"].get(f"{version}/{SERVICE}")
        if api is None:
            raise BrokenInputError(f"{stage.environment} has no API {version}/{SERVICE}")
        merchant = outputs["merchants"][merchant_id]
        session = client(home(), "sts").assume_role(
            RoleArn=merchant["role_arn"], RoleSessionName="promotion"
        )["Credentials"]
        key = stage.planner.client("apigateway").get_api_key(
            apiKey=merchant["api_key_id"], includeValue=True
        )["value"]
        return cls(
            merchant_id,
            api_address(stage.planner.account_id, api),
            stage.organization.region,
            Credentials(
                session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
            ),
            key,
        )

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        merchant_id: str | None = None,
        signs: bool = True,
        sends_instead: bytes | None = None,
    ) -> Answer:
        """Send a request, once.

        Args:
            method: of HTTP.
            path: from the merchant on, such as `/payments`.
            body: becomes JSON, unless it is bytes.
            key: the Idempotency-Key; a new one if none.
            merchant_id: whose path is called, if not the merchant's own.
            signs: whether the request is signed.
            sends_instead: a body that goes out in place of the signed one.
        """
        url = f"{self.invoke_url}/merchants/{merchant_id or self.merchant_id}{path}"
        content = body if isinstance(body, bytes) else b"" if body is None else _encoded(body)
        headers = {"Content-Type": "application/json", "x-api-key": self.api_key}
        if method == "POST":
            headers["Idempotency-Key"] = key or secrets.token_hex(16)
        request = AWSRequest(method, url, data=content, headers=headers)
        if signs:
            SigV4Auth(self.credentials, _SIGNER, self.region).add_auth(request)
        try:
            answer = self.http.request(
                method,
                url,
                body=content if sends_instead is None else sends_instead,
                headers=dict(request.headers.items()),
                timeout=_TIMEOUT_SECONDS,
            )
        except urllib3.exceptions.HTTPError as error:
            return Answer(0, {}, {"code": f"no answer: {error}"})
        return Answer(answer.status, answer.headers, _decoded(answer.data))

    def authorize(self, amount: int = 1250, *, key: str | None = None) -> Answer:
        """Authorize a payment in EUR, by a token that the acquirer of tests approves."""
        key = key or secrets.token_hex(16)
        body = {
            "amount": amount,
            "currency": "EUR",
            "reference": "promotion",
            # A card of its own for each payment: one that pays often looks like fraud. In letters
            # alone: some digits in a row would read like a card number.
            "payment_method": {"token": f"tok_approve__{key[:16].translate(_LETTERS)}"},
        }
        return self.send("POST", "/payments", body, key=key)


def _encoded(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
