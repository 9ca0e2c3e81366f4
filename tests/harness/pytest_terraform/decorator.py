"""The decorator, and what each use of it declares; the plugin makes fixtures of that."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from weakref import WeakKeyDictionary

import pytest

if TYPE_CHECKING:
    from types import ModuleType

Scope = Literal["session", "package", "module", "class", "function"]
Test = TypeVar("Test", bound=Callable[..., Any])


class teardown:  # noqa: N801 - pytest-terraform's name
    """What becomes of an applied folder when its scope ends."""

    DEFAULT = None
    """As ON."""
    ON = "on"
    """It is destroyed; a failure is an error of the test."""
    IGNORE = "ignore"
    """It is destroyed as far as that goes, for tests that break what they are given."""
    OFF = "off"
    """It is left behind."""


@dataclass(frozen=True)
class Declaration:
    """One use of the decorator."""

    folder: str
    scope: Scope
    replay: bool | None
    name: str
    teardown: str

    def differences(self, other: Declaration) -> str:
        """Name what two declarations of one folder don't agree on."""
        return " and ".join(
            f"{what}={getattr(other, what)!r} there and {what}={getattr(self, what)!r} here"
            for what in ("scope", "replay", "teardown")
            if getattr(other, what) != getattr(self, what)
        )


class Decorator:
    """Declares that tests use an applied folder; a fixture of the folder's name hands it over."""

    TEARDOWN_DEFAULT = teardown.DEFAULT
    TEARDOWN_IGNORE = teardown.IGNORE
    TEARDOWN_OFF = teardown.OFF
    TEARDOWN_ON = teardown.ON

    def __init__(self) -> None:
        self._declared: WeakKeyDictionary[ModuleType, list[Declaration]] = WeakKeyDictionary()

    def __call__(
        self,
        terraform_dir: str,
        scope: Scope = "function",
        replay: bool | None = None,
        name: str | None = None,
        teardown: str | None = teardown.DEFAULT,
    ) -> Callable[[Test], Test]:
        """Declare a folder.

        Args:
            terraform_dir: folder beside the test file, in `terraform/` there, or the same one
                level up; `--tf-mod-dir` and the ini option `terraform-mod-dir` come before these.
            scope: how long it stays applied, as for any fixture.
            replay: whether to take the record instead; None leaves it to `--tf-replay`.
            name: of the fixture, if not the folder's.
            teardown: one of the `TEARDOWN_` constants.

        Raises:
            ValueError: `teardown` is none of them.
        """
        when_done = (teardown or "on").lower()
        if when_done == "default":
            when_done = "on"
        if when_done not in ("on", "ignore", "off"):
            raise ValueError(f"teardown is 'on', 'ignore' or 'off', not {teardown!r}")
        declaration = Declaration(terraform_dir, scope, replay, name or terraform_dir, when_done)

        def declare(test: Test) -> Test:
            self._declared.setdefault(sys.modules[test.__module__], []).append(declaration)
            marked: Test = pytest.mark.terraform(test)
            return marked

        return declare

    def declared(self, module: ModuleType) -> list[Declaration]:
        """List what a test file declares."""
        return self._declared.get(module, [])


terraform = Decorator()
