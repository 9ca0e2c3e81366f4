"""Reads the JSON of a plan, and says of anything else what it is and how to make a plan's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_WANTED = (
    "format_version",
    "terraform_version",
    "planned_values",
    "configuration",
    "resource_changes",
)
_ADVICE = (
    "Write a plan anew: terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json"
)
_BINARY = b"PK"
"""How Terraform's own plan files begin: they are zips."""


class ScanError(Exception):
    """A plan or module can't be scanned; says why and what to do."""


def read_plan(path: Path) -> dict[str, Any]:
    """Read what ``terraform show -json`` wrote of a plan.

    Raises:
        ScanError: it isn't a whole plan.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScanError(f"can't read {path}: {error.strerror}") from error
    if content.startswith(_BINARY):
        raise ScanError(
            f"{path} is Terraform's binary plan; write it as JSON, where it was planned:"
            f" terraform show -json {path.name} > plan.json"
        )
    try:
        document = json.loads(content)
    except ValueError as error:
        raise ScanError(_not_json(path, content, error)) from error
    if problem := _problem(document):
        raise ScanError(f"{path} {problem}")
    return document  # type: ignore[no-any-return] # which `_problem` knows


def _not_json(path: Path, content: bytes, error: ValueError) -> str:
    if not content.strip():
        return f"{path} is empty: did terraform show fail? {_ADVICE}"
    if content.startswith(b'{"@level"'):
        return f"{path} is the log of terraform plan -json, not a plan. {_ADVICE}"
    if not content.lstrip().startswith((b"{", b"[")):
        return f"{path} isn't JSON. {_ADVICE}"
    return f"{path} is JSON that breaks off or is damaged ({error}). {_ADVICE}"


def _problem(document: Any) -> str:
    """Say why a document can't be judged as a plan; nothing if it can."""
    if not isinstance(document, dict):
        return f"holds a {type(document).__name__} and no plan. {_ADVICE}"
    version = str(document.get("format_version", ""))
    if "values" in document and "planned_values" not in document:
        return f"is a state, not a plan. {_ADVICE}"
    if version and version.partition(".")[0] != "1":
        made_by = document.get("terraform_version", "an unknown version")
        return (
            f"has plan format {version}, of Terraform {made_by}; this reads 1.x, which Terraform"
            " 1.1 and later write"
        )
    if missing := [name for name in _WANTED if name not in document]:
        return f"isn't a Terraform plan: it lacks {', '.join(missing)}. {_ADVICE}"
    if document.get("errored"):
        return "is of a plan that failed half-way, and lacks resources; mend what it says first"
    if document.get("complete") is False:
        return "leaves resources out, as -target does; plan all of it, so that nothing is missed"
    if not _has_resources(document["planned_values"].get("root_module", {})):
        return "plans no resource at all: is it to destroy everything, or of another directory?"
    return ""


def _has_resources(module: dict[str, Any]) -> bool:
    return bool(module.get("resources")) or any(
        map(_has_resources, module.get("child_modules", ()))
    )
