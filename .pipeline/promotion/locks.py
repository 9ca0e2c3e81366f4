"""Reads lock files: what exactly is installed, by which hashes, and for whose sake."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from promotion.errors import BrokenInputError

_PIN = re.compile(r"([\w.-]+)==([^\s;\\]+)(?:\s*;[^\\]*)?(?:\s*\\)?")
_HASH = re.compile(r"\s+--hash=sha256:([0-9a-f]{64})(?:\s*\\)?")
_VIA = re.compile(r"\s+#\s+(?:via\s*)?(.*)")
_OURS = "payment-api-platform "
_CONSTRAINT = "-c "

# A parser of HCL takes longer for such a file than all the rest of a build.
_PROVIDER = re.compile(
    r'^provider "(?P<source>[^"]+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL
)
_VERSION = re.compile(r'^  version += "([^"]+)"$', re.MULTILINE)
_ARCHIVE_HASH = re.compile(r'^    "zh:([0-9a-f]{64})",$', re.MULTILINE)


@dataclass(frozen=True)
class Package:
    """A package of a lock file that uv compiled."""

    name: str
    version: str
    hashes: list[str] = field(default_factory=list)
    """SHA-256 of every file that may be installed, for one platform or another."""
    wanted_by: list[str] = field(default_factory=list)
    """Other packages of the file; empty when the project itself asks for it alone."""
    is_direct: bool = False


@dataclass(frozen=True)
class Provider:
    """A provider of a lock file of Terraform."""

    source: str
    """Such as ``registry.terraform.io/hashicorp/aws``."""
    version: str
    hashes: tuple[str, ...]
    """SHA-256 of the archive for each platform."""


def packages(text: str, name: str) -> list[Package]:
    """Read a lock file of ``uv pip compile --generate-hashes``.

    Raises:
        BrokenInputError: a line isn't of that form, or a package has no hash.
    """
    found: list[Package] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if pin := _PIN.fullmatch(line):
            found.append(Package(pin[1], pin[2]))
        elif (listed := _HASH.fullmatch(line)) and found:
            found[-1].hashes.append(listed[1])
        elif (via := _VIA.fullmatch(line)) and found:
            _note(found, via[1])
        else:
            raise BrokenInputError(f"{name} has the line {line!r}: make it anew with `make lock`")
    if unpinned := [package.name for package in found if not package.hashes]:
        raise BrokenInputError(
            f"{name} has no hash of {unpinned[0]}: make it anew with `make lock`"
        )
    return found


def _note(found: list[Package], wanted_by: str) -> None:
    last = found[-1]
    if wanted_by.startswith(_OURS):
        found[-1] = Package(last.name, last.version, last.hashes, last.wanted_by, is_direct=True)
    elif wanted_by and not wanted_by.startswith(_CONSTRAINT):
        last.wanted_by.append(wanted_by)


def providers(text: str, name: str) -> list[Provider]:
    """Read a ``.terraform.lock.hcl``, which Terraform alone writes, always in one form.

    Raises:
        BrokenInputError: it names no provider, or one without version or hash.
    """
    found = [
        Provider(
            block["source"],
            "".join(_VERSION.findall(block["body"])),
            tuple(sorted(_ARCHIVE_HASH.findall(block["body"]))),
        )
        for block in _PROVIDER.finditer(text)
    ]
    if not found or not all(provider.version and provider.hashes for provider in found):
        raise BrokenInputError(f"{name} isn't a whole lock file: make it anew with terraform init")
    return found
