"""Builds the function's parts from its environment."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from api_functions.aws_clients import client
from api_functions.logs import Logger
from api_functions.merchants import Merchants
from api_functions.times import now_ms
from tokenizer.card_keys import CardKeys
from tokenizer.card_registry import CardRegistry
from tokenizer.service import Tokenizer
from tokenizer.settings import Settings
from tokenizer.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_kms.client import KMSClient


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that a worker keeps between requests: nothing of any card."""

    tokenizer: Tokenizer
    merchants: Merchants
    logger: Logger
    clock: Callable[[], int]


def build(
    settings: Settings,
    dynamodb: DynamoDBClient,
    kms: KMSClient,
    clock: Callable[[], int] = now_ms,
) -> Application:
    """Put an application together. ``clock`` gives epoch milliseconds."""
    logger = Logger(settings.log_level, service="Tokenizer", environment=settings.environment)
    return Application(
        tokenizer=Tokenizer(
            Vault(dynamodb, settings.vault_table),
            CardKeys(kms, card_key=settings.card_key, mac_key=settings.mac_key),
            CardRegistry(settings.acquirer_url),
            clock=clock,
            logger=logger,
            acquirer_timeout_ms=settings.acquirer_timeout_ms,
        ),
        merchants=Merchants(dynamodb, settings.payments_table, clock),
        logger=logger,
        clock=clock,
    )


@cache
def deployed() -> Application:
    """Build this worker's application once, from its environment. Raises ``SettingsError``."""
    # Nothing here logs by it, and the SDK's debug lines hold what is to be encrypted.
    logging.disable()
    settings = Settings.from_environment(os.environ)
    return build(settings, client("dynamodb"), client("kms"))


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    # Lambda's init phase has a full core and runs before the first request waits.
    deployed()
