"""Remembers plans between runs, by the content of everything that they depend on.

What can't be told from files and variables isn't remembered: plans that look something up in an
account, that depend on the time, that call modules from elsewhere, or that Terraform warns about
or refuses.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.terraform import ChangeCounts, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.terraform import Terraform
    from harness.terraform.store import Store
    from harness.testing.workbench import PlanRequest

ENTRIES = 2000
"""How many plans are kept; the ones that were used least recently go first."""

_FOLDER = "plans"
_FORMAT = "1"
_ENTRIES_OF_A_FOLDER = 500
_SAME_EVERYWHERE = frozenset(
    {
        "aws_arn",
        "aws_availability_zones",
        "aws_caller_identity",
        "aws_default_tags",
        "aws_iam_policy_document",
        "aws_partition",
        "aws_region",
        "aws_service",
    }
)
"""Data sources whose answers depend on the account's id and region alone."""

_DATA = re.compile(r'^\s*data\s+"([^"]+)"', re.MULTILINE)
_MODULE = re.compile(r'^\s*module\s+"[^"]*"\s*\{', re.MULTILINE)
_SOURCE = re.compile(_MODULE.pattern + r'[^}]*?^\s*source\s*=\s*"([^"]*)"', re.MULTILINE)
_UNSTEADY = re.compile(
    r"\b(?:plan)?timestamp\(|\buuid\(|\bbcrypt\(|^\s*(?:import|ephemeral)\b", re.MULTILINE
)
_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
_INTERPOLATION = re.compile(r"\$\{[^}]*\}")


class UnknowableError(Exception):
    """The plan depends on more than can be told beforehand."""


class PlanCache:
    """Answers requests that were answered before; made for `Workbench(around=...)`."""

    def __init__(self, store: Store, terraform: Terraform) -> None:
        store.trim(_FOLDER, ENTRIES)
        self._store = store
        self._versions = [
            _FORMAT,
            terraform.cli.version,
            *terraform.providers.versions,
            str(terraform.providers.location),
        ]

    def around(self, request: PlanRequest, make: Callable[[], Plan]) -> Plan:
        """Return the remembered plan, or make it and remember it."""
        try:
            name = f"{_FOLDER}/{self._key(request)}"
        except UnknowableError:
            return make()
        known = self._store.get(name)
        if known is not None:
            return _from_bytes(known)
        plan = make()
        if not plan.warnings:
            self._store.put(name, _to_bytes(plan))
        return plan

    def _key(self, request: PlanRequest) -> str:
        digest = hashlib.sha256()
        for text in (*self._versions, request.key):
            digest.update(f"{len(text)}:{text}".encode())
        for path, content in dependencies(request):
            digest.update(f"{path}:{len(content)}:".encode() + content)
        return digest.hexdigest()


def dependencies(request: PlanRequest) -> Iterator[tuple[str, bytes]]:
    """Yield every file that a plan may read, with what is in it.

    That is all files of the modules, and whatever a text in them or a variable could name: a text
    that names nothing is yielded too, since a file may come to be there.

    Raises:
        UnknowableError: a plan of it may differ though all of these are the same.
    """
    folders = [*_local_modules(request.directory)]
    texts = [path.read_text(encoding="utf-8") for path in _configuration(folders)]
    texts += (request.options.files or {}).values()
    for text in texts:
        if _UNSTEADY.search(text) or set(_DATA.findall(text)) - _SAME_EVERYWHERE:
            raise UnknowableError
    for folder in folders:
        yield from _contents(folder, "*")
    named = {name for text in texts for name in _possible_paths(text)}
    named |= {name for name in _strings(request.variables) if _looks_like_path(name)}
    for name in sorted(named):
        for folder in folders:
            path = (folder / name).resolve()
            if path in (folder, *folder.parents):
                continue
            if path.is_dir():
                yield from _contents(path, "**/*")
            else:
                yield str(path), path.read_bytes() if path.is_file() else b""


def _local_modules(directory: Path) -> Iterator[Path]:
    """Yield the directory and the modules that it calls, directly or not."""
    seen: set[Path] = set()
    todo = [directory.resolve()]
    while todo:
        folder = todo.pop()
        if folder in seen:
            continue
        seen.add(folder)
        if list(folder.glob("*.tf.json")):
            raise UnknowableError  # calls in JSON aren't followed
        yield folder
        for path in folder.glob("*.tf"):
            text = path.read_text(encoding="utf-8")
            sources = _SOURCE.findall(text)
            local = [source for source in sources if source.startswith(("./", "../"))]
            if len(local) != len(_MODULE.findall(text)):
                raise UnknowableError
            todo.extend((folder / source).resolve() for source in local)


def _configuration(folders: list[Path]) -> Iterator[Path]:
    return (path for folder in folders for path in sorted(folder.glob("*.tf")))


def _contents(folder: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    found = list(itertools.islice(folder.glob(pattern), _ENTRIES_OF_A_FOLDER))
    linked = any(path.is_symlink() and path.is_dir() for path in found)
    if linked or len(found) == _ENTRIES_OF_A_FOLDER:
        raise UnknowableError
    for path in sorted(found):
        if path.is_file():
            yield str(path), path.read_bytes()


def _possible_paths(text: str) -> Iterator[str]:
    """Yield the literal parts of strings that read like paths."""
    for literal in _LITERAL.findall(text):
        for part in _INTERPOLATION.split(literal):
            name = part.strip("/") if part.startswith("/") else part
            if _looks_like_path(name):
                yield name


def _looks_like_path(text: str) -> bool:
    return bool(text) and len(text) < 200 and not re.search(r"[\s:*?<>|\\{}]", text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _to_bytes(plan: Plan) -> bytes:
    kept = {
        "counts": asdict(plan.counts),
        "document": plan.document,
        "is_empty": plan.is_empty,
        "path": str(plan.path),
    }
    return json.dumps(kept).encode()


def _from_bytes(stored: bytes) -> Plan:
    kept = json.loads(stored)
    return Plan(
        path=Path(kept["path"]),
        is_empty=kept["is_empty"],
        counts=ChangeCounts(**kept["counts"]),
        warnings=(),
        load=lambda: dict(kept["document"]),
    )
