"""How moto is mended: each entry replaces a few functions and can be taken out again."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ABSENT = object()


@dataclass(frozen=True)
class _Patch:
    owner: Any
    name: str
    replace: Callable[[Any], Any]

    def original(self) -> Any:
        return vars(self.owner).get(self.name, _ABSENT)


@dataclass(frozen=True, eq=False)
class Mend:
    """One thing that moto 5.2.5 lacks or gets wrong.

    Attributes:
        action: the AWS action that shows it, unique in the supplement.
        reason: what moto does.
        observed: how that was seen.
    """

    action: str
    reason: str
    observed: str
    patches: list[_Patch] = field(default_factory=list)

    def around(self, owner: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorate a function that takes the original first, then the original's arguments."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            def replace(original: Any) -> Any:
                @functools.wraps(original)
                def mended(*args: Any, **options: Any) -> Any:
                    return function(original, *args, **options)

                return mended

            self.patches.append(_Patch(owner, name, replace))
            return function

        return register

    def instead(self, owner: Any, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorate a function that takes the original's place, or fills a gap."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self.patches.append(_Patch(owner, name, lambda _: function))
            return function

        return register


MENDS: dict[str, Mend] = {}
_undo: list[tuple[Any, str, Any]] = []


def mend(action: str, *, reason: str, observed: str) -> Mend:
    """Add an entry to the supplement.

    Raises:
        ValueError: the action has an entry already.
    """
    if action in MENDS:
        raise ValueError(f"{action} has an entry in the supplement: extend that one")
    entry = MENDS[action] = Mend(action, reason, observed)
    return entry


def apply(entries: Iterable[Mend]) -> None:
    """Replace moto's functions by the entries' own."""
    for entry in entries:
        for patch in entry.patches:
            original = patch.original()
            _undo.append((patch.owner, patch.name, original))
            setattr(patch.owner, patch.name, patch.replace(original))


def revert() -> None:
    """Restore every function that ``apply`` replaced."""
    while _undo:
        owner, name, original = _undo.pop()
        if original is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, original)
