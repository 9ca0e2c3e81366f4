"""Pack a release and its signature into one archive, the same bytes for the same release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promotion import bundle

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("directory", type=Path, help="the release's folder")
    parser.add_argument("archive", type=Path, help="file to write, such as release.tar")


def run(options: Namespace) -> int:
    """Pack it; returns the exit status."""
    release = bundle.Release.read(options.directory)
    content = bundle.packed(release)
    options.archive.parent.mkdir(parents=True, exist_ok=True)
    options.archive.write_bytes(content)
    signed = "signed" if bundle.is_signed(release) else "not signed"
    print(f"{options.archive}: {len(content):,} bytes, {signed}")
    return 0
