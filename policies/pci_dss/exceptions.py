"""Failures that somebody accepts for a while, with the compensating-control worksheet.

An exception is for one check, one requirement and one address. What is accepted at several exact
addresses for the same reasons stands in one table, with lists. An exception is no use when it has
expired, when nothing fails there any more, or when another one says the same: each is an error.
"""

from __future__ import annotations

import datetime
import tomllib
from collections import Counter
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pci_dss.policy import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pci_dss.record import Record

EXCEPTIONS = Path(__file__).with_name("exceptions.toml")
LONGEST = datetime.timedelta(days=366)
"""Compensating controls are reviewed once a year."""

Key: TypeAlias = tuple[str, str, str, str]
"""Check, environment, address, requirement."""


GRAPHS = "GRAPH_"
"""How ids of checks begin that need all roots at once. A scan of one root doesn't make them."""


class ExceptionsError(Exception):
    """A file of exceptions can't be used; says all that is wrong with it."""


@dataclass(frozen=True)
class Exemption:
    """At one address, for one requirement: who accepts which failure until when, and why."""

    id: str
    check: str
    environment: str
    """Root or module, as the scan names it."""
    address: str
    requirement: str
    owner: str
    approver: str
    approved: datetime.date
    expires: datetime.date
    """The last day on which it holds."""
    constraint: str
    objective: str
    risk: str
    control: str
    validation: str
    maintenance: str

    @property
    def key(self) -> Key:
        """What it is for."""
        return self.check, self.environment, self.address, self.requirement

    def expired(self, today: datetime.date) -> bool:
        """Whether it holds no longer."""
        return today > self.expires


WORKSHEET = ("constraint", "objective", "risk", "control", "validation", "maintenance")
"""Fields of the compensating-control worksheet, in its order."""
_DATES = ("approved", "expires")
_LISTS = ("address", "requirement")
"""Fields that may be lists."""


@dataclass(frozen=True)
class Problem:
    """An exception that is no use, and why."""

    exemption: Exemption
    reason: str

    def __str__(self) -> str:
        return f"exception {self.exemption.id}: {self.reason}"


def load(path: Path = EXCEPTIONS) -> tuple[Exemption, ...]:
    """Read a file of exceptions.

    Raises:
        ExceptionsError: it can't be read, or one of them is malformed or there twice.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExceptionsError(f"can't read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExceptionsError(f"{path} isn't TOML: {error}") from error
    written = document.pop("exception", [])
    if document or not isinstance(written, list):
        raise ExceptionsError(f"{path}: write each exception as a table [[exception]]")
    problems = [
        f"{_name(each, position)}: {problem}"
        for position, each in enumerate(written, 1)
        for problem in _malformed(each)
    ]
    if not problems:
        exemptions = tuple(
            Exemption(**{**each, "address": address, "requirement": requirement})
            for each in written
            for address in _listed(each["address"])
            for requirement in _listed(each["requirement"])
        )
        problems = [*_named_twice(written), *_twice(exemptions)]
    if problems:
        raise ExceptionsError("\n".join(f"{path}: {problem}" for problem in problems))
    return exemptions


def problems(
    exemptions: Iterable[Exemption],
    records: Mapping[str, Sequence[Record]],
    today: datetime.date,
) -> Iterator[Problem]:
    """Yield the exceptions that are expired or unused.

    Args:
        exemptions: all that there are.
        records: what was found, by environment. An exception for another environment isn't judged.
        today: the day on which they must hold.
    """
    for each in exemptions:
        if each.expired(today):
            yield Problem(each, f"expired on {each.expires}; mend the failure, or approve it again")
        elif each.environment in records and (unused := _unused(each, records[each.environment])):
            yield Problem(each, unused)


def _unused(exemption: Exemption, records: Sequence[Record]) -> str:
    """Say why an exception isn't needed, or nothing."""
    if exemption.check.startswith(GRAPHS) and exemption.check not in {
        record.check for record in records
    }:
        return ""
    there = [record for record in records if record.address == exemption.address]
    if not there:
        return f"nothing was found at {exemption.address} in {exemption.environment}; remove it"
    judged = next((record for record in there if record.check == exemption.check), None)
    if judged is None:
        return f"{exemption.check} doesn't judge {exemption.address}; remove it"
    if exemption.requirement not in judged.requirements:
        return (
            f"{exemption.check} serves {', '.join(judged.requirements)} and not"
            f" {exemption.requirement}; name one of these"
        )
    if judged.result != Result.FAIL:
        return f"{exemption.check} is {judged.result} at {exemption.address}; remove it"
    return ""


def _name(written: Any, position: int) -> str:
    named = written.get("id") if isinstance(written, dict) else None
    return f"exception {named}" if named else f"exception number {position}"


def _malformed(written: Any) -> Iterator[str]:
    if not isinstance(written, dict):
        yield "isn't a table"
        return
    known = {each.name for each in fields(Exemption) if each.default is MISSING}
    if missing := sorted(known - written.keys()):
        yield f"lacks {', '.join(missing)}"
    if unknown := sorted(written.keys() - known):
        yield f"has {', '.join(unknown)}, which means nothing"
    for name in sorted(known & written.keys()):
        if name in _DATES:
            if type(written[name]) is not datetime.date:
                yield f"{name} must be a date such as 2026-11-01, without quotes"
        elif name in _LISTS:
            yield from _badly_listed(name, _listed(written[name]))
        elif not _is_text(written[name]):
            yield f"{name} must be a text that isn't empty"
    yield from _badly_approved(written)


def _badly_listed(name: str, values: Sequence[Any]) -> Iterator[str]:
    if not values or not all(_is_text(each) for each in values):
        yield f"{name} must be a text that isn't empty, or a list of such"
    elif name == "address" and any("*" in each for each in values):
        yield "address must be exact: an exception is for resources that it names"


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _badly_approved(written: Mapping[str, Any]) -> Iterator[str]:
    owner, approver = written.get("owner"), written.get("approver")
    if isinstance(owner, str) and owner == approver:
        yield "owner and approver are the same; somebody else must approve"
    approved, expires = written.get("approved"), written.get("expires")
    if type(approved) is type(expires) is datetime.date:
        if expires < approved:
            yield "expires before it was approved"
        elif expires - approved > LONGEST:
            yield "holds for more than a year; it must be reviewed by then, so let it expire"


def _named_twice(written: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    counts = Counter(each["id"] for each in written)
    yield from (f"two exceptions are called {name}" for name, count in counts.items() if count > 1)


def _twice(exemptions: Sequence[Exemption]) -> Iterator[str]:
    by_key: dict[Key, Exemption] = {}
    for each in exemptions:
        if earlier := by_key.get(each.key):
            yield (
                f"{earlier.id} and {each.id} are for the same: {each.check} at {each.address} in"
                f" {each.environment}, requirement {each.requirement}; keep one"
            )
        by_key[each.key] = each
