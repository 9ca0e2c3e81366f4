"""What moto 5.2.5 lacks or gets wrong; each module of this package mends one service.

The entries are in force only while an embedded AWS runs, so moto is left as it was found.
"""

import importlib
import pkgutil

from harness.aws.supplement.registry import MENDS, Mend, apply, revert

__all__ = ["MENDS", "Mend", "install", "uninstall"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def install(*, without: str | None = None) -> None:
    """Mend moto; ``without`` leaves one entry out, to show what it is for.

    Raises:
        KeyError: no entry has that action.

    """
    left_out = MENDS[without] if without else None
    apply(entry for entry in MENDS.values() if entry is not left_out)


def uninstall() -> None:
    """Leave moto as it was."""
    revert()
