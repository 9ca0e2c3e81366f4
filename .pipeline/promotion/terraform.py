"""Runs the `terraform` on PATH on one root, as whoever the given credentials are.

Backend and provider are told to assume nothing: a saved plan keeps its backend, so that a role
named there would be the planner's at the apply too.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CHANGES = 2
_AS_THEY_ARE = "-var=role="
_LOCKED = re.compile(r"Error acquiring the state lock")
_LOCK_FIELD = re.compile(r"^\W*(ID|Who|Operation|Created):\s+(.+?)\s*$", re.MULTILINE)


class TerraformError(BrokenInputError):
    """Terraform ended with an error; holds what it said."""


@dataclass(frozen=True)
class Root:
    """A root module with credentials. Terraform works in its directory."""

    directory: Path
    credentials: Mapping[str, str] = field(repr=False)

    def init(self) -> None:
        """Install the providers of the lock file, and set up the backend."""
        # Fails when the directory had been set up with the backend's own role.
        self._run("init", "-input=false", "-lockfile=readonly", "-reconfigure", _NO_ROLE)

    def plan(
        self, out: Path, variables: Mapping[str, Any] | None = None, *, refresh: bool = True
    ) -> bool:
        """Save a plan to `out`; returns whether it changes anything."""
        values = out.with_suffix(".tfvars.json")
        values.touch(mode=0o600)
        values.write_text(json.dumps(variables or {}), encoding="utf-8")
        code, _ = self._run(
            "plan",
            "-input=false",
            "-detailed-exitcode",
            f"-out={out}",
            f"-refresh={str(refresh).lower()}",
            f"-var-file={values}",
            _AS_THEY_ARE,
            quiet=True,
        )
        out.chmod(0o600)
        return code == _CHANGES

    def apply(self, plan: Path) -> None:
        """Apply a saved plan, and nothing else."""
        self._run("apply", "-input=false", _AS_THEY_ARE, str(plan))

    def show(self, plan: Path) -> dict[str, Any]:
        """Read a saved plan; it holds the state's secrets."""
        _, said = self._run("show", "-json", str(plan), quiet=True)
        document: dict[str, Any] = json.loads(said)
        return document

    def state(self) -> dict[str, Any] | None:
        """Read the state as it is now, secrets included; None where there is none."""
        _, said = self._run("state", "pull", quiet=True)
        document: dict[str, Any] | None = json.loads(said) if said.strip() else None
        return document

    def outputs(self) -> dict[str, Any]:
        """Read the outputs from the state; empty where nothing was applied."""
        _, said = self._run("output", "-json", quiet=True)
        return {name: item.get("value") for name, item in json.loads(said).items()}

    def _run(self, *arguments: str, quiet: bool = False) -> tuple[int, str]:
        """Run a command; returns its status and what it printed.

        What plans and states say in detail may be secret: `quiet` prints nothing of it.
        """
        command = ["terraform", *arguments[:1], *arguments[1:]]
        if arguments[0] not in ("show", "state", "output"):
            command.insert(2, "-no-color")
        try:
            process = subprocess.Popen(  # noqa: S603 - the arguments are ours; no shell reads them
                command,
                cwd=self.directory,
                env={**os.environ, **_AUTOMATION, **self.credentials},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                # Ctrl-C would reach it twice, by the terminal and by us: then it saves nothing.
                start_new_session=True,
            )
        except FileNotFoundError:
            raise BrokenInputError("there is no terraform on PATH: install it") from None
        with _stopped_gently(process):
            said, complaints = _follow(process, quiet=quiet)
        code = process.returncode
        if code != 0 and not (arguments[0] == "plan" and code == _CHANGES):
            raise _explained(arguments[0], code, complaints)
        return code, said


_NO_ROLE = "-backend-config=assume_role=null"
_AUTOMATION = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def _follow(process: subprocess.Popen[str], *, quiet: bool) -> tuple[str, str]:
    complaints: list[str] = []

    def listen() -> None:
        assert process.stderr is not None  # noqa: S101 - narrows the type: it is a pipe
        complaints.extend(process.stderr)

    listener = threading.Thread(target=listen)
    listener.start()
    said: list[str] = []
    assert process.stdout is not None  # noqa: S101 - narrows the type: it is a pipe
    for line in process.stdout:
        said.append(line)
        if not quiet:
            print(line, end="", file=sys.stderr, flush=True)
    listener.join()
    process.wait()
    return "".join(said), "".join(complaints)


def _explained(command: str, code: int, complaints: str) -> Exception:
    if _LOCKED.search(complaints):
        lock = dict(_LOCK_FIELD.findall(complaints))
        return Refused(
            rule="state-locked",
            evidence="another run holds the state's lock: "
            + ", ".join(f"{name} {value}" for name, value in lock.items()),
            fix="wait until it ends; if it was killed, `terraform force-unlock "
            f"{lock.get('ID', 'ID')}` in the root, then retry the stage",
            override="whoever is on call, once no run of this environment is alive",
        )
    return TerraformError(f"terraform {command} ended with {code}:\n{complaints.strip()}")


@contextmanager
def _stopped_gently(process: subprocess.Popen[str]) -> Iterator[None]:
    """Pass a request to stop on, and wait: Terraform saves its state and frees the lock."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        process.send_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    except BaseException:
        process.send_signal(signal.SIGINT)
        if process.stdout is not None:
            process.stdout.read()  # or it would wait for a reader
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
