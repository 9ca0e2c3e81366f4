"""What a stage is told by its environment, as the projects of modules/delivery set it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3

from promotion.errors import BrokenInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

PURPOSES = {
    "ARTIFACT_BUCKET": "the bucket that keeps releases, plans and records",
    "PIPELINE_EXECUTION_ID": "the execution of the pipeline that this belongs to",
    "PIPELINE_NAME": "the pipeline",
    "PLAN_KEY": "the KMS key that signs records of plans, for example alias/payments-plan",
    "RELEASE_DIGEST": "the SHA-256 of the release's release.json",
    "RELEASE_KEY": "the KMS key that signs releases, for example alias/payments-release",
}


def required(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return a variable of the environment.

    Raises:
        BrokenInputError: it isn't set; says what it is for.
    """
    value = environ.get(name, "").strip()
    if not value:
        purpose = PURPOSES.get(name, "see .pipeline/README.md")
        raise BrokenInputError(f"the variable {name} isn't set: {purpose}")
    return value


def is_local(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether AWS is one on this machine, where waits may be cut short."""
    return urlsplit(environ.get("AWS_ENDPOINT_URL", "")).hostname in ("127.0.0.1", "localhost")


def api_address(account_id: str, api: Mapping[str, Any]) -> str:
    """Return where an API answers: its invoke URL, or what API_LOCATOR says on this machine.

    Args:
        account_id: whose API it is.
        api: of the root's output `apis`.

    Raises:
        BrokenInputError: the locator doesn't know the account.
    """
    locator = os.environ.get("API_LOCATOR")
    if not (locator and is_local()):
        return str(api["invoke_url"])
    answer = urllib3.request("GET", f"{locator}/{account_id}", timeout=120)
    if answer.status != 200:
        raise BrokenInputError(f"{locator} can't serve {account_id}: {answer.data.decode()}")
    return f"{answer.data.decode()}/{api['id']}/{api['stage']}"
