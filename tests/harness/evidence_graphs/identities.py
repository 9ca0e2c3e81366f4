"""The roles of a root: their policies, whom they trust, and what runs as them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.evidence_graphs.possibilities import Caller, role_caller
from harness.iam import Policy
from terraform_plan.references import UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.evidence_graphs.estate import Root
    from harness.iam import Statement
    from terraform_plan.references import Instance

ROLE = "aws_iam_role"
_POLICY = "aws_iam_policy"
_OF_EVERYTHING = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
_OF_AWS = {"arn:aws:iam::aws:policy/AdministratorAccess": Policy(_OF_EVERYTHING).statements}
"""What plans don't hold, and everybody knows."""
_RUNNING: Mapping[str, tuple[str, ...]] = {
    "aws_codebuild_project": ("service_role",),
    "aws_codepipeline": ("role_arn",),
    "aws_ecs_task_definition": ("task_role_arn", "execution_role_arn"),
    "aws_lambda_function": ("role",),
    "aws_sfn_state_machine": ("role_arn",),
}
"""What runs as a role, and where it says as which."""


@dataclass(frozen=True)
class Role:
    """A role, with what is known of its policies."""

    root: Root
    address: str
    name: str
    arn: str
    scope: str
    tags: Mapping[str, str]
    trust: Mapping[str, Any] | None
    """The document; None if it isn't known."""
    statements: tuple[Statement, ...]
    boundary: tuple[Statement, ...] | None
    unread: tuple[str, ...]
    """Why it may be allowed more than its statements tell."""
    running: tuple[Instance, ...] = ()
    """What runs as it."""

    @cached_property
    def caller(self) -> Caller:
        """A session of it."""
        return role_caller(self.arn, self.tags, self.statements, self.boundary)

    @cached_property
    def trusting(self) -> tuple[Statement, ...]:
        """Statements of the document that says whom it trusts.

        Raises:
            PolicyError: it isn't understood.
        """
        document = self.trust or {}
        return Policy(
            document, resource_based=True, name=f"trust policy of {self.address}"
        ).statements

    @property
    def serves(self) -> bool:
        """Whether a service may act as it: whoever passes it to one lets that act."""
        return "Service" in json.dumps(self.trust or {})

    @property
    def functions(self) -> Iterator[str]:
        """Yield the ARNs of functions that run as it."""
        for item in self.running:
            if item.type == "aws_lambda_function":
                place = f"{self.root.region}:{self.root.account_id}"
                name = item.values.get("function_name") or item.address
                yield item.values.get("arn") or f"arn:aws:lambda:{place}:function:{name}"

    def __str__(self) -> str:
        runs = ", ".join(item.address for item in self.running)
        return f"{self.address} (runs {runs})" if runs else self.address


def read_roles(root: Root) -> tuple[Role, ...]:
    """Read every role of a root."""
    return tuple(_Reader(root).roles())


