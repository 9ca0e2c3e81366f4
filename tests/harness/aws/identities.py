"""Who signs a request: access keys of IAM users and sessions of assumed roles."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class Identity:
    """The principal behind an access key, with what is needed to check its signatures.

    ``expires_at`` is in seconds since the epoch; ``None`` for a user's key, which stays valid.
    """

    access_key_id: str
    account_id: str
    secret_access_key: str
    session_token: str | None
    principal_arn: str
    role_arn: str | None
    principal_id: str
    expires_at: float | None

    @property
    def expired(self) -> bool:
        """Whether the session has ended."""
        return self.expires_at is not None and self.expires_at <= time.time()

    def as_document(self) -> dict[str, Any]:
        """Return the answer of ``/_embedded/credentials/{access_key_id}``."""
        return {
            "account_id": self.account_id,
            "secret_access_key": self.secret_access_key,
            "session_token": self.session_token,
            "principal_arn": self.principal_arn,
            "role_arn": self.role_arn,
            "principal_id": self.principal_id,
            "expires_at": self.expires_at,
        }


class Identities:
    """Finds the identity of an access key in every account of the embedded AWS.

    Sessions never change, so they are remembered; a user's key can be deleted or made
    inactive and is looked up each time.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, Identity] = {}

    def find(self, access_key_id: str) -> Identity | None:
        """Return who an active key belongs to, if anyone; a session may have expired."""
        if session := self._sessions.get(access_key_id):
            return session
        for account_id, key in _access_keys(access_key_id):
            if key.user_name is not None:
                return _user_identity(account_id, key) if key.status == "Active" else None
            if session := _session_identity(account_id, access_key_id):
                return self._sessions.setdefault(access_key_id, session)
        return None

    def forget(self) -> None:
        """Drop what was remembered, after the accounts were emptied."""
        self._sessions.clear()


def _access_keys(access_key_id: str) -> Iterator[tuple[str, Any]]:
    for account_id in list(iam_backends):
        if key := iam_backends[account_id][PARTITION].access_keys.get(access_key_id):
            yield account_id, key


def _user_identity(account_id: str, key: Any) -> Identity:
    user = iam_backends[account_id][PARTITION].users[key.user_name]
    return Identity(
        access_key_id=key.access_key_id,
        account_id=account_id,
        secret_access_key=key.secret_access_key,
        session_token=None,
        principal_arn=user.arn,
        role_arn=None,
        principal_id=user.id,
        expires_at=None,
    )


def _session_identity(account_id: str, access_key_id: str) -> Identity | None:
    session = sts_backends[account_id][PARTITION].get_assumed_role_from_access_key(access_key_id)
    if session is None:
        return None
    return Identity(
        access_key_id=access_key_id,
        account_id=account_id,
        secret_access_key=session.secret_access_key,
        session_token=session.session_token,
        principal_arn=session.arn,
        role_arn=session.role_arn,
        principal_id=session.user_id,
        expires_at=session.expiration.replace(tzinfo=UTC).timestamp(),
    )
