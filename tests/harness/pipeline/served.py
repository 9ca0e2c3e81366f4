"""Serves the APIs of an account when a build asks where they answer.

On AWS they answer as soon as they are deployed. Here the edge reads what is deployed when it
starts, and takes memory; so it starts for the build that calls, and ends with the next account's.
"""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from harness.platform import Platform

_LOOPBACK = "127.0.0.1"

log = logging.getLogger(__name__)


class ServedOnDemand:
    """Answers `GET /<account id>` with the address of the account's APIs; a context manager.

    Args:
        platform: what the accounts are of; the pipeline has applied them.
        messages: where edges tell what clients aren't told.
    """

    def __init__(self, platform: Platform, messages: IO[str]) -> None:
        self._platform = platform
        self._messages = messages
        self._environments = {account: name for name, account in platform.accounts.items()}
        self._lock = threading.Lock()
        self._served = ExitStack()
        self._account: str | None = None
        self._url = ""

    def __enter__(self) -> Self:
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    status, told = 200, served.url_of(self.path.strip("/"))
                except Exception as error:
                    log.exception("the edge of %s", self.path)
                    status, told = 503, str(error)
                self.send_response(status)
                self.end_headers()
                self.wfile.write(told.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((_LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.close()

    @property
    def address(self) -> str:
        """Where builds ask."""
        return f"http://{_LOOPBACK}:{self._server.server_port}"

    def url_of(self, account: str) -> str:
        """Serve an account as it is deployed now, and return its edge's address."""
        with self._lock:
            if account == self._account:
                return self._url
            self._end()
            with ExitStack() as opened:
                environment = self._environments[account]
                other = opened.enter_context(
                    self._platform.beside(environment, messages=self._messages)
                )
                other.adopt_environment()
                other.serve()
                self._account, self._url = account, other.edge.url
                self._served = opened.pop_all()
            return self._url

    def close(self) -> None:
        """End what is served: whoever asks next finds what is deployed then."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        self._account = None
        self._served.close()
