"""Refuses a resource that isn't in the account and region of its provider's configuration.

Nothing in the proxy is known to mix accounts up. If it ever does, a test must not pass on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgpack

from harness.terraform.warm.messages import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.terraform.warm.schema import ProviderSchema

IDENTITY = "aws_caller_identity"

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/")
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]*):(\d{12}|):")


class WrongAccountError(Exception):
    """Something lies, or would be made, outside of the configured account and region."""


@dataclass(frozen=True)
class Home:
    """The account and region that a provider's configuration asks for."""

    account_id: str
    region: str

    def check(self, resource_type: str, state: bytes) -> None:
        """Look at the ARN in a resource's state, msgpack as it travels.

        Raises:
            WrongAccountError: it names another account or another region.
        """
        arn = (_unpack(state) or {}).get("arn")
        found = _ARN.match(arn) if isinstance(arn, str) else None
        if found is None:
            return
        region, account_id = found.groups()
        if region not in ("", self.region) or account_id not in ("", self.account_id):
            raise WrongAccountError(
                f"{resource_type} is {arn}, but its provider is configured for account "
                f"{self.account_id} in {self.region}. This is a fault of the harness: run with "
                f"HARNESS_TERRAFORM_PROVIDERS=stock and report it."
            )


def question(schema: ProviderSchema) -> bytes:
    """Ask a provider who it is: a request of ReadDataSource."""
    request = parse("DataRequest")
    request.type_name = IDENTITY
    request.config.msgpack = msgpack.packb(dict.fromkeys(schema.data_attributes(IDENTITY)))
    asked: bytes = request.SerializeToString()
    return asked


def home(config: bytes, environment: Mapping[str, str], answer: bytes) -> Home:
    """Say where a provider configured with `config` works, by what it answered to `question`.

    Raises:
        WrongAccountError: it is in another account than the role that it was to assume.
    """
    given = _unpack(config) or {}
    caller = _unpack(parse("DataResponse", answer).state.msgpack) or {}
    account_id = str(caller.get("account_id") or "")
    roles = [_ROLE.match(str(role.get("role_arn"))) for role in given.get("assume_role") or ()]
    asked = {role[1] for role in roles[-1:] if role} or set(given.get("allowed_account_ids") or ())
    if not account_id or (asked and account_id not in asked):
        raise WrongAccountError(
            f"the provider was to work in account {' or '.join(sorted(asked)) or '(any)'}, but "
            f"its credentials belong to {account_id or 'nobody'}. Make the credentials anew after "
            f"a reset of the embedded AWS."
        )
    region = given.get("region") or environment.get("AWS_REGION", "")
    return Home(account_id, str(region or environment.get("AWS_DEFAULT_REGION", "")))


def _unpack(value: bytes) -> Any:
    return msgpack.unpackb(value, strict_map_key=False) if value else None
