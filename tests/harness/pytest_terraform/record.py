"""Records of applied folders, in pytest-terraform's format: written once, replayed by any test."""

from __future__ import annotations

import json
import os
import tempfile
from collections import UserString
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.pytest_terraform.applied_module import AppliedModule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE_NAME = "tf_resources.json"
_MARK = "pytest-terraform"


class RecordError(Exception):
    """There is no record, or it can't be read; says how to make one."""


class RecordText(UserString):
    """The text of a record for `pytest_terraform_modify_state` to change in place."""

    def update(self, state: str) -> None:
        """Replace the text."""
        self.data = str(state)

    def update_dict(self, state: Mapping[str, Any]) -> None:
        """Replace the text by that of a document."""
        self.update(json.dumps(state, indent=4))

    @property
    def dict(self) -> dict[str, Any]:
        """The document that the text is of."""
        document: dict[str, Any] = json.loads(self.data)
        return document

    @dict.setter  # noqa: A003 - pytest-terraform's name
    def dict(self, state: Mapping[str, Any]) -> None:
        self.update_dict(state)


def write(
    directory: Path, state: Mapping[str, Any], modify: Callable[[RecordText], object]
) -> None:
    """Write the record of a state beside its configuration, without what is sensitive in it.

    `modify` may change the text first. Several processes may write at once: each writes all.
    """
    module = AppliedModule.from_state(state, masked=True)
    text = RecordText("")
    text.update_dict({_MARK: 1, "outputs": module.outputs, "resources": module.resources})
    modify(text)
    handle, name = tempfile.mkstemp(prefix=f".{FILE_NAME}-", dir=directory)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
    Path(name).chmod(0o644)
    Path(name).replace(directory / FILE_NAME)


def read(directory: Path) -> AppliedModule:
    """Read the record in a folder.

    Raises:
        RecordError: there is none, or it isn't one.
    """
    path = directory / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if _MARK not in document:
            raise KeyError(_MARK)
        return AppliedModule(document["resources"], document["outputs"])
    except FileNotFoundError:
        problem = f"there is no record {path}"
    except (ValueError, KeyError, TypeError) as error:
        problem = f"{path} is no record of pytest-terraform ({type(error).__name__}: {error})"
    raise RecordError(f"{problem}; run the test with --tf-record to make it")
