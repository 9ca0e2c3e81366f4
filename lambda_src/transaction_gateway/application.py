"""Builds the functions' parts from their environment: SDK client, store, acquirer, service."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from api_functions.aws_clients import client
from api_functions.logs import Logger
from api_functions.merchants import Merchants
from api_functions.times import now_ms
from transaction_gateway.acquirer_http import HttpAcquirer
from transaction_gateway.cursor_key import CursorKey
from transaction_gateway.fraud_client import FraudClient
from transaction_gateway.payment_table import PaymentTable
from transaction_gateway.screening import Screening
from transaction_gateway.service import PaymentService
from transaction_gateway.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payment_core.acquirer import Acquirer
    from transaction_gateway.settings import FraudSettings


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that a worker keeps between requests."""

    settings: Settings
    store: PaymentTable
    acquirer: Acquirer
    service: PaymentService
    merchants: Merchants
    cursor_key: CursorKey
    logger: Logger
    clock: Callable[[], int]


def build(
    settings: Settings,
    dynamodb: DynamoDBClient,
    acquirer: Acquirer,
    clock: Callable[[], int] = now_ms,
) -> Application:
    """Put an application together. ``clock`` gives epoch milliseconds."""
    store = PaymentTable(dynamodb, settings.table)
    logger = Logger(
        settings.log_level, service="TransactionGateway", environment=settings.environment
    )
    service = PaymentService(
        store,
        acquirer,
        clock=clock,
        acquirer_timeout_ms=settings.acquirer_timeout_ms,
        screening=_screening(settings.fraud, logger) if settings.fraud else None,
    )
    return Application(
        settings=settings,
        store=store,
        acquirer=acquirer,
        service=service,
        merchants=Merchants(dynamodb, settings.table, clock),
        cursor_key=CursorKey(dynamodb, settings.table),
        logger=logger,
        clock=clock,
    )


def _screening(fraud: FraudSettings, logger: Logger) -> Screening:
    return Screening(
        FraudClient(fraud.url), fraud.policy, timeout_ms=fraud.timeout_ms, logger=logger
    )


@cache
def deployed() -> Application:
    """Build this worker's application once, from its environment. Raises ``SettingsError``."""
    settings = Settings.from_environment(os.environ)
    return build(settings, client("dynamodb"), HttpAcquirer(settings.acquirer_url))


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    # Lambda's init phase has a full core and runs before the first request waits.
    deployed()
