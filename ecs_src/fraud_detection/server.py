"""Runs the service: uvicorn in one process, which ends as ECS wants tasks to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from typing import TYPE_CHECKING

import uvicorn

from fraud_detection.application import FraudDetection
from fraud_detection.dynamodb import DynamoDB
from fraud_detection.model import Model
from fraud_detection.telemetry import ServerLog, Telemetry

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from fraud_detection.settings import Settings

# With DRAIN_SECONDS (10 at most) and the counters' last writes (5), less than 25 together.
GRACE_SECONDS = 8
# Longer than a load balancer keeps a connection that nothing passes over would tie up descriptors.
KEEP_ALIVE_SECONDS = 75


class _Server(uvicorn.Server):
    """A server that leaves signals to us, and says where it listens."""

    def __init__(self, config: uvicorn.Config, telemetry: Telemetry) -> None:
        super().__init__(config)
        self._telemetry = telemetry

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signals: uvicorn would stop listening before the load balancer knows."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening."""
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        self._telemetry.info("serving", port=port, pid=os.getpid())


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way."""
    telemetry = Telemetry(settings.log_level, settings.environment)
    logging.basicConfig(level=logging.WARNING, handlers=[ServerLog(telemetry)])
    application = FraudDetection(settings, DynamoDB(), Model.load(), telemetry)
    config = uvicorn.Config(
        application,
        host=settings.bind_host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config, telemetry)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if application.draining:
            return
        application.draining = True
        telemetry.info("stopping", drain_seconds=settings.drain_seconds)
        # The load balancer still sends requests until it has seen that health is gone.
        loop.call_later(settings.drain_seconds, setattr, server, "should_exit", True)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await server.serve()
    telemetry.info("stopped")
