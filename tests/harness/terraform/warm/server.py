"""The process that holds the warm providers of one process of the harness.

A process of its own, because it must outlive a thread, must not be forked, and must end with the
harness even when that is killed: its standard input closes then, and it takes the providers along.
Started by `client.py`; reads one JSON request a line and answers each with one line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness.terraform.store import Store
from harness.terraform.warm.proxy import Proxy

_LINE_BYTES = 2**24

# A socket's path has 103 bytes on macOS and 107 on Linux; providers add "plugin" and ten digits to
# the folder's, which has eight characters of its own after the prefix.
_PREFIX = "warm-"
_FOLDER_BYTES = 103 - len("/plugin0123456789") - len(f"/{_PREFIX}01234567")


class Server:
    """Answers the harness's requests one after the other."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    async def run(self, requests: asyncio.StreamReader) -> None:
        """Serve until the harness closes its end."""
        while line := await requests.readline():
            try:
                answer = await self._answer(json.loads(line))
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request.pop("do"):
            case "lease":
                key, port = await self._proxy.lease(**request)
                return {"key": key, "pid": os.getpid(), "port": port}
            case "release":
                await self._proxy.release(**request)
            case "forget":
                await self._proxy.forget(**request)
            case "processes":
                return {"pids": self._proxy.supervisor_pids}
        return {}


async def _serve(cache: Path, idle_places: int) -> None:
    requests = asyncio.StreamReader(limit=_LINE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_folder_for_sockets()) as logs:
        proxy = Proxy(Store(cache), Path(logs), idle_places)
        try:
            await Server(proxy).run(requests)
        finally:
            await proxy.close()


def _folder_for_sockets() -> str:
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= _FOLDER_BYTES else "/tmp"  # noqa: S108 (made under a random name)


def main() -> None:
    """Serve on standard input and output: `server CACHE_FOLDER IDLE_PLACES`."""
    cache, idle_places = sys.argv[1:]
    asyncio.run(_serve(Path(cache), int(idle_places)))


if __name__ == "__main__":
    main()
