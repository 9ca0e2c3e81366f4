"""Processes that are given one JSON document and answer another."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


class ChildError(Exception):
    """A process of the overload runs failed; the text is its own."""


class Child:
    """Runs a module of this package with an order on its standard input."""

    def __init__(self, module: str, order: Any) -> None:
        self._module = module
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        if self._process.stdin:
            self._process.stdin.write(json.dumps(order))
            self._process.stdin.close()
            self._process.stdin = None

    def result(self, seconds: float) -> Any:
        """Wait for the answer.

        Raises:
            ChildError: it failed, or didn't end in time.
        """
        try:
            output, errors = self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise ChildError(f"{self._module} didn't end within {seconds:.0f} s.") from None
        if self._process.returncode:
            raise ChildError(f"{self._module} failed:\n{errors}")
        return json.loads(output)
