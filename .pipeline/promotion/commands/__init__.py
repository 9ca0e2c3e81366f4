"""The commands, a module each: ``prod_plan.py`` is ``python -m promotion prod-plan``.

The first line of a module's docstring is the command's help. It has ``add_arguments(parser)`` and
``run(options)``, which returns the exit status. What is slow to import, such as boto3, may be
imported at the top: only the module of the command that is run is imported.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


class Command(Protocol):
    """What a module of this package holds."""

    __doc__: str | None

    @staticmethod
    def add_arguments(parser: ArgumentParser) -> None:
        """Declare the command's arguments."""

    @staticmethod
    def run(options: Namespace) -> int:
        """Do it; returns the exit status."""


def names() -> list[str]:
    """Name every command, in order."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Command:
    """Import a command."""
    return cast("Command", importlib.import_module(f"{__name__}.{name.replace('-', '_')}"))
