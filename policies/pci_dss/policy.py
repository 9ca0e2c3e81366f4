"""Policies, the verdict of one on a resource, and the list of all that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from pci_dss.subject import Resources, Subject, UndecidedError

if TYPE_CHECKING:
    from terraform_plan.references import Instance

Judge = Callable[[Subject], Iterator[str]]
"""Yields what is wrong with a resource, a sentence each; nothing if all is well."""

ANY = "*"
"""In place of a type: every resource."""


class Result(StrEnum):
    """What a check found. An exception turns FAIL into EXCEPTION."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    NOT_EVALUATED = "NOT-EVALUATED"


@dataclass(frozen=True)
class Verdict:
    """What a policy found about a resource."""

    result: Result
    reasons: tuple[str, ...]
    """What is wrong, or what isn't known."""
    evaluated: Mapping[str, Any]
    """By address and path, the values that decided."""


@dataclass(frozen=True)
class Policy:
    """A rule on resources of some types, with the requirements that it serves."""

    id: str
    title: str
    requirements: tuple[str, ...]
    """Of PCI DSS 4.0.1, by number."""
    types: tuple[str, ...]
    fix: str
    """What to change where it fails; ends every message."""
    judge: Judge = field(repr=False)
    applies: Callable[[Subject], bool] = field(default=lambda _: True, repr=False)
    """Whether a resource of these types is its concern at all."""

    @property
    def guideline(self) -> str:
        """Where the policy is explained."""
        return f"policies/pci_dss/README.md#{self.id.lower().replace('_', '-')}"

    def concerns(self, item: Instance) -> bool:
        """Whether the resource's type is one of the policy's."""
        return item.type in self.types or ANY in self.types

    def verdict(self, item: Instance, resources: Resources) -> Verdict | None:
        """Judge a resource; None if the policy has nothing to say about it."""
        subject = Subject(item, resources)
        reasons: list[str] = []
        try:
            if not self.concerns(item) or not self.applies(subject):
                return None
            reasons.extend(self.judge(subject))
        except UndecidedError as error:
            if not reasons:  # what is wrong already stays wrong
                return Verdict(Result.NOT_EVALUATED, (str(error),), subject.evaluated)
        result = Result.FAIL if reasons else Result.PASS
        return Verdict(result, tuple(reasons), subject.evaluated)


_POLICIES: dict[str, Policy] = {}


def policy(
    id: str,  # noqa: A002 - as checkov calls it
    title: str,
    *,
    requirements: tuple[str, ...],
    types: tuple[str, ...],
    fix: str,
    applies: Callable[[Subject], bool] = lambda _: True,
) -> Callable[[Judge], Judge]:
    """Make a function that yields what is wrong a policy.

    Raises:
        ValueError: the id is taken.
    """

    def register(judge: Judge) -> Judge:
        if id in _POLICIES:
            raise ValueError(f"two policies are called {id}")
        _POLICIES[id] = Policy(id, title, requirements, types, fix, judge, applies)
        return judge

    return register


@cache
def policies() -> tuple[Policy, ...]:
    """Return every policy of :mod:`pci_dss.policies`, by number."""
    package = import_module("pci_dss.policies")
    for module in iter_modules(package.__path__, "pci_dss.policies."):
        import_module(module.name)
    return tuple(sorted(_POLICIES.values(), key=lambda each: int(each.id.removeprefix("PCI_"))))
