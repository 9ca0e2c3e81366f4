"""The accounts of the organization, and how a stage enters them: as one role, for an hour."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLAN, DEPLOY = "payments-plan", "payments-deploy"
PRODUCTION = "production"
_SESSION_SECONDS = 3600
"""All that AWS gives to a role that is entered from a role."""


def client(session: boto3.Session, service: str) -> Any:
    """Make a client of any service."""
    return session.client(service)  # type: ignore[call-overload]  # any service


def home() -> boto3.Session:
    """Return a session with the stage's own credentials, in the tooling account."""
    return boto3.Session()


@dataclass(frozen=True)
class Organization:
    """What `environments/organization.json` of a release says."""

    accounts: Mapping[str, str]
    region: str

    @classmethod
    def read(cls, file: Path) -> Organization:
        """Read the file.

        Raises:
            BrokenInputError: it isn't there, or isn't what is expected.
        """
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            return cls(dict(document["accounts"]), str(document["region"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenInputError(f"{file} doesn't tell accounts and region: {error}") from None

    def account_of(self, environment: str) -> str:
        """Return the id of an environment's account.

        Raises:
            BrokenInputError: there is no such environment.
        """
        if environment not in self.accounts:
            known = ", ".join(sorted(self.accounts))
            raise BrokenInputError(f"there is no environment {environment!r}; there are: {known}")
        return self.accounts[environment]


@dataclass(frozen=True)
class Entered:
    """An account that was entered as a role."""

    environment: str
    account_id: str
    role: str
    session: boto3.Session = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    """Credentials and region for Terraform."""

    def client(self, service: str) -> Any:
        """Make a client of a service in the account."""
        return client(self.session, service)


def enter(
    organization: Organization, environment: str, role: str, *, release: str | None = None
) -> Entered:
    """Assume a role in the account of an environment; `release` becomes a tag of the session.

    Raises:
        Refused: the credentials that AWS gives belong to another account.
    """
    account = organization.account_of(environment)
    tags: dict[str, Any] = {"Tags": [{"Key": "release", "Value": release}]} if release else {}
    credentials = client(home(), "sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{role}",
        RoleSessionName=_session_name(),
        DurationSeconds=_SESSION_SECONDS,
        **tags,
    )["Credentials"]
    session = boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=organization.region,
    )
    found = client(session, "sts").get_caller_identity()["Account"]
    if found != account:
        raise wrong_account(f"entering {environment} ({account}) led to account {found}")
    return Entered(
        environment,
        account,
        role,
        session,
        {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            "AWS_REGION": organization.region,
            "AWS_DEFAULT_REGION": organization.region,
        },
    )


def wrong_account(evidence: str) -> Refused:
    """Say that something is about another account than the one that was entered."""
    return Refused(
        rule="wrong-account",
        evidence=evidence,
        fix="plan in the environment itself: a plan belongs to one account",
        override="nobody",
    )


def _session_name() -> str:
    wanted = os.environ.get("PIPELINE_EXECUTION_ID") or "promotion"
    return re.sub(r"[^\w+=,.@-]", "-", wanted)[:64]
