"""The control catalogue: requirements, what satisfies them, who answers, and what looks at them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pci_dss.evidence.model import Responsibility, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CATALOGUE = Path(__file__).with_name("catalogue.toml")
CONTROLS = Path(__file__).with_name("controls.toml")


@dataclass(frozen=True)
class Requirement:
    """A requirement of PCI DSS in our own words."""

    number: str
    title: str
    paraphrase: str
    evidence: str
    """What an assessor is shown."""
    responsibility: Responsibility
    """Who answers first."""
    tasks: Mapping[Responsibility, str] = field(default_factory=dict)
    """What nobody can show from code, by who has to."""
    attempts: Sequence[str] = ()
    """Actions that must be refused on the applied platform."""
    tests: Sequence[str] = ()
    """Files whose tests are marked with the requirement."""


@dataclass(frozen=True)
class Control:
    """What Terraform must show for some requirements, and the checks that look at it."""

    id: str
    family: str
    shows: str
    requirements: Sequence[str]
    builtin: Sequence[str] = ()
    """Checks of checkov's that are trusted."""
    ours: Sequence[str] = ()
    distrusted: Mapping[str, str] = field(default_factory=dict)
    """Checks of checkov's that aren't run, and why."""

    @property
    def checks(self) -> tuple[str, ...]:
        """All that looks at it."""
        return (*self.ours, *self.builtin)


@dataclass(frozen=True)
class Catalogue:
    """Everything that evidence is expected for."""

    standard: str
    requirements: Mapping[str, Requirement]
    """By number, as people count."""
    controls: Sequence[Control]
    left_out: Mapping[str, str]
    """Checks of checkov's that no control wants, and why."""

    def controls_of(self, requirement: str) -> Iterator[Control]:
        """Yield the controls that serve a requirement."""
        return (each for each in self.controls if requirement in each.requirements)


@cache
def catalogue() -> Catalogue:
    """Read the catalogue of this package.

    Raises:
        ValueError: something in it is unknown, missing or twice; says what and where.
    """
    written = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    controls = tomllib.loads(CONTROLS.read_text(encoding="utf-8"))
    return read(written, controls)


def read(written: Mapping[str, Any], controls: Mapping[str, Any]) -> Catalogue:
    """Make a catalogue of the two documents.

    Raises:
        ValueError: something in it is unknown, missing or twice; says what and where.
    """
    requirements = {
        each: _requirement(each, written["requirement"][each])
        for each in sorted(written["requirement"], key=number)
    }
    found = [_control(each) for each in controls["control"]]
    seen: set[str] = set()
    for control in found:
        if control.id in seen:
            raise ValueError(f"{CONTROLS.name}: two controls are called {control.id}")
        seen.add(control.id)
        if unknown := set(control.requirements) - requirements.keys():
            missing = ", ".join(sorted(unknown, key=number))
            raise ValueError(
                f"{CONTROLS.name}: {control.id} serves {missing}: not in the catalogue"
            )
        if both := {*control.distrusted, *controls["left_out"]} & {*control.checks}:
            named = ", ".join(sorted(both))
            raise ValueError(f"{CONTROLS.name}: {control.id} both trusts and leaves out {named}")
    return Catalogue(written["standard"], requirements, found, controls["left_out"])


def _requirement(name: str, document: Mapping[str, Any]) -> Requirement:
    try:
        tasks = {Responsibility(party): task for party, task in document.get("tasks", {}).items()}
        responsibility = Responsibility(document["responsibility"])
        rest = {**document, "tasks": tasks, "responsibility": responsibility}
        return Requirement(number=name, **rest)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{CATALOGUE.name}: requirement {name}: {error}") from error


def _control(document: Mapping[str, Any]) -> Control:
    try:
        return Control(**document)
    except TypeError as error:
        raise ValueError(f"{CONTROLS.name}: {document.get('id', 'a control')}: {error}") from error
