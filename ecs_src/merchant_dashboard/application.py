"""Builds the service's parts from its settings: SDK clients, readers, refunds, pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from merchant_dashboard import telemetry
from merchant_dashboard.assets import Assets
from merchant_dashboard.gateway import TransactionGateway
from merchant_dashboard.identity import Profiles
from merchant_dashboard.payments import Payments
from merchant_dashboard.reconciliation import Reconciliation
from merchant_dashboard.refund_store import RefundStore
from merchant_dashboard.refunds import Refunds
from merchant_dashboard.settings import SHORTEST_KEY, Settings, SettingsError
from merchant_dashboard.telemetry import Telemetry
from merchant_dashboard.templating import Templates
from merchant_dashboard.tokens import Tokens
from merchant_dashboard.totals import Totals
from merchant_dashboard.transactions import Transactions
from merchant_dashboard.usage import Usage
from merchant_dashboard.webhooks import Webhooks

THREADS = 40
"""Pages made at the same time; each has a connection to DynamoDB of its own."""

_QUICK = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=THREADS,
    tcp_keepalive=True,
)
# Usage is told beside other things: a page must not wait long for it.
_ONCE = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that the service keeps between requests."""

    settings: Settings
    telemetry: Telemetry
    templates: Templates
    assets: Assets
    tokens: Tokens
    profiles: Profiles
    payments: Payments
    transactions: Transactions
    totals: Totals
    refund_store: RefundStore
    refunds: Refunds
    reconciliation: Reconciliation
    usage: Usage
    webhooks: Webhooks


def build(settings: Settings) -> Application:
    """Put the application together. Raises ``SettingsError`` when the key can't be had."""
    session = boto3.Session()
    dynamodb = _client(session, "dynamodb", _QUICK)
    # Repeated by people, under the same idempotency key, and not by the SDK behind their backs.
    patient = Config(
        connect_timeout=2,
        read_timeout=settings.refund_timeout_ms / 1000,
        retries={"total_max_attempts": 1},
    )
    log = Telemetry(settings.log_level, settings.environment)
    assets = Assets()
    payments = Payments(dynamodb, settings.payments_table)
    totals = Totals(dynamodb, settings.dashboard_table)
    refund_store = RefundStore(dynamodb, settings.dashboard_table)
    gateway = TransactionGateway(
        _client(session, "lambda", patient), settings.transaction_gateway_arn
    )
    return Application(
        settings=settings,
        telemetry=log,
        templates=Templates(assets),
        assets=assets,
        tokens=Tokens(settings.csrf_key or _secret(session, settings.csrf_key_secret_arn)),
        profiles=Profiles(dynamodb, settings.payments_table),
        payments=payments,
        transactions=Transactions(dynamodb, settings.dashboard_table),
        totals=totals,
        refund_store=refund_store,
        refunds=Refunds(refund_store, gateway, log, settings.second_person_above),
        reconciliation=Reconciliation(dynamodb, settings.dashboard_table, totals, payments),
        usage=Usage(_client(session, "apigateway", _ONCE)),
        webhooks=Webhooks(dynamodb, settings.webhooks_table),
    )


def _client(session: boto3.Session, service: str, config: Config) -> Any:
    client = session.client(service, config=config)  # type: ignore[call-overload]  # any service
    telemetry.measure(client)
    return client


def _secret(session: boto3.Session, arn: str) -> str:
    client = session.client("secretsmanager", config=_QUICK)
    key = str(client.get_secret_value(SecretId=arn)["SecretString"])
    if len(key) < SHORTEST_KEY:
        raise SettingsError(f"the secret {arn} must have at least {SHORTEST_KEY} characters")
    return key
