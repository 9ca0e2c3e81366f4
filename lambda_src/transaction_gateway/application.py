"""Builds the functions' parts from their environment: SDK client, store, acquirer, service."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from transaction_gateway.acquirer_http import HttpAcquirer
from transaction_gateway.cursor_key import CursorKey
from transaction_gateway.logs import Logger
from transaction_gateway.merchants import Merchants
from transaction_gateway.payment_table import PaymentTable
from transaction_gateway.service import PaymentService
from transaction_gateway.settings import Settings
from transaction_gateway.times import now_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from payment_core.acquirer import Acquirer


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
    client: DynamoDBClient,
    acquirer: Acquirer,
    clock: Callable[[], int] = now_ms,
) -> Application:
    """Put an application together. ``clock`` gives epoch milliseconds."""
    store = PaymentTable(client, settings.table)
    service = PaymentService(
        store, acquirer, clock=clock, acquirer_timeout_ms=settings.acquirer_timeout_ms
    )
    return Application(
        settings=settings,
        store=store,
        acquirer=acquirer,
        service=service,
        merchants=Merchants(client, settings.table, clock),
        cursor_key=CursorKey(client, settings.table),
        logger=Logger(settings.log_level),
        clock=clock,
    )


@cache
def deployed() -> Application:
    """Build this worker's application once, from its environment. Raises ``SettingsError``."""
    settings = Settings.from_environment(os.environ)
    return build(settings, _dynamodb_client(), HttpAcquirer(settings.acquirer_url))


def _dynamodb_client() -> DynamoDBClient:
    # botocore alone: boto3 above it costs start time and adds nothing that is used here.
    import botocore.session
    from botocore.config import Config

    config = Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 3},
        tcp_keepalive=True,
        # Everything sent is built here, and checking its shape costs a third of a call.
        parameter_validation=False,
    )
    session = botocore.session.get_session()
    client = session.create_client(
        "dynamodb", region_name=os.environ.get("AWS_REGION"), config=config
    )
    return cast("DynamoDBClient", client)


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    # Lambda's init phase has a full core and runs before the first request waits.
    deployed()
