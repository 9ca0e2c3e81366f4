"""Tar archives, byte for byte the same for the same files."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_READABLE_BY_ALL = 0o644


def tar(contents: Mapping[str, bytes]) -> bytes:
    """Pack contents by name, sorted, without owner, time or the file's own mode."""
    packed = io.BytesIO()
    # GNU's and the PAX format would note more about the machine.
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in sorted(contents.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = _READABLE_BY_ALL
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def extract(packed: bytes, directory: Path) -> None:
    """Write the files of a tar archive into a directory, and nowhere else."""
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as archive:
        archive.extractall(directory, filter="data")
