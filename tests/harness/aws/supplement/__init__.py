"""What moto 5.2.5 lacks or gets wrong; each module of this package mends one service.

The entries are in force only while an embedded AWS runs, so moto is left as it was found.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from typing import TYPE_CHECKING

from harness.aws.supplement.registry import MENDS, Mend, apply, revert

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MENDS", "Mend", "install", "uninstall", "without"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def install() -> None:
    """Mend moto."""
    apply(MENDS.values())


def uninstall() -> None:
    """Leave moto as it was."""
    revert()


@contextlib.contextmanager
def without(action: str) -> Iterator[None]:
    """Leave one entry out for a while, to show what it is for.

    Raises:
        KeyError: no entry has that action.

    """
    left_out = MENDS[action]
    uninstall()
    apply(entry for entry in MENDS.values() if entry is not left_out)
    try:
        yield
    finally:
        uninstall()
        install()
