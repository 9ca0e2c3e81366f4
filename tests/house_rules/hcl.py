"""HCL as blocks and attributes that know their file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import hcl2
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

    kind: str
    labels: tuple[str, ...]
    line: int
    end_line: int
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()

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
        return cls(path, text, tuple(_blocks(body)))

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

    @property
    def is_module(self) -> bool:
        """Whether it is for others to call, rather than a root."""
        return self.path.parent.name == "modules"

    def blocks(self, *kinds: str) -> Iterator[tuple[SourceFile, Block]]:
        """Yield the top-level blocks of these kinds, of all kinds if none is named."""
        for file in self.files:
            for block in file.blocks:
                if not kinds or block.kind in kinds:
                    yield file, block


def _keep_strings(match: re.Match[str]) -> str:
    # Keep the line count of what is taken out, so that line numbers hold.
    return match[1] or "\n" * match[0].count("\n")


def _blocks(body: BodyRule) -> Iterator[Block]:
    for child in body.children:
        if isinstance(child, BlockRule):
            yield _block(child)


def _block(rule: BlockRule) -> Block:
    kind, *labels = (str(label.serialize(_OPTIONS)) for label in rule.labels)
    inner = tuple(_blocks(rule.body))
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
    return Block(kind, tuple(labels), rule._meta.line, rule._meta.end_line, attributes, inner)