class _Reader:
    def __init__(self, root: Root) -> None:
        self._root = root
        self._resources = root.resources
        self._roles = list(root.resources.of(ROLE))
        self._policies = {item.address: item for item in root.resources.of(_POLICY)}
        self._policies |= {
            item.values["arn"]: item
            for item in root.resources.of(_POLICY)
            if item.values.get("arn")
        }
        self._homeless: list[str] = []
        self._inline = self._belonging("aws_iam_role_policy", "role")
        self._attached = self._belonging("aws_iam_role_policy_attachment", "role")
        for item in root.resources.of("aws_iam_policy_attachment"):
            for name in item.values.get("roles") or ():  # by name, as the provider wants it
                self._attached[self._address(name)].append(item)

    def roles(self) -> Iterator[Role]:
        for item in self._roles:
            unread: list[str] = []
            statements = [*self._statements(item, unread)]
            name = str(item.values.get("name") or item.address)
            yield Role(
                root=self._root,
                address=item.address,
                name=name,
                arn=self._arn(item, name),
                scope=self._root.scope(item),
                tags=item.values.get("tags_all") or item.values.get("tags") or {},
                trust=_parsed(item.values.get("assume_role_policy")),
                statements=tuple(statements),
                boundary=self._boundary(item),
                unread=tuple(dict.fromkeys(unread)),
                running=tuple(self._running(item)),
            )

    def _statements(self, role: Instance, unread: list[str]) -> Iterator[Statement]:
        """Yield a role's statements, and note what can't be read."""
        unread += self._homeless
        for item in self._inline[role.address]:
            yield from _read(item.values.get("policy"), item.address, unread)
        told = {item.values.get("name") for item in self._inline[role.address]}
        for block in role.values.get("inline_policy") or ():
            if block.get("name") in told:
                continue  # the provider lists those of resources here too
            yield from _read(block.get("policy"), role.address, unread)
        for place, name in self._managed_policies(role):
            if name in _OF_AWS:
                yield from _OF_AWS[name]
            elif managed := self._policies.get(name):
                yield from _read(managed.values.get("policy"), managed.address, unread)
            else:
                unread.append(f"{place}: what {name or 'its policy'} allows isn't part of the plan")

    def _managed_policies(self, role: Instance) -> Iterator[tuple[str, str]]:
        for item in self._attached[role.address]:
            if arn := item.values.get("policy_arn"):
                yield item.address, arn
                continue
            for named in self._named(item, "policy_arn", _POLICY) or ("",):
                yield item.address, named
        for arn in role.values.get("managed_policy_arns") or ():
            yield role.address, arn

    def _boundary(self, role: Instance) -> tuple[Statement, ...] | None:
        """Return a boundary's statements; one that isn't known would only take away."""
        item = self._policies.get(role.values.get("permissions_boundary") or "")
        unread: list[str] = []
        found = tuple(_read(item.values.get("policy"), item.address, unread)) if item else ()
        return found if item and not unread else None

    def _belonging(self, kind: str, attribute: str) -> dict[str, list[Instance]]:
        found: dict[str, list[Instance]] = defaultdict(list)
        for item in self._resources.of(kind):
            if name := item.values.get(attribute):
                found[self._address(name)].append(item)
                continue
            addresses = self._named(item, attribute, ROLE)
            if not addresses:
                self._homeless.append(f"{item.address}: the plan doesn't tell whose it is")
            for address in addresses:
                found[address].append(item)
        return found

    def _address(self, name: str) -> str:
        """Return the address of a role by its name, which functions and tables may bear as well."""
        named = (item.address for item in self._roles if item.values.get("name") == name)
        return next(named, name)

    def _running(self, role: Instance) -> Iterator[Instance]:
        for kind, attributes in _RUNNING.items():
            for item in self._resources.of(kind):
                if any(self._is(role, item, attribute) for attribute in attributes):
                    yield item

    def _is(self, role: Instance, item: Instance, attribute: str) -> bool:
        if (value := item.values.get(attribute)) is not None:
            return bool(value == role.values.get("arn"))
        return role.address in self._named(item, attribute, ROLE)

    def _named(self, item: Instance, attribute: str, kind: str) -> tuple[str, ...]:
        try:
            return self._resources.named(item, (attribute,), kind)
        except UnresolvedError:
            return ()

    def _arn(self, item: Instance, name: str) -> str:
        path = item.values.get("path") or "/"
        told = item.values.get("arn")
        return told or f"arn:aws:iam::{self._root.account_id}:role{path}{name}"


def _read(text: str | None, place: str, unread: list[str]) -> Iterator[Statement]:
    if not text:
        unread.append(f"{place} isn't known")
        return
    try:
        yield from Policy(text, name=place).statements
    except ValueError as error:
        unread.append(f"{place}: {error}")


def _parsed(text: str | None) -> Mapping[str, Any] | None:
    return json.loads(text) if text else None
