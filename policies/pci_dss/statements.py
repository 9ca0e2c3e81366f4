"""Statements of IAM policies as data: what they concern, whom they name, what binds them.

Conditions aren't evaluated: there is no request. They are told apart by whether they hold a caller
to an identity that the policy names, or can be met by anyone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pci_dss.subject import UndecidedError

if TYPE_CHECKING:
    from pci_dss.subject import Subject

ORGANIZATION_KEYS = frozenset(
    {"aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths"}
)
SOURCE_KEYS = frozenset(
    {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}
)
"""For whom a service acts: what keeps it from being anyone's deputy."""
CALLER_KEYS = (
    ORGANIZATION_KEYS
    | SOURCE_KEYS
    | {"aws:principalaccount", "aws:principalarn", "aws:userid", "kms:calleraccount"}
    | {"aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce"}
)
"""Who calls. Addresses, agents and referrers are left out: they are no identity."""
_EXACT_KEYS = re.compile(r".*(?:account|orgid|owner|vpce?)")
_POSITIVE = re.compile(
    r"(?:ForAnyValue:)?(?:String(?:Equals(?:IgnoreCase)?|Like)|Arn(?:Equals|Like))"
)
_NEGATIVE = re.compile(r"(?:For(?:Any|All)Values?:)?(?:StringNot|ArnNot)\w+")


@dataclass(frozen=True)
class Condition:
    """An operator with one key and its values."""

    operator: str
    key: str
    """In lower case: IAM doesn't tell them apart."""
    values: tuple[str, ...]

    @property
    def binds(self) -> bool:
        """Whether it holds for definite values alone, and not where the key is absent."""
        return bool(_POSITIVE.fullmatch(self.operator)) and all(map(self._definite, self.values))

    @property
    def spares(self) -> bool:
        """Whether it fails for definite values alone: what a `Deny` with it lets through."""
        return bool(_NEGATIVE.fullmatch(self.operator)) and all(map(self._definite, self.values))

    def _definite(self, value: str) -> bool:
        if value.startswith("arn:"):
            return is_definite(value)
        if _EXACT_KEYS.fullmatch(self.key):
            return bool(value) and not _wild(value)
        return bool(value) and not _wild(re.split(r"[/:]", value)[0])


@dataclass(frozen=True)
class Statement:
    """A statement of a policy."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    excludes_actions: bool
    """It is about every action but these (`NotAction`)."""
    resources: tuple[str, ...]
    excludes_resources: bool
    principals: Mapping[str, tuple[str, ...]]
    """By kind: AWS, Service, Federated, CanonicalUser. Empty in policies of identities."""
    excludes_principals: bool
    conditions: tuple[Condition, ...]

    def concerns(self, action: str) -> bool:
        """Whether it is about an action, such as `s3:GetObject`."""
        return matches_any(self.actions, action, ignore_case=True) is not self.excludes_actions

    def concerns_all(self, service: str) -> bool:
        """Whether it is about every action of a service, such as `s3`, or of all services."""
        if self.excludes_actions:
            return not any(matches(each.lower().split(":")[0], service) for each in self.actions)
        return bool({"*", f"{service}:*"} & {each.lower() for each in self.actions})

    def covers(self, resource: str) -> bool:
        """Whether it is about a resource, by its ARN."""
        return matches_any(self.resources, resource) is not self.excludes_resources

    @property
    def covers_everything(self) -> bool:
        """Whether it is about every resource, or all but some."""
        return self.excludes_resources or "*" in self.resources

    @property
    def anyone(self) -> bool:
        """Whether it names everyone, if only its conditions don't say otherwise."""
        if self.excludes_principals:
            return True
        return "*" in self.principals.get("AWS", ()) or "*" in self.principals.get("*", ())

    @property
    def services(self) -> tuple[str, ...]:
        """The services that it names."""
        return () if self.excludes_principals else self.principals.get("Service", ())

    def bound_by(self, keys: Iterable[str]) -> bool:
        """Whether a condition on one of the keys, in lower case, holds for definite values only."""
        wanted = set(keys)
        return any(each.binds and each.key in wanted for each in self.conditions)

    def values(self, key: str) -> tuple[str, ...]:
        """Return what its conditions compare a key with."""
        found = (each.values for each in self.conditions if each.key == key.lower())
        return tuple(value for values in found for value in values)

    def __str__(self) -> str:
        return f"statement {self.sid}"


def statements(subject: Subject, *path: str | int) -> tuple[Statement, ...]:
    """Read the policy document of an attribute; nothing where it isn't set.

    Raises:
        UndecidedError: it isn't known, or is no policy.
    """
    return statements_of(subject.document(*path), f"{subject.address}: {'.'.join(map(str, path))}")


def statements_of(document: Mapping[str, Any], place: str) -> tuple[Statement, ...]:
    """Read a policy document.

    Args:
        document: the parsed policy.
        place: what errors call it.

    Raises:
        UndecidedError: it is no policy.
    """
    return tuple(
        _statement(each, number, place)
        for number, each in enumerate(_listed(document.get("Statement")), start=1)
    )


def is_definite(arn: str) -> bool:
    """Whether an ARN tells whose resource it is: by an account, or as a bucket by its name."""
    account, resource = [*arn.split(":", 5), *[""] * 5][4:6]
    return not _wild(account or resource[:1] or "*")


@lru_cache(maxsize=4096)
def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether a text fits a pattern: `*` is any characters, `?` one."""
    parts = re.split(r"([*?])", pattern)
    expression = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts)
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.fullmatch(expression, text, flags) is not None


def matches_any(patterns: Iterable[str], text: str, *, ignore_case: bool = False) -> bool:
    """Whether a text fits one of the patterns."""
    return any(matches(pattern, text, ignore_case=ignore_case) for pattern in patterns)


def _statement(item: Any, number: int, place: str) -> Statement:
    if not isinstance(item, Mapping) or item.get("Effect") not in ("Allow", "Deny"):
        raise UndecidedError(f"{place}: statement {number} neither allows nor denies")
    return Statement(
        sid=str(item.get("Sid") or f"number {number}"),
        allows=item["Effect"] == "Allow",
        actions=_texts(item.get("Action", item.get("NotAction"))),
        excludes_actions="NotAction" in item,
        resources=_texts(item.get("Resource", item.get("NotResource"))),
        excludes_resources="NotResource" in item,
        principals=_principals(item.get("Principal", item.get("NotPrincipal"))),
        excludes_principals="NotPrincipal" in item,
        conditions=tuple(_conditions(item.get("Condition") or {})),
    )


def _principals(element: Any) -> Mapping[str, tuple[str, ...]]:
    if isinstance(element, Mapping):
        return {str(kind): _texts(values) for kind, values in element.items()}
    return {"*": _texts(element)} if element else {}


def _conditions(block: Mapping[str, Any]) -> Iterator[Condition]:
    for operator, by_key in block.items():
        for key, values in by_key.items():
            yield Condition(operator, key.lower(), _texts(values))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(
        str(each).lower() if isinstance(each, bool) else str(each) for each in _listed(value)
    )


def _wild(text: str) -> bool:
    return "*" in text or "?" in text
