"""A small threaded HTTP/1.1 server for a WSGI application on the loopback address.

Werkzeug's development server answers every request with ``Connection: close`` and then
waits 10 ms for left-over input, which costs each AWS call a connection and a thread. Here
requests and responses are read and written whole, so connections stay open.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import socketserver
import sys
import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"

log = logging.getLogger(__name__)


class _Handler(MotoRequestHandler):
    """Serves one connection; moto's handler builds the WSGI environment."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server  # type: ignore[assignment]  # werkzeug declares its own server class here

    def run_wsgi(self) -> None:
        """Answer one request: the whole body in, the whole response out."""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        self._buffer_body(environ)
        response = _Response()
        chunks = self.server.application(environ, response.start)
        try:
            body = b"".join(chunks)
        finally:
            if close := getattr(chunks, "close", None):
                close()
        self._send(response, body)

    def _buffer_body(self, environ: WSGIEnvironment) -> None:
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        environ["wsgi.input_terminated"] = True
        environ["CONTENT_LENGTH"] = str(len(body))

    def _send(self, response: _Response, body: bytes) -> None:
        code, _, reason = response.status.partition(" ")
        self.send_response_only(int(code), reason or None)
        sized = False
        for name, value in response.headers:
            sized = sized or name.lower() == "content-length"
            self.send_header(name, value)
        bodiless = self.command == "HEAD" or code in {"204", "304"}
        if not sized and not bodiless:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(body)
        self.wfile.flush()


class _Response:
    """What the application passed to ``start_response``."""

    status = "500 Internal Server Error"

    def __init__(self) -> None:
        self.headers: list[tuple[str, str]] = []

    def start(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        self.status, self.headers = status, headers
        return self._refuse_write

    @staticmethod
    def _refuse_write(_: bytes) -> None:
        raise TypeError("return the body instead of calling write()")


class Server(ThreadingHTTPServer):
    """Serves ``application`` on 127.0.0.1 until ``stop``; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """

    request_queue_size = 128
    daemon_threads = True
    multithread = True
    multiprocess = False
    ssl_context = None
    _server_version = "embedded-aws"

    def __init__(self, application: WSGIApplication, port: int) -> None:
        self.application = application
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        super().__init__((LOOPBACK, port), _Handler)
        self.port: int = self.server_address[1]
        self._acceptor = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="embedded-aws"
        )
        self._acceptor.daemon = True
        self._acceptor.start()

    def server_bind(self) -> None:
        """Bind without the reverse DNS look-up that ``HTTPServer`` makes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection a thread, remembered so that ``stop`` can end it."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and forget it."""
        super().shutdown_request(request)
        with self._lock:
            self._connections.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - signature of the base class
        """Log what a handler raised; a dropped connection is no error."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            log.error("the embedded AWS failed to answer a request", exc_info=error)

    def stop(self) -> None:
        """Refuse new connections, end the open ones and wait for their threads."""
        self.shutdown()
        self._acceptor.join()
        self.server_close()
        with self._lock:
            open_connections = dict(self._connections)
        for connection, thread in open_connections.items():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()
