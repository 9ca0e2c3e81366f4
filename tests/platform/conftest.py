"""One applied dev for all tests of this folder, and a merchant that calls it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.caller import Caller
from harness.platform import MerchantAccess, Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

WEBHOOK_HOST = "hooks.rivertown.example"


@pytest.fixture(scope="session")
def webhook_port() -> Iterator[int]:
    """A merchant's server on the internet, which takes every event."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def platform(
    territory: str,  # noqa: ARG001 - ends with the folder
    tmp_path_factory: pytest.TempPathFactory,
    webhook_port: int,
) -> Iterator[Platform]:
    directory = tmp_path_factory.mktemp("platform")
    with Platform(directory, public_endpoints={WEBHOOK_HOST: webhook_port}) as deployed:
        deployed.deploy()
        yield deployed


@pytest.fixture(scope="session")
def access(platform: Platform) -> MerchantAccess:
    return platform.merchant(platform.merchant_ids[0])


@pytest.fixture(scope="session")
def steady_access(platform: Platform) -> MerchantAccess:
    """Of a merchant who pays all the time: who pays that often is soon suspected of fraud."""
    return platform.merchant(platform.merchant_ids[2])


@pytest.fixture(scope="session")
def caller(access: MerchantAccess) -> Iterator[Caller]:
    with httpx.Client(timeout=30) as http:
        yield Caller(access, http)
