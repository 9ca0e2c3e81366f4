"""Tells whom it concerns that an embedded AWS was emptied.

Warm providers keep sessions of an account. After a reset the same credentials may stand for
another one, so such providers must end; but neither side knows of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_listeners: list[Callable[[str], None]] = []


def listen(listener: Callable[[str], None]) -> None:
    """Have `listener` called with the address of each embedded AWS that is reset or closed."""
    _listeners.append(listener)


def tell(endpoint_url: str) -> None:
    """Call all listeners."""
    for listener in _listeners:
        listener(endpoint_url)
