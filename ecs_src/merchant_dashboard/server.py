"""The server process: listens, and at SIGTERM finishes what is under way.

First health says 503, so that the load balancer sends nothing new, while requests are still
answered; then the listener closes and the last answers are given.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

import uvicorn
from anyio import to_thread

from merchant_dashboard.application import THREADS
from merchant_dashboard.routes import Life, serve

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from merchant_dashboard.application import Application

GRACE_SECONDS = 9
"""After draining. With 15 seconds of draining at most, the process ends within 25."""


def run(application: Application) -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = application.settings
    life = Life()
    server = _Server(
        uvicorn.Config(
            serve(application, life),
            host=settings.bind_host,
            port=settings.port,
            interface="asgi3",
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="error",
            server_header=False,
            proxy_headers=False,
            # Longer than the load balancer's idle time, so that it isn't the one to find out.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=GRACE_SECONDS,
        ),
        application,
        life,
    )
    server.run()


class _Server(uvicorn.Server):
    """Drains before it stops, and leaves with status 0."""

    def __init__(self, config: uvicorn.Config, application: Application, life: Life) -> None:
        super().__init__(config)
        self._application = application
        self._life = life

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets=sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            self._application.telemetry.info("listening", port=port)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._drain, loop)
        yield

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._life.draining:
            return
        self._life.draining = True
        self._application.telemetry.info("draining")
        loop.call_later(self._application.settings.drain_seconds, self._stop)

    def _stop(self) -> None:
        self.should_exit = True
