"""The versions of each service's API in a source tree: state, dates and contract of each.

`openapi/versions.json` beside the contracts says which versions there are. A release may take a
version one step further, and may not break a contract that clients rely on.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from promotion.contract_changes import breaking
from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promotion.contract_changes import Change

VERSIONS = "versions.json"
PREVIEW, ACTIVE, DEPRECATED = "preview", "active", "deprecated"
SUNSET, RETIRED, ABSENT = "sunset", "retired", "absent"
STEPS: Mapping[str, frozenset[str]] = {
    ABSENT: frozenset({PREVIEW, ACTIVE}),
    PREVIEW: frozenset({PREVIEW, ACTIVE, ABSENT}),
    ACTIVE: frozenset({ACTIVE, DEPRECATED}),
    DEPRECATED: frozenset({ACTIVE, DEPRECATED, SUNSET}),
    SUNSET: frozenset({DEPRECATED, SUNSET, RETIRED}),
    RETIRED: frozenset({RETIRED}),
}
"""From a state, those that the next release may bring; what was retired is still written down."""
FROZEN = frozenset({ACTIVE, DEPRECATED, SUNSET})
"""States in which clients rely on the contract."""

_PLACE = re.compile(r"(?:^|/)(?:ecs|lambda)_src/[^/]+/openapi/[^/]+$")
_TOLD = 10


@dataclass(frozen=True)
class Version:
    """One version of a service's API."""

    service: str
    name: str
    state: str = ABSENT
    sunset_on: str | None = None
    contract: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ends_for: Mapping[str, str] = field(default_factory=dict)
    """Merchants for whom it ends although they call it, each with the reason."""

    @property
    def path(self) -> str:
        """How the custom domain maps it."""
        return f"{self.name}/{self.service}"


Versions = dict[str, Version]
"""By path, such as `v1/payments`."""


def of_folder(root: Path) -> Versions:
    """Read the versions of a checkout or of a release that was laid out."""
    files = [
        path for source in ("ecs_src", "lambda_src") for path in root.glob(f"{source}/*/openapi/*")
    ]
    return _read({path.relative_to(root).as_posix(): path.read_bytes() for path in files})


def of_archive(content: bytes) -> Versions:
    """Read the versions of a source as the store keeps it, in a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if _PLACE.search(name)]
        return _read({name: archive.read(name) for name in names})


def check(released: Versions, wanted: Versions) -> None:
    """Refuse what may not follow on what was released.

    Raises:
        Refused: a step is skipped, a promised day came nearer, or a contract breaks its clients.
    """
    for path in sorted({*released, *wanted}):
        before = released.get(path) or Version(wanted[path].service, wanted[path].name)
        after = wanted.get(path) or Version(before.service, before.name)
        _check_step(before, after)
        is_frozen = before.state in FROZEN and after.state in FROZEN
        if is_frozen and (found := breaking(before.contract, after.contract)):
            raise _contract_frozen(path, before.state, found)


def _contract_frozen(path: str, state: str, found: list[Change]) -> Refused:
    """Say which changes of a contract break its clients."""
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return Refused(
        rule="contract-frozen",
        evidence=f"{path} is {state}, and {len(found)} of its changes break clients: "
        + "; ".join(map(str, found[:_TOLD]))
        + more,
        fix="take them back, and put them into a new version beside this one",
        override="nobody: clients were promised this contract until the version's end",
    )


def _check_step(before: Version, after: Version) -> None:
    if after.state not in STEPS[before.state]:
        usual = ", ".join(sorted(STEPS[before.state] - {before.state})) or "nothing else"
        raise Refused(
            rule="version-step",
            evidence=f"{before.path} was {before.state} in the last release and would be "
            f"{after.state}; what follows on {before.state} is {usual}",
            fix="take one step a release; a retired version stays in versions.json",
            override="nobody",
        )
    if before.sunset_on and after.sunset_on and after.sunset_on < before.sunset_on:
        raise Refused(
            rule="version-promise",
            evidence=f"clients of {before.path} were told that it ends on {before.sunset_on}, and "
            f"it would end on {after.sunset_on}",
            fix="keep the day, or give a later one",
            override="nobody: clients plan with it",
        )


def _read(files: Mapping[str, bytes]) -> Versions:
    found: Versions = {}
    for name, content in files.items():
        folder, _, file = name.rpartition("/")
        if file == VERSIONS:
            for version in _of_service(folder, content, files):
                found[version.path] = version
    return found


def _of_service(folder: str, content: bytes, files: Mapping[str, bytes]) -> list[Version]:
    try:
        document = json.loads(content)
        return [
            Version(
                document["service"],
                name,
                told["state"],
                told.get("sunset_on"),
                load(files.get(f"{folder}/{name}.yaml"), f"{folder}/{name}.yaml")
                if told["state"] != RETIRED
                else {},
                told.get("ends_for", {}),
            )
            for name, told in document["versions"].items()
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenInputError(f"{folder}/{VERSIONS} doesn't tell its versions: {error}") from None


def load(content: bytes | None, name: str) -> Mapping[str, Any]:
    """Read a contract.

    Raises:
        BrokenInputError: it isn't there, or no YAML.
    """
    if content is None:
        raise BrokenInputError(f"there is no contract {name}: write it, or retire the version")
    try:
        document: Mapping[str, Any] = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise BrokenInputError(f"{name} is neither YAML nor JSON: {error}") from None
    return document
