"""curl as a signer: the process that users run, and a server that takes down what it sends."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
from typing import TYPE_CHECKING, Self

from edge.raw_http import CRLF, Request

if TYPE_CHECKING:
    from botocore.credentials import Credentials

    from edge.signed_requests import Plain

_LENGTH = re.compile(rb"^content-length: (\d+)", re.IGNORECASE | re.MULTILINE)


class Curl:
    """Signs by sending; a context manager.

    Raises:
        LookupError: there is no curl.
    """

    def __init__(self) -> None:
        found = shutil.which("curl")
        if found is None:
            raise LookupError("install curl 7.75 or newer: it's the client that no one here wrote")
        self._curl = found
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sent: list[bytes] = []
        threading.Thread(target=self._take_down, daemon=True).start()

    def sign(self, plain: Plain, credentials: Credentials, region: str) -> Request:
        """The request as curl sends it to its host."""
        port = self._listening.getsockname()[1]
        query = f"?{plain.query}" if plain.query else ""
        command = [self._curl, "--disable", "--silent", "--show-error", "--noproxy", "*"]
        command += ["--connect-to", f"::127.0.0.1:{port}", "--request", plain.verb]
        command += ["--aws-sigv4", f"aws:amz:{region}:execute-api"]
        command += ["--user", f"{credentials.access_key}:{credentials.secret_key}"]
        command += ["--header", f"x-amz-security-token: {credentials.token}"]
        for name, value in plain.headers.items():
            command += ["--header", f"{name}: {value}"]
        if plain.body:
            command += ["--data-binary", "@-"]
        url = f"http://{plain.host}{plain.path}{query}"
        subprocess.run([*command, url], input=plain.body, check=True, timeout=30)  # noqa: S603
        return _parsed(self._sent.pop())

    def _take_down(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                self._sent.append(_read(connection))
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()


def _read(connection: socket.socket) -> bytes:
    data = b""
    while CRLF * 2 not in data:
        data += connection.recv(65_536)
    declared = _LENGTH.search(data)
    whole = data.index(CRLF * 2) + 4 + int(declared[1] if declared else 0)
    while len(data) < whole:
        data += connection.recv(65_536)
    return data


def _parsed(wire: bytes) -> Request:
    head, _, body = wire.partition(CRLF * 2)
    line, *lines = head.split(CRLF)
    verb, target, version = line.split(b" ")
    pairs = (each.partition(b":") for each in lines)
    headers = [(name.lower(), value.strip()) for name, _, value in pairs]
    return Request(verb, target, headers, body, version)
