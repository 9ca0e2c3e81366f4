"""Finds what belongs to a resource, and says what it means that there is nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pci_dss.subject import Subject, UndecidedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


_SHOWN_CANDIDATES = 3
"""Of those that weren't wanted: enough to see why, where there are a hundred."""


def first(candidates: Iterable[Subject], wanted: Callable[[Subject], bool]) -> Subject | None:
    """Return the first that is wanted. Evidence shows what was read of it, or why there is none.

    Raises:
        UndecidedError: none is for sure, and of one the configuration doesn't tell.
    """
    undecided, passed_over = None, []
    for candidate in candidates:
        tried = replace(candidate, evaluated={})
        try:
            if wanted(tried):
                candidate.evaluated.update(tried.evaluated)
                return candidate
        except UndecidedError as error:
            undecided = undecided or error
        passed_over.append((candidate, tried))
    for candidate, tried in passed_over[:_SHOWN_CANDIDATES]:
        candidate.evaluated.update(tried.evaluated)
    if undecided:
        raise undecided
    return None


def names(other: Subject, subject: Subject, *path: str | int) -> bool:
    """Whether an attribute of another resource names this one: by id, ARN or name.

    Raises:
        UndecidedError: the configuration doesn't tell.
    """
    for found in other.named(*path, types=[subject.type]):
        if isinstance(found, Subject):
            if found.address == subject.address:
                return True
        elif subject.known("name") and found == subject.get("name"):
            return True
    return False


def alike(one: Subject, other: Subject, attribute: str, *types: str) -> bool:
    """Whether an attribute of two resources names the same thing of some types, or elsewhere.

    Raises:
        UndecidedError: the configuration doesn't tell.
    """
    named = _identities(one, attribute, types)
    return bool(named) and named == _identities(other, attribute, types)


def missing(subject: Subject, reason: str) -> Iterator[str]:
    """Yield that something isn't there.

    Raises:
        UndecidedError: it may be beside these files, in the root that calls the module.
    """
    if not subject.resources.whole:
        raise UndecidedError(f"{subject.address}: {reason} in these files; judge a plan of a root")
    yield reason


def _identities(subject: Subject, attribute: str, types: tuple[str, ...]) -> set[str]:
    return {
        found.address if isinstance(found, Subject) else found
        for found in subject.named(attribute, types=types)
    }
