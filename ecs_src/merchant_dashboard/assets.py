"""Style, script and icon: served under names that change with their content, kept forever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One served file."""

    content: bytes
    media_type: str


class Assets:
    """The files of a folder by their served names."""

    def __init__(self, folder: Path = Path(__file__).parent / "static") -> None:
        self._served: dict[str, Asset] = {}
        self._names: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            name = f"{path.stem}.{digest}{path.suffix}"
            self._names[path.name] = name
            self._served[name] = Asset(content, _TYPES[path.suffix])

    def name(self, file: str) -> str:
        """Give the served name of a file."""
        return self._names[file]

    def get(self, name: str) -> Asset | None:
        """Give what is served under a name."""
        return self._served.get(name)
