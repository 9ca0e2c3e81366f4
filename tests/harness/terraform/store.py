"""Keeps between runs what costs time to find out: words of a provider, plans of a configuration.

Every entry carries its digest: one that was cut short or changed counts as absent. A cache that
can't be written costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

import platformdirs

SETTING = "HARNESS_CACHE"
"""Environment variable: the folder of the cache."""

_DIGEST_BYTES = 32


def folder() -> Path:
    """Return the folder of the cache, which need not exist."""
    named = os.environ.get(SETTING, "").strip()
    return Path(named) if named else platformdirs.user_cache_path("payment-api-platform")


class Store:
    """Bytes by name, in a folder that several processes share."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def get(self, name: str) -> bytes | None:
        """Read an entry; None if there is none, or none that is whole."""
        try:
            stored = (self.place / name).read_bytes()
        except OSError:
            return None
        digest, content = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
        if _digest(content) != digest:
            return None
        with contextlib.suppress(OSError):
            os.utime(self.place / name)  # what is used is kept
        return content

    def put(self, name: str, content: bytes) -> None:
        """Write an entry in one step, readable by its owner alone."""
        target = self.place / name
        with contextlib.suppress(OSError):
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_digest(content) + content)
                Path(temporary).replace(target)
            finally:
                Path(temporary).unlink(missing_ok=True)

    def trim(self, folder: str, entries: int) -> None:
        """Remove the entries of a folder that were used least recently, down to a number."""
        with contextlib.suppress(OSError):
            files = [(path.stat().st_mtime_ns, path) for path in (self.place / folder).iterdir()]
            for _, path in sorted(files)[: max(0, len(files) - entries)]:
                path.unlink(missing_ok=True)

    def digest_of(self, file: Path) -> str:
        """Return the SHA-256 of a file, remembered until the file's time or size changes."""
        status = file.stat()
        mark = json.dumps([str(file), status.st_size, status.st_mtime_ns, status.st_ino])
        name = f"digests/{_digest(mark.encode()).hex()}"
        known = self.get(name)
        if known is None:
            with file.open("rb") as opened:
                known = hashlib.file_digest(opened, "sha256").hexdigest().encode()
            self.put(name, known)
        return known.decode()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
