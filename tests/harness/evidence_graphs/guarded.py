"""Secrets and keys of a root, and what it takes to read or use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.iam import Policy
from terraform_plan.references import UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.evidence_graphs.estate import Root
    from harness.iam import Statement
    from terraform_plan.references import Instance

KEYS = ("aws_kms_external_key", "aws_kms_key", "aws_kms_replica_key")
_SECRET = "aws_secretsmanager_secret"  # noqa: S105 - a type
_PARAMETER = "aws_ssm_parameter"
_USES: Mapping[str, Sequence[str]] = {
    "ENCRYPT_DECRYPT": ("kms:Decrypt", "kms:ReEncryptFrom"),
    "GENERATE_VERIFY_MAC": ("kms:GenerateMac", "kms:VerifyMac"),
    "KEY_AGREEMENT": ("kms:DeriveSharedSecret",),
    "SIGN_VERIFY": ("kms:Sign",),
}
"""Who may do so can read what a key protects, or find it by trying."""
_READS: Mapping[str, Sequence[str]] = {
    _SECRET: ("secretsmanager:GetSecretValue",),
    _PARAMETER: (
        "ssm:GetParameter",
        "ssm:GetParameterHistory",
        "ssm:GetParameters",
        "ssm:GetParametersByPath",
    ),
}
_GIVING: Mapping[str, Sequence[str]] = {
    _SECRET: ("secretsmanager:PutResourcePolicy",),
    _PARAMETER: (),
}
_GIVING_KEYS = ("kms:CreateGrant", "kms:PutKeyPolicy")
_SECRET_POLICY = ("aws_secretsmanager_secret_policy", "secret_arn")
_KEY_POLICY = ("aws_kms_key_policy", "key_id")


@dataclass(frozen=True)
class Guarded:
    """A secret or a key."""

    root: Root
    item: Instance
    arn: str
    another: str
    """An ARN of the same kind that nobody has made: who reads that reads any."""
    reading: Sequence[str]
    """Actions of which each reads it, or what it protects."""
    giving: Sequence[str]
    """Actions of which each can let others read it."""
    policy: tuple[Statement, ...] | None
    """Its own; None where it has none, or none is known."""
    unread: str = ""
    """Why its policy may let in more than is known."""
    key: Guarded | None = None
    """The key that it is encrypted with, if the configuration makes it: it takes both to read."""

    @property
    def address(self) -> str:
        """As in the plan."""
        return self.item.address

    @property
    def is_key(self) -> bool:
        """Whether it is a key."""
        return self.item.type in KEYS


def read_guarded(root: Root) -> Iterator[Guarded]:
    """Yield the keys, secrets and encrypted parameters of a root."""
    reader = _Reader(root)
    keys = {item.address: reader.key(item) for item in root.resources.of(*KEYS)}
    yield from keys.values()
    for item in root.resources.of(_SECRET, _PARAMETER):
        if item.type == _SECRET or item.values.get("type") == "SecureString":
            yield reader.secret(item, keys)


class _Reader:
    def __init__(self, root: Root) -> None:
        self._root = root
        self._resources = root.resources
        self._place = f"{root.region}:{root.account_id}"

    def key(self, item: Instance) -> Guarded:
        made = f"arn:aws:kms:{self._place}:key/"
        account = f"arn:aws:iam::{self._root.account_id}:root"
        by_default = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
        default = {"Statement": {**by_default, "Principal": {"AWS": account}}}
        policy, unread = self._policy(item, *_KEY_POLICY, default)
        usage = item.values.get("key_usage") or "ENCRYPT_DECRYPT"
        return Guarded(
            root=self._root,
            item=item,
            arn=item.values.get("arn") or f"{made}{item.address}",
            another=f"{made}of-nobody",
            reading=_USES.get(usage, ("kms:Decrypt",)),
            giving=_GIVING_KEYS,
            policy=policy,
            unread=unread,
        )

    def secret(self, item: Instance, keys: Mapping[str, Guarded]) -> Guarded:
        if item.type == _SECRET:
            start = f"arn:aws:secretsmanager:{self._place}:secret:"
            policy, unread = self._policy(item, *_SECRET_POLICY, None)
        else:
            start = f"arn:aws:ssm:{self._place}:parameter/"
            policy, unread = None, ""
        name = str(item.values.get("name") or item.address).lstrip("/")
        return Guarded(
            root=self._root,
            item=item,
            arn=item.values.get("arn") or start + name,
            another=f"{start}of-nobody",
            reading=_READS[item.type],
            giving=_GIVING[item.type],
            policy=policy,
            unread=unread,
            key=self._key_of(item, keys),
        )

    def _policy(
        self, item: Instance, kind: str, attribute: str, default: Any
    ) -> tuple[tuple[Statement, ...] | None, str]:
        """Return the statements of something's policy, and why there may be others."""
        holders = [each for each in self._resources.of(kind) if self._names(each, attribute, item)]
        holder = holders[0] if holders else item
        document = holder.values.get("policy") or default
        if not holder.values.get("policy") and self._resources.configures(holder, "policy"):
            return None, f"the policy of {holder.address} isn't known"
        if not document:
            return None, ""
        try:
            return Policy(document, resource_based=True, name=holder.address).statements, ""
        except ValueError as error:
            return None, f"{holder.address}: {error}"

    def _key_of(self, item: Instance, keys: Mapping[str, Guarded]) -> Guarded | None:
        attribute = "kms_key_id" if item.type == _SECRET else "key_id"
        return next((key for key in keys.values() if self._names(item, attribute, key.item)), None)

    def _names(self, item: Instance, attribute: str, other: Instance) -> bool:
        try:
            return other.address in self._resources.named(item, (attribute,), other.type)
        except UnresolvedError:
            return False
