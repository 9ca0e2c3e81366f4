"""The harness's side of the warm providers: leases for the time of one Terraform command."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from harness import emptied
from harness.terraform import store
from harness.terraform.installation import attached

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

IDLE_PLACES = 8
"""Working directories whose providers are kept waiting; each takes about 100 MB of its own."""


class WarmProviders:
    """Keeps providers running between Terraform's commands; thread-safe.

    The process that holds them starts with the first lease, and ends with this process or with
    `close`, whichever comes first.
    """

    def __init__(self, *, idle_places: int = IDLE_PLACES) -> None:
        self._idle_places = idle_places
        self._lock = threading.Lock()
        self._server: subprocess.Popen[str] | None = None
        self.installations: dict[str, Path | None] = {}
        """Binaries by what decides on their versions; None where the provider isn't used."""

    @contextlib.contextmanager
    def lease(
        self,
        binary: Path,
        cwd: Path,
        environment: Mapping[str, str],
        types: Collection[str] | None,
    ) -> Iterator[dict[str, str]]:
        """Give the environment variable that sends a Terraform in `cwd` to a warm provider.

        Args:
            binary: the provider to run.
            cwd: Terraform's working directory; the provider resolves relative paths in it too.
            environment: Terraform's environment, from which the provider takes its credentials.
            types: resource types and data sources that Terraform shall know of; None for all.
        """
        leased = self._ask(
            do="lease",
            binary=str(binary),
            cwd=str(cwd),
            environment={
                name: value for name, value in environment.items() if not name.startswith("TF_")
            },
            types=None if types is None else sorted(types),
        )
        try:
            yield attached(leased["pid"], leased["port"])
        finally:
            self._ask(do="release", key=leased["key"])

    def forget(self, endpoint_url: str) -> None:
        """End the providers that talk to an embedded AWS which was reset or closed."""
        if self._server is not None:
            self._ask(do="forget", endpoint_url=endpoint_url)

    @property
    def pid(self) -> int | None:
        """Process id of the proxy; None before the first lease."""
        return self._server.pid if self._server else None

    @property
    def supervisor_pids(self) -> list[int]:
        """Process ids of the supervisors, each with one provider as its child."""
        pids: list[int] = self._ask(do="processes")["pids"] if self._server else []
        return pids

    def close(self) -> None:
        """End the proxy and all providers."""
        with self._lock:
            server, self._server = self._server, None
            if server is not None and server.stdin and server.stdout:
                server.stdin.close()
                server.wait()
                server.stdout.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            if self._server is None or self._server.poll() is not None:
                self._server = self._start()
            assert self._server.stdin is not None  # noqa: S101 - narrows the type: it is a pipe
            assert self._server.stdout is not None  # noqa: S101 - narrows the type: it is a pipe
            self._server.stdin.write(json.dumps(request) + "\n")
            self._server.stdin.flush()
            line = self._server.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "it has ended"}
        if "error" in answer:
            raise RuntimeError(
                f"the proxy of the warm providers failed: {answer['error']}. "
                f"HARNESS_TERRAFORM_PROVIDERS=stock does without it."
            )
        return answer

    def _start(self) -> subprocess.Popen[str]:
        atexit.register(self.close)
        module = "harness.terraform.warm.server"
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module, str(store.folder()), str(self._idle_places)],
            env={**os.environ, "GRPC_VERBOSITY": "NONE", "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@cache
def shared() -> WarmProviders:
    """Return the warm providers of this process, which end with the embedded AWS they talk to."""
    providers = WarmProviders()
    emptied.listen(providers.forget)
    return providers
