"""Compares what production's plan changes with what was changed, and tried out, in integration."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from promotion.errors import BrokenInputError, Refused
from promotion.plan_document import UNKNOWN, Change
from promotion.traffic import ALIAS_TYPE, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promotion.may_differ import MayDiffer

EXCEPTIONS = Path(__file__).resolve().parents[1] / "parity.toml"
_SHOWN = 10
_WHOLE = "*"
"""Stands for a whole resource, where it isn't a pattern."""


@dataclass(frozen=True)
class Declared:
    """A difference that somebody declared, with a reason, for some time."""

    address: str
    reason: str
    until: date
    attribute: str = "*"

    def covers(self, address: str, attribute: str) -> bool:
        """Tell whether it is about this attribute of this resource."""
        return _like(self.address, address) and _like(self.attribute, attribute)


def read_exceptions(file: Path = EXCEPTIONS, today: date | None = None) -> list[Declared]:
    """Return the exceptions that haven't ended.

    Raises:
        BrokenInputError: the file isn't what is expected.
    """
    today = today or datetime.now(UTC).date()
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        found = [Declared(**item) for item in document.get("exceptions", ())]
        return [item for item in found if item.until >= today]
    except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
        raise BrokenInputError(
            f"{file} isn't a list of exceptions with address, reason, until and perhaps "
            f"attribute: {error}"
        ) from None


def merged(applied: Iterable[Sequence[Change]]) -> list[Change]:
    """Put the changes of several applies together, as one apply would have made them."""
    together: dict[str, Change] = {}
    for changes in applied:
        for change in changes:
            known = together.pop(change.address, None)
            both = _both(known, change) if known else change
            if both is not None:
                together[change.address] = both
    return sorted(together.values(), key=lambda change: change.address)


def breaks(
    production: Sequence[Change],
    integration: Sequence[Change],
    exceptions: Sequence[Declared],
    listed: MayDiffer,
) -> list[str]:
    """Return the differences that nobody declared, each as a sentence."""
    here = {change.address: change for change in map(_without_traffic, production) if change}
    there = {change.address: change for change in map(_without_traffic, integration) if change}
    return [
        sentence
        for address in sorted({*here, *there})
        for attribute, sentence in _differences(address, here.get(address), there.get(address))
        if not any(item.covers(address, attribute) for item in exceptions)
        and not listed.admits(_type(address), address, _path(attribute))
    ]


def check(
    production: Sequence[Change],
    integration: Sequence[Change],
    exceptions: Sequence[Declared],
    listed: MayDiffer,
) -> None:
    """Refuse a plan of production that does something else than was done in integration.

    Args:
        production: what the plan changes.
        integration: what was changed there.
        exceptions: differences that somebody declared for some time.
        listed: in what environments may differ at all.

    Raises:
        Refused: says what differs.
    """
    found = breaks(production, integration, exceptions, listed)
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise Refused(
            rule="parity",
            evidence="; ".join(found[:_SHOWN]) + more,
            fix="make both environments run the same release and repair what was changed by hand "
            "(promotion drift); or declare the difference in .pipeline/parity.toml, with a reason",
            override="a reviewer of .pipeline/parity.toml, by an exception that ends",
        )


def _differences(
    address: str, here: Change | None, there: Change | None
) -> Iterator[tuple[str, str]]:
    if here is None or there is None:
        which = "production" if here else "integration"
        yield _WHOLE, f"only {which} changes {address}"
    elif here.actions != there.actions:
        told = f"{'/'.join(here.actions)} in production, {'/'.join(there.actions)} in integration"
        yield _WHOLE, f"{address}: {told}"
    else:
        for name in sorted({*here.attributes, *there.attributes}):
            values = {here.attributes.get(name), there.attributes.get(name)}
            # What is known after the apply only may be the same.
            if len(values) > 1 and UNKNOWN not in values:
                yield (
                    name,
                    f"{address}: {name} gets another value in production than in integration",
                )


def _both(first: Change, second: Change) -> Change | None:
    attributes = {**first.attributes, **second.attributes}
    if second.actions == ("delete",):
        return None if first.actions == ("create",) else second
    if first.actions == ("delete",) and second.actions == ("create",):
        return Change(second.address, ("delete", "create"), attributes)
    actions = first.actions if "create" in first.actions else second.actions
    return Change(second.address, actions, attributes)


def _without_traffic(change: Change) -> Change | None:
    """Leave out where an alias sends calls: in production a shift does that, later."""
    if _type(change.address) != ALIAS_TYPE or change.actions != ("update",):
        return change
    rest = {
        path: value
        for path, value in change.attributes.items()
        if path.partition(".")[0] not in WEIGHTS
    }
    return replace(change, attributes=rest) if rest else None


def _type(address: str) -> str:
    """Return the type of resource that an address names."""
    return re.sub(r"\[[^]]*]", "", address).split(".")[-2]


def _path(attribute: str) -> tuple[str, ...]:
    return () if attribute == _WHOLE else tuple(attribute.split("."))


def _like(pattern: str, text: str) -> bool:
    """Match with `*` for anything; brackets are part of addresses."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
