"""Rules about names and files, and the versions that a folder asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from house_rules.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.testing.static import Folder

MODULE_FILES = ("README.md", "versions.tf", "variables.tf", "outputs.tf")
PROVIDER_RANGE = ">= 5.100, < 7.0"
"""Admits the last of 5.x and all of 6.x."""

_EMPTY_NAMES = {"this", "default", "main"}
_EMPTY_FILES = {"main.tf", "resources.tf", "misc.tf", "data.tf"}
_REQUIRED_TERRAFORM = re.compile(r"^>= 1\.11(\.\d+)?\b")


def is_module(folder: Folder) -> bool:
    """Tell whether the folder is for others to call, rather than a root; a family has its own."""
    return "modules" in (parent.name for parent in folder.path.parents[:2])


def resources_are_named_for_what_they_are(folder: Folder) -> Iterator[Finding]:
    """`this` tells the reader of a plan nothing."""
    for block in folder.blocks("resource", "data", "module"):
        if block.labels[-1] in _EMPTY_NAMES:
            problem = f"{block.kind} {'.'.join(block.labels)} has a name that says nothing"
            yield Finding(block.file, block.line, problem, "name it for what it is")


def files_are_named_for_what_they_hold(folder: Folder) -> Iterator[Finding]:
    """Files are named by entity; `data.tf` is one only in a module whose tables it holds."""
    for file in folder.files:
        holds_only_data = all(block.kind in ("data", "locals") for block in file.blocks)
        if file.path.name in _EMPTY_FILES - ({"data.tf"} if not holds_only_data else set()):
            problem = f"the file name {file.path.name} says nothing about what it holds"
            fix = "name it after the thing it makes, such as stage.tf or throttling.tf"
            yield Finding(file.path, 1, problem, fix)


def modules_have_the_usual_files(folder: Folder) -> Iterator[Finding]:
    """Inputs, outputs and the page about a module are where every module has them."""
    wanted = MODULE_FILES if is_module(folder) else ("versions.tf",)
    for name in wanted:
        if name not in folder.names:
            yield Finding(folder.path / name, 1, f"{name} is missing", "add it")


def versions_are_pinned(folder: Folder) -> Iterator[Finding]:
    """Every folder works with the same Terraform and the same provider versions."""
    declared = list(folder.blocks("terraform"))
    if not any("required_version" in block.attributes for block in declared):
        place = folder.path / "versions.tf"
        yield Finding(place, 1, "no required_version", 'add `required_version = ">= 1.11"`')
    if not any(block.inner("required_providers") for block in declared):
        place = folder.path / "versions.tf"
        yield Finding(place, 1, "no required_providers", f'add aws with "{PROVIDER_RANGE}"')
    for block in declared:
        version = block.attributes.get("required_version")
        if version and not _REQUIRED_TERRAFORM.match(str(version.value)):
            problem = f"required_version is {version.value!r}"
            yield Finding(block.file, version.line, problem, 'write ">= 1.11"')
        for providers in block.inner("required_providers"):
            aws = providers.attributes.get("aws")
            found = aws.value.get("version") if aws else None
            if found != PROVIDER_RANGE:
                line = aws.line if aws else providers.line
                problem = f"the version of hashicorp/aws is {found!r}"
                yield Finding(block.file, line, problem, f'write "{PROVIDER_RANGE}"')
