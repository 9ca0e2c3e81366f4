"""A stand-in for the fraud service: answers what a test tells it, and remembers what was asked."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

APPROVE = {
    "score": 12,
    "decision": "approve",
    "reasons": [],
    "model_version": "2026-11-01",
    "degraded": False,
}
REVIEW = {**APPROVE, "score": 640, "decision": "review"}
REFUSE = {
    **APPROVE,
    "score": 913,
    "decision": "refuse",
    "reasons": [{"code": "device_velocity", "text": "The device pays unusually often."}],
}


class FraudStub:
    """A fraud service on a free port of 127.0.0.1; a context manager.

    ``status`` and ``content`` are answered to everything, each byte ``drip_s`` after the one
    before, the first ``delay_s`` after the request. ``asked`` holds the bodies, ``headers`` the
    headers, of what was asked, ``connections`` counts clients that connected.
    """

    def __init__(self) -> None:
        self.status = 200
        self.answer_with(APPROVE)
        self.headers: list[dict[str, str]] = []
        self.sent_headers: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []
        self.connections = 0
        self.delay_s = 0.0
        self.drip_s = 0.0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stub = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer_with(self, document: object) -> None:
        """Answer this document from now on."""
        self.content = json.dumps(document).encode()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    stub: FraudStub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet: clients that give up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def setup(self) -> None:
        super().setup()
        self._stub.connections += 1

    def do_POST(self) -> None:  # http.server's name
        stub = self._stub
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        stub.asked.append(json.loads(body))
        stub.headers.append({name.lower(): value for name, value in self.headers.items()})
        time.sleep(stub.delay_s)
        self.send_response(stub.status)
        self.send_header("Content-Length", str(len(stub.content)))
        for name, value in stub.sent_headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not stub.drip_s:
            self.wfile.write(stub.content)
            return
        for byte in stub.content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(stub.drip_s)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Stay quiet: the caller's tests print."""

    @property
    def _stub(self) -> FraudStub:
        return cast("_Server", self.server).stub
