"""The bare ASGI server that the edge is compared with: the same uvicorn, and nothing behind it.

Run as a child; prints its port as one JSON line when it listens.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BODY = b'{"state":"authorized"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Read the body and answer the same every time."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def main() -> None:
    """Serve on a free port of 127.0.0.1 until terminated."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        timeout_keep_alive=75,  # others have their turns in between
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
