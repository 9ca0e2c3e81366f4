"""Rules about accounts: ids are data in one place, state lies in its own, all in it is tagged."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from house_rules.findings import Finding
from house_rules.layout_rules import is_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.testing.static import Block, Folder

ORGANIZATION = Path(__file__).parents[2] / "environments/organization.json"

_ACCOUNT_ID = re.compile(r"(?<!\d)\d{12}(?!\d)")
_ACCOUNT_OF = {"trail": "management"}
"""Roots that are not named like their account."""

_TAGS = {"data", "environment", "owner", "scope"}

_STATE_KEY = "alias/payments-terraform-state"


@cache
def organization() -> dict[str, Any]:
    """Return the region and account ids of the organization."""
    document: dict[str, Any] = json.loads(ORGANIZATION.read_text(encoding="utf-8"))
    return document


def account_ids_are_data(folder: Folder) -> Iterator[Finding]:
    """An account id stands in organization.json, and again only where a backend needs a literal."""
    for file in folder.files:
        exempt = [
            range(backend.line, backend.end_line + 1)
            for block in file.blocks
            for backend in block.inner("backend")
        ]
        for number, line in enumerate(file.code, start=1):
            found = _ACCOUNT_ID.search(line)
            if found and not any(number in lines for lines in exempt):
                fix = "read it from environments/organization.json, or take it as a variable"
                yield Finding(file.path, number, f"the account id {found[0]} is written out", fix)


def state_lies_in_the_own_account(folder: Folder) -> Iterator[Finding]:
    """The backend is what organization.json says; bootstrap, which makes the bucket, has none."""
    if is_module(folder):
        return
    backends = [
        backend for block in folder.blocks("terraform") for backend in block.inner("backend")
    ]
    name = folder.path.name
    if name == "bootstrap":
        for backend in backends:
            problem = "bootstrap has a backend, whose bucket it is there to make"
            yield Finding(backend.file, backend.line, problem, "take it out")
        return
    if not backends:
        problem = "the root has no backend"
        fix = f"add an s3 backend with {_expected(name)}"
        yield Finding(folder.path / "backend.tf", 1, problem, fix)
    for backend in backends:
        yield from _differences(backend, _expected(name))


def everything_is_tagged(folder: Folder) -> Iterator[Finding]:
    """What a root makes tells scope, data, owner and environment: PCI DSS 12.5.1's inventory."""
    for provider in () if is_module(folder) else folder.blocks("provider"):
        tags = [
            block.attributes["tags"].value
            for block in provider.inner("default_tags")
            if "tags" in block.attributes
        ]
        for tag in sorted(_TAGS - {key for found in tags for key in found}):
            problem = f"the provider adds no tag {tag}"
            yield Finding(provider.file, provider.line, problem, "add it to default_tags")


def _expected(root: str) -> dict[str, Any]:
    known = organization()
    account = known["accounts"][_ACCOUNT_OF.get(root, root)]
    return {
        "bucket": f"payments-terraform-state-{account}",
        "key": f"{root}/terraform.tfstate",
        "region": known["region"],
        "use_lockfile": True,
        "encrypt": True,
        "allowed_account_ids": [account],
        "assume_role": {"role_arn": f"arn:aws:iam::{account}:role/payments-deploy"},
    }


def _differences(backend: Block, expected: dict[str, Any]) -> Iterator[Finding]:
    if backend.labels != ("s3",):
        yield Finding(backend.file, backend.line, "the backend is not s3", "keep the state in S3")
        return
    for name, value in expected.items():
        attribute = backend.attributes.get(name)
        found = attribute.value if attribute else None
        if found != value:
            line = attribute.line if attribute else backend.line
            problem = f"{name} of the backend is {found!r}"
            yield Finding(backend.file, line, problem, f"write {value!r}")
    for attribute in backend.attributes.values():
        allowed = attribute.name == "kms_key_id" and attribute.value == _STATE_KEY
        if attribute.name not in expected and not allowed:
            problem = f"{attribute.name} of the backend is not agreed"
            yield Finding(backend.file, attribute.line, problem, "take it out")
