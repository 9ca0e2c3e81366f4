"""Which provider binary a root runs with: the one that `terraform init` installs for it.

A provider that Terraform is told to attach to isn't held to version constraints and lock files.
So `terraform init` chooses as ever, once for each set of constraints, and what it chose is used.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from harness.terraform import stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SOURCE = "hashicorp/aws"
PROVIDER = f"registry.terraform.io/{_SOURCE}"

_LOCKED = re.compile(rf'provider "{re.escape(PROVIDER)}" {{\s*version\s*=\s*"([^"]+)"')
_TYPE = re.compile(r"\baws_[a-z0-9_]+\b")


def installed(staged: Path, data: Path) -> Path | None:
    """Return the AWS provider that `init` put into `data`; None if the root doesn't use it."""
    lock = staged / stage.LOCK_FILE
    found = _LOCKED.search(lock.read_text(encoding="utf-8")) if lock.exists() else None
    if found is None:
        return None
    packages = data / "providers" / PROVIDER / found[1]
    binaries = sorted(packages.glob("*/terraform-provider-aws*"))
    return binaries[0].resolve() if binaries else None


def attached(pid: int, port: int) -> dict[str, str]:
    """Return the environment variable that has Terraform attach to a running provider.

    Terraform checks that the process `pid` is alive, and connects to `port` of 127.0.0.1.
    """
    provider = {
        "Protocol": "grpc",
        "ProtocolVersion": 5,
        "Pid": pid,
        "Test": True,
        "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
    }
    return {"TF_REATTACH_PROVIDERS": json.dumps({PROVIDER: provider})}


class Configuration:
    """A staged root and the modules that it calls, as `init` found them."""

    def __init__(self, staged: Path, data: Path) -> None:
        self.staged = staged
        self._data = data
        self._texts = [
            path.read_text(encoding="utf-8")
            for directory in _directories(staged, data)
            for pattern in ("*.tf", "*.tf.json")
            for path in sorted(directory.glob(pattern))
        ]

    def constraints(self, lock: Path) -> str:
        """Return a digest of what decides on versions of providers; `lock` need not exist.

        Where no block names the provider, any line may be the one that calls for it.
        """
        requiring = [text for text in self._texts if "required_providers" in text]
        texts = requiring if any(_SOURCE in text for text in requiring) else [*self._texts]
        if lock.exists():
            texts.append(lock.read_text(encoding="utf-8"))
        return hashlib.sha256("\0".join(sorted(texts)).encode()).hexdigest()

    @property
    def has_remote_state(self) -> bool:
        """Whether `init` set up a backend other than a file in the staged directory."""
        chosen = self._data / "terraform.tfstate"
        if not chosen.exists():
            return False
        backend = json.loads(chosen.read_text(encoding="utf-8")).get("backend") or {}
        return bool(backend.get("type", "local") != "local")

    def types(self, *states: str) -> set[str]:
        """Everything that reads like a type of the provider in the configuration or a state."""
        return {name for text in (*self._texts, *states) for name in _TYPE.findall(text)}


def _directories(staged: Path, data: Path) -> Iterator[Path]:
    manifest = data / "modules" / "modules.json"
    if not manifest.exists():
        yield staged
        return
    listed = json.loads(manifest.read_text(encoding="utf-8"))["Modules"]
    yield from sorted({(staged / module["Dir"]).resolve() for module in listed} | {staged})
