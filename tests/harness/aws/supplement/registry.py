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

    def current(self) -> Any:
        places = self.owner if isinstance(self.owner, dict) else vars(self.owner)
        return places.get(self.name, _ABSENT)

    def put(self, value: Any) -> None:
        if isinstance(self.owner, dict):
            self.owner.pop(self.name, None)
            if value is not _ABSENT:
                self.owner[self.name] = value
        elif value is _ABSENT:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, value)


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

    def serves(self, url_paths: dict[str, Any], pattern: str, response: Any) -> None:
        """Send a path that moto doesn't know to the methods of one of its response classes."""
        self.patches.append(_Patch(url_paths, pattern, lambda _: response.dispatch))


MENDS: dict[str, Mend] = {}
_undo: list[tuple[_Patch, Any]] = []


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
            original = patch.current()
            _undo.append((patch, original))
            patch.put(patch.replace(original))


def revert() -> None:
    """Restore every function that ``apply`` replaced."""
    while _undo:
        patch, original = _undo.pop()
        patch.put(original)
