"""Lends the harness's warm providers to the Terraform of builds, which are other processes."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import socketserver
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harness.terraform import installation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.terraform import Terraform
    from harness.terraform.warm import WarmProviders

_DATA = ".terraform"
_PULL_SECONDS = 120
_DISCARD_PORT = 9  # nobody listens, and a command that starts no provider doesn't mind

log = logging.getLogger(__name__)


class WarmTerraform:
    """Answers the shims of builds; a context manager.

    Args:
        terraform: the Terraform that builds run; without warm providers nothing is lent.
        address: path of the socket to make.
    """

    def __init__(self, terraform: Terraform, address: Path) -> None:
        self._terraform = terraform
        self._address = address
        self._server: socketserver.ThreadingUnixStreamServer | None = None

    @property
    def address(self) -> str:
        """Where shims ask; empty if there is nothing to be had."""
        return str(self._address) if self._terraform.warm is not None else ""

    def __enter__(self) -> Self:
        warm = self._terraform.warm
        if warm is None:
            return self
        lend = functools.partial(self._lend, warm)

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                lend(self)

        server = socketserver.ThreadingUnixStreamServer(str(self._address), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._server = server
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _lend(self, warm: WarmProviders, request: socketserver.StreamRequestHandler) -> None:
        """Lease a provider until the shim hangs up; without one Terraform starts its own."""
        asked: Mapping[str, Any] = json.loads(request.rfile.readline())
        directory, environment = Path(asked["cwd"]), asked["environment"]
        with contextlib.ExitStack() as lease:
            leased: Mapping[str, str] = {}
            try:
                binary = installation.installed(directory, directory / _DATA)
                if binary is not None:
                    types = self._types(directory, environment)
                    leased = lease.enter_context(warm.lease(binary, directory, environment, types))
            except Exception:
                log.exception("no warm provider for %s: Terraform starts its own", directory)
            with contextlib.suppress(OSError):
                request.wfile.write(json.dumps(dict(leased)).encode() + b"\n")
                request.rfile.read()

    def _types(self, directory: Path, environment: Mapping[str, str]) -> set[str]:
        """Name the types that Terraform may ask for: those of configuration and state."""
        configuration = installation.Configuration(directory, directory / _DATA)
        if not configuration.has_remote_state:
            return configuration.types()
        pulled = subprocess.run(  # noqa: S603 - the argument list is ours
            [*self._terraform.cli.argv, "state", "pull"],
            cwd=directory,
            env={**environment, **installation.attached(os.getpid(), _DISCARD_PORT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PULL_SECONDS,
            check=True,
        )
        return configuration.types(pulled.stdout)
