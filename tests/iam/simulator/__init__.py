"""Runs @cloud-copilot/iam-simulate, the fullest open evaluator of IAM policies, as a yardstick.

It is installed by npm from this folder's lock file, whose hashes npm checks, and runs in a
process of its own.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.testing import npm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).parent
_SECONDS = 120


class SimulatorError(RuntimeError):
    """The simulator ended with an error."""


def decide(simulations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Decide all simulations in one process.

    Raises:
        NpmError: npm couldn't install it.
        SimulatorError: it ended with an error.
    """
    done = subprocess.run(  # noqa: S603 - our own script
        [npm.node(), "decide.mjs"],
        cwd=npm.installed(HERE, "decide.mjs"),
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
