"""The tokenizer's own code in process, over the embedded AWS: what its tests drive."""

from __future__ import annotations

import json
import threading
import uuid
from typing import TYPE_CHECKING, Any

from harness.payments import ACCOUNT, CONTRACT, MERCHANT, Answer, Clock, Context, caller
from tokenizer.application import Application, build
from tokenizer.handler import respond
from tokenizer.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_kms.client import KMSClient

    from harness.aws import EmbeddedAWS

TOKENS = "/merchants/{merchant_id}/tokens"
ACQUIRER_TIMEOUT_MS = 250


class VaultAws:
    """The vault's table and keys, and the merchants' profiles; every call counted, open to faults.

    ``before`` and ``after`` run around each call with its action, such as ``PutItem`` or
    ``GenerateMac``.
    """

    def __init__(self, aws: EmbeddedAWS) -> None:
        self.dynamodb: DynamoDBClient = aws.client("dynamodb", ACCOUNT)
        self.kms: KMSClient = aws.client("kms", ACCOUNT)
        name = uuid.uuid4().hex[:8]
        self.vault_table = f"vault-{name}"
        self.payments_table = f"payments-{name}"
        for table in (self.vault_table, self.payments_table):
            self._create(table)
        self.card_key = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.mac_key = self.kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")[
            "KeyMetadata"
        ]["Arn"]
        self.calls: list[str] = []
        self.before: Callable[[str], None] = lambda _action: None
        self.after: Callable[[str], None] = lambda _action: None
        self.repeat: str | None = None
        self._lock = threading.Lock()
        for client in (self.dynamodb, self.kms):
            self._watch(client)

    def put_profile(self, merchant_id: str) -> None:
        """Write a merchant's profile, as Terraform does."""
        self.dynamodb.put_item(
            TableName=self.payments_table,
            Item={
                "pk": {"S": f"MERCHANT#{merchant_id}"},
                "sk": {"S": "PROFILE"},
                "merchant_id": {"S": merchant_id},
                "api_key_id": {"S": f"key-{merchant_id}"},
            },
        )

    def items(self) -> list[dict[str, Any]]:
        """Read the whole vault."""
        answer: Any = self.dynamodb.scan(TableName=self.vault_table, ConsistentRead=True)
        items: list[dict[str, Any]] = answer["Items"]
        return items

    def forget_calls(self) -> None:
        """Start counting anew, without faults."""
        self.calls.clear()
        self.before = self.after = lambda _action: None
        self.repeat = None

    def _watch(self, client: Any) -> None:
        # botocore's one gate, which its stubs don't show
        call: Callable[[str, Mapping[str, Any]], Any] = client._make_api_call

        def gate(action: str, arguments: Mapping[str, Any]) -> Any:
            with self._lock:
                self.calls.append(action)
            self.before(action)
            answer = call(action, arguments)
            if action == self.repeat:
                answer = call(action, arguments)
            self.after(action)
            return answer

        client._make_api_call = gate

    def _create(self, table: str) -> None:
        self.dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )


class TokenizerWorker:
    """One worker's application with calls as merchants make them."""

    def __init__(self, aws: VaultAws, acquirer_url: str, clock: Clock | None = None) -> None:
        self.aws = aws
        self.clock = clock or Clock()
        self._acquirer_url = acquirer_url
        self.application = self._application()

    def another(self, acquirer_url: str | None = None) -> TokenizerWorker:
        """Start another worker on the same vault and clock."""
        return TokenizerWorker(self.aws, acquirer_url or self._acquirer_url, self.clock)

    def create(
        self,
        number: str = "4242424242424242",
        month: int = 12,
        year: int = 2039,
        *,
        merchant_id: str = MERCHANT,
    ) -> Answer:
        """Ask for a card's token."""
        card = {"number": number, "expiry_month": month, "expiry_year": year}
        return self.call({"card": card}, merchant_id=merchant_id)

    def call(
        self,
        body: object,
        *,
        merchant_id: str = MERCHANT,
        remaining_ms: int = 10_000,
        **overrides: object,
    ) -> Answer:
        """Make one call, its answer checked against the contract; ``overrides`` join the event."""
        event = {
            "resource": TOKENS,
            "httpMethod": "POST",
            "pathParameters": {"merchant_id": merchant_id},
            "multiValueHeaders": {"Content-Type": ["application/json"]},
            "body": body if isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
            "requestContext": caller(merchant_id),
            **overrides,
        }
        raw: dict[str, Any] = respond(self.application, event, Context(remaining_ms))
        answer = Answer(raw["statusCode"], raw["headers"], raw["body"])
        CONTRACT.check("POST", TOKENS, answer.status, answer.headers, answer.text)
        return answer

    def _application(self) -> Application:
        settings = Settings(
            vault_table=self.aws.vault_table,
            payments_table=self.aws.payments_table,
            card_key=self.aws.card_key,
            mac_key=self.aws.mac_key,
            acquirer_url=self._acquirer_url,
            acquirer_timeout_ms=ACQUIRER_TIMEOUT_MS,
            log_level="DEBUG",
            environment="test",
        )
        return build(settings, self.aws.dynamodb, self.aws.kms, self.clock)
