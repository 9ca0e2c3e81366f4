"""The named backends as processes that speak HTTP: ``python -m harness.overload.service fifo``.

Prints its port as one line of JSON. ``GET /reset`` forgets what waits, for the next run; every
answer counts the transactions that have begun.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import uvicorn

from harness.overload.named import LEGACY, SERVICE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harness.overload.backends import Backend

KINDS = {"fifo": LEGACY, "workers": SERVICE}
_HEADERS = [(b"content-type", b"application/json")]
BACKLOG = 4096


class Application:
    """ASGI: every request but the health check is one transaction."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._begun = 0

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request; who sent it may have gone by then."""
        while (await receive()).get("more_body"):
            pass
        status = 200
        if scope["path"] == "/reset":
            self._backend.reset()
        elif scope["path"] != "/health":
            self._begun += 1
            status = await self._backend.work()
        body = b'{"begun":%d}' % self._begun
        headers = [*_HEADERS, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def serve(application: Any, listener: socket.socket) -> None:
    """Serve an ASGI application on a socket until terminated; tell the port."""
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


def main() -> int:
    """Serve on PORT of BIND_HOST, as an ECS task is told to, or on a free one."""
    parser = argparse.ArgumentParser(prog="python -m harness.overload.service")
    parser.add_argument("kind", choices=sorted(KINDS))
    kind = parser.parse_args().kind
    address = os.environ.get("BIND_HOST", "127.0.0.1"), int(os.environ.get("PORT", "0"))
    serve(Application(KINDS[kind].model()), socket.create_server(address, backlog=BACKLOG))
    return 0


if __name__ == "__main__":
    sys.exit(main())
