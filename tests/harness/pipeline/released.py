"""Which release each account runs, read back from the accounts themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.aws import EmbeddedAWS

PARAMETER = "/payments/release"


@dataclass(frozen=True)
class Released:
    """What an account says that it runs; without a digest it runs nothing."""

    environment: str
    account_id: str
    digest: str | None


def released(aws: EmbeddedAWS, accounts: Mapping[str, str]) -> list[Released]:
    """Read the releases of accounts, by their environments' names."""
    return [Released(name, account, _digest(aws, account)) for name, account in accounts.items()]


def _digest(aws: EmbeddedAWS, account_id: str) -> str | None:
    try:
        told = aws.client("ssm", account_id).get_parameter(Name=PARAMETER, WithDecryption=True)
    except ClientError:
        return None
    document = json.loads(told["Parameter"]["Value"])
    return str(document["digest"])
