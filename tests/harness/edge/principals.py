"""Who signed a request: credentials and policies of callers, read once and remembered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
from botocore.exceptions import ClientError

from harness.iam import Permissions, Policy, Principal, principal_keys, read_role, read_user

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import boto3
    from mypy_boto3_iam import IAMClient

    from harness.edge.exchange import Exchange
    from harness.iam import Lookup, Statement

ACCOUNT_ACCESS_ROLE = "OrganizationAccountAccessRole"


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal with an access key. ``expires_at`` in epoch seconds, None for never."""

    access_key: str
    secret: str
    session_token: str | None
    account_id: str
    arn: str
    role_arn: str | None
    principal_id: str
    expires_at: float | None
    permissions: Permissions
    keys: Mapping[str, Sequence[str]] = field(init=False)
    statements: Sequence[Statement] = field(init=False)
    principal: Principal = field(init=False)

    def __post_init__(self) -> None:
        bounded = self.permissions.boundary is not None
        principal = Principal(self.account_id, self.arn, self.role_arn, bounded=bounded)
        keys = principal_keys(principal, tags=self.permissions.tags, principal_id=self.principal_id)
        object.__setattr__(self, "principal", principal)
        object.__setattr__(self, "keys", keys)
        # Filled in once, since tags and names don't change within a session.
        bound = [each.bound_to(self.keys.get) for each in self.permissions.statements]
        object.__setattr__(self, "statements", bound)


class Directory:
    """Finds callers by access key through the embedded AWS.

    Policies are read as IAM has them when a role first calls and kept until ``forget``.

    Args:
        session: credentials of the account whose APIs are served.
        endpoint_url: the embedded AWS.
        account_id: of ``session``; other accounts are entered through their access role.
    """

    def __init__(self, session: boto3.Session, endpoint_url: str, account_id: str) -> None:
        self._session = session
        self._account_id = account_id
        self._http = httpx.AsyncClient(base_url=endpoint_url, timeout=10)
        self._callers: dict[str, Caller] = {}
        self._permissions: dict[str, Permissions] = {}
        self._loading: dict[str, asyncio.Task[Caller | None]] = {}

    def known(self, access_key: str) -> Caller | None:
        """The caller, if it has been seen since the last ``forget``."""
        return self._callers.get(access_key)

    async def find(self, access_key: str) -> Caller | None:
        """Look the caller up; None when nobody owns the key.

        Raises:
            PolicyError: a policy of the caller isn't understood.
            httpx.HTTPError: the embedded AWS didn't answer.
        """
        loading = self._loading
        task = loading.get(access_key)
        if task is None:
            task = loading[access_key] = asyncio.create_task(self._load(access_key))
            task.add_done_callback(lambda _: loading.pop(access_key))
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Read everything anew from now on."""
        # New dictionaries, so that a look-up under way can't bring back what it read before.
        self._callers = {}
        self._permissions = {}
        self._loading = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _load(self, access_key: str) -> Caller | None:
        callers, permissions = self._callers, self._permissions
        response = await self._http.get(f"/_embedded/credentials/{quote(access_key, safe='')}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        response.raise_for_status()
        found = response.json()
        arn = found["role_arn"] or found["principal_arn"]
        if arn not in permissions:
            permissions[arn] = await asyncio.to_thread(self._read_permissions, arn)
        caller = Caller(
            access_key=access_key,
            secret=found["secret_access_key"],
            session_token=found["session_token"],
            account_id=found["account_id"],
            arn=found["principal_arn"],
            role_arn=found["role_arn"],
            principal_id=found["principal_id"],
            expires_at=found["expires_at"],
            permissions=permissions[arn],
        )
        callers[access_key] = caller
        return caller

    def _read_permissions(self, arn: str) -> Permissions:
        account_id = arn.split(":")[4]
        if arn.endswith(":root"):
            everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            return Permissions(Policy({"Statement": everything}).statements, None, {})
        name = arn.rpartition("/")[2]
        try:
            client = self._iam(account_id)
            return read_role(client, name) if ":role/" in arn else read_user(client, name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NoSuchEntity":
                raise
            return Permissions((), None, {})

    def _iam(self, account_id: str) -> IAMClient:
        if account_id == self._account_id:
            return self._session.client("iam")
        credentials = self._session.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{account_id}:role/{ACCOUNT_ACCESS_ROLE}",
            RoleSessionName="edge",
        )["Credentials"]
        return self._session.client(
            "iam",
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )


def condition_keys(exchange: Exchange) -> Lookup:
    """How policies look up the condition keys of one request, by lower-case name.

    API Gateway is reached over TLS only, so ``aws:SecureTransport`` is true.
    """
    own = exchange.caller.keys if exchange.caller else {}

    def lookup(key: str) -> Sequence[str] | None:
        if key in own:
            return own[key]
        read = _REQUEST_KEYS.get(key)
        value = read(exchange) if read else None
        return None if value is None else (value,)

    return lookup


_REQUEST_KEYS: Mapping[str, Callable[[Exchange], str | None]] = {
    "aws:currenttime": lambda x: str(int(x.received_at)),
    "aws:epochtime": lambda x: str(int(x.received_at)),
    "aws:principalisawsservice": lambda _: "false",
    "aws:requestedregion": lambda x: x.stage.region,
    "aws:securetransport": lambda _: "true",
    "aws:sourceip": lambda x: x.source_ip,
    "aws:useragent": lambda x: x.header(b"user-agent"),
    "aws:viaawsservice": lambda _: "false",
}
