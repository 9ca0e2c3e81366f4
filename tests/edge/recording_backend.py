"""A server behind a load balancer that remembers every request it got."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Seen:
    """A request as the backend got it."""

    verb: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of a header, by its name in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


@dataclass
class Backend:
    """A server whose answers tests choose by path."""

    seen: list[Seen] = field(default_factory=list)
    answers: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    connections: int = 0
    port: int = 0

    def start(self) -> ThreadingHTTPServer:
        """Listen on a free port of loopback."""
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                backend.connections += 1
                super().setup()

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65_537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                self.answer()

            def answer(self) -> None:
                if self.path == "/health":
                    self.reply(b"{}")
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                backend.seen.append(Seen(self.command, self.path, self.headers.items(), body))
                respond = backend.answers.get(self.path.partition("?")[0], Handler.reply)
                respond(self)
                self.wfile.flush()

            def reply(
                self, body: bytes = b'{"ok":true}', status: int = 200, **headers: str
            ) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def only(self) -> Seen:
        """The one request since the last call."""
        (seen,) = self.seen
        self.seen.clear()
        return seen
