"""What a configuration says, without running it: HCL as blocks that know their file and line.

def test_table_is_protected(static):
    table = static("modules/data").resource("aws_dynamodb_table")
    assert table.get("deletion_protection_enabled") is True, table.place
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import hcl2
import pytest
from hcl2 import SerializationOptions
from hcl2.rules.base import AttributeRule, BlockRule, BodyRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_OPTIONS = SerializationOptions(
    strip_string_quotes=True, explicit_blocks=False, with_comments=False
)
_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|#[^\n]*|//[^\n]*|/\*.*?\*/', re.DOTALL)


@dataclass(frozen=True)
class Attribute:
    """One `name = value`; an expression is a string like `${var.x}`."""

    name: str
    value: Any
    line: int


@dataclass(frozen=True)
class Block:
    """One block with its labels, attributes and inner blocks; `dynamic` ones count as plain."""

    file: Path
    line: int
    end_line: int
    kind: str
    labels: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()

    @property
    def address(self) -> str:
        """The labels as Terraform writes them, such as `aws_kms_key.archive`."""
        return ".".join(self.labels)

    @property
    def place(self) -> str:
        """File and line, for a message."""
        return f"{self.file}:{self.line}"

    def get(self, name: str) -> Any:
        """Return an attribute's value, or None if it isn't set."""
        attribute = self.attributes.get(name)
        return attribute.value if attribute else None

    def inner(self, kind: str) -> list[Block]:
        """Return the direct inner blocks of a kind."""
        return [block for block in self.blocks if block.kind == kind]

    def walk(self) -> Iterator[Block]:
        """Yield this block and all blocks inside it."""
        yield self
        for block in self.blocks:
            yield from block.walk()


@dataclass(frozen=True)
class SourceFile:
    """One `.tf` file."""

    path: Path
    text: str
    blocks: tuple[Block, ...]

    @classmethod
    def parse(cls, path: Path, text: str) -> SourceFile:
        """Parse the text of the file at `path`."""
        body = hcl2.parses(text).body
        return cls(path, text, tuple(_blocks(path, body)))

    @property
    def code(self) -> list[str]:
        """The lines without their comments."""
        return _STRING_OR_COMMENT.sub(_keep_strings, self.text).splitlines()


@dataclass(frozen=True)
class Folder:
    """A module or a root."""

    path: Path
    files: tuple[SourceFile, ...]
    names: frozenset[str]
    """Names of all files in the folder, HCL or not."""

    @classmethod
    def read(cls, path: Path) -> Folder:
        """Read the folder at `path`, but for what its `.gitignore` keeps to one checkout."""
        ignore = path / ".gitignore"
        ignored = ignore.read_text(encoding="utf-8").splitlines() if ignore.exists() else []
        files = tuple(
            SourceFile.parse(file, file.read_text(encoding="utf-8"))
            for file in sorted(path.glob("*.tf"))
            if file.name not in ignored
        )
        return cls(path, files, frozenset(entry.name for entry in path.iterdir()))

    def blocks(self, *kinds: str) -> Iterator[Block]:
        """Yield the top-level blocks of these kinds, of all kinds if none is named."""
        for file in self.files:
            for block in file.blocks:
                if not kinds or block.kind in kinds:
                    yield block

    def resource(self, address: str) -> Block:
        """Return the one resource of a type, or of an address such as `aws_kms_key.archive`.

        Raises:
            LookupError: there is none, or more than one.
        """
        resources = list(self.blocks("resource"))
        found = [block for block in resources if address in (block.labels[0], block.address)]
        if len(found) != 1:
            what = f"{len(found)} resources are" if found else "no resource is"
            listed = "\n".join(f"  {block.place} {block.address}" for block in found or resources)
            raise LookupError(f"{what} {address} in {self.path}; there are:\n{listed or '  none'}")
        return found[0]

    @cached_property
    def variables(self) -> Mapping[str, Block]:
        """Variables by name."""
        return {block.labels[0]: block for block in self.blocks("variable")}

    @cached_property
    def outputs(self) -> Mapping[str, Block]:
        """Outputs by name."""
        return {block.labels[0]: block for block in self.blocks("output")}


ReadFolder = Callable[[str], Folder]


@pytest.fixture(scope="session")
def static(pytestconfig: pytest.Config) -> ReadFolder:
    """Read a folder of HCL, whose path is relative to the root of the tests' configuration."""
    return functools.cache(lambda directory: Folder.read(pytestconfig.rootpath / directory))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests that read HCL, so that `-m static` chooses them."""
    if "static" in getattr(item, "fixturenames", ()):
        item.add_marker("static")


def _keep_strings(match: re.Match[str]) -> str:
    # Keep the line count of what is taken out, so that line numbers hold.
    return match[1] or "\n" * match[0].count("\n")


def _blocks(file: Path, body: BodyRule) -> Iterator[Block]:
    for child in body.children:
        if isinstance(child, BlockRule):
            yield _block(file, child)


def _block(file: Path, rule: BlockRule) -> Block:
    kind, *labels = (str(label.serialize(_OPTIONS)) for label in rule.labels)
    inner = tuple(_blocks(file, rule.body))
    attributes = {
        name: Attribute(name, value, child._meta.line)
        for child in rule.body.children
        if isinstance(child, AttributeRule)
        for name, value in child.serialize(_OPTIONS).items()
    }
    if kind == "dynamic":
        kind, labels = labels[0], []
        content = next(block for block in inner if block.kind == "content")
        attributes, inner = {**content.attributes, **attributes}, content.blocks
        attributes.pop("for_each", None)
    meta = rule._meta
    return Block(file, meta.line, meta.end_line, kind, tuple(labels), attributes, inner)
