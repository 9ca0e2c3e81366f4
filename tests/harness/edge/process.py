"""The edge's own process: serves the gateway and obeys its parent.

Requests and answers of the parent are JSON lines on standard input and output. The first
line of output says that the edge is ready, or why it isn't. When standard input ends, because
the parent closed it or died, the edge shuts down.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import orjson
import uvicorn
from botocore.config import Config

from harness.edge.app import Gateway
from harness.edge.compiler import Dependencies, compile_routes
from harness.edge.connection import Connection
from harness.edge.domain_listeners import DomainListeners
from harness.edge.principals import Directory
from harness.edge.schedule import Scheduler
from harness.edge.table import RouteTable
from harness.edge.throttling import Throttles
from harness.edge.vpc_links import VpcLinks
from harness.edge.waf.addresses import Countries
from harness.edge.waf.rates import Rates
from harness.edge.waf.reader import WebAcls
from harness.edge.waf.report import sentences, web_acls
from harness.runtime.account import AccountRuntime
from harness.runtime.logs import LogShipper
from harness.runtime.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

LOOPBACK = "127.0.0.1"
GRACE = 5  # seconds that requests under way get at the end


@dataclass(frozen=True, slots=True)
class Options:
    """What the edge serves, and where."""

    endpoint_url: str
    account_id: str
    region: str
    port: int
    public_endpoints: Mapping[str, int]
    acquirer_endpoints: Mapping[str, int]
    countries: Mapping[str, str]


class Edge:
    """The parts of the running edge, and the commands that its parent may give."""

    def __init__(self, options: Options) -> None:
        session = boto3.Session(region_name=options.region)
        _check_account(session, options.account_id)
        self._session = session
        # Checking the parameters of thousands of events would cost more than sending them.
        unchecked = Config(parameter_validation=False)
        self._logs = LogShipper(session.client("logs", config=unchecked))
        self._metrics = Metrics(options.endpoint_url, options.account_id, options.region)
        self._directory = Directory(session, options.endpoint_url, options.account_id)
        self._files = tempfile.TemporaryDirectory(prefix="run-")
        self._runtime = AccountRuntime(
            session,
            options.account_id,
            options.endpoint_url,
            Path(self._files.name),
            self._logs,
            self._metrics,
            options.public_endpoints,
            options.acquirer_endpoints,
        )
        self._vpc_links = VpcLinks(session, self._runtime.balancers)
        self._scheduler = Scheduler(session, options.account_id)
        self._dependencies = Dependencies(
            account_id=options.account_id,
            region=options.region,
            invoker=self._runtime.functions,
            function_policy=self._runtime.functions.policy,
            throttles=Throttles(),
            logs=self._logs,
            metrics=self._metrics,
            vpc_links=self._vpc_links,
            web_acls=WebAcls(
                session,
                country=Countries(options.countries),
                rates=Rates(),
                logs=self._logs,
                metrics=self._metrics,
            ),
        )
        self._said: set[str] = set()
        self.gateway = Gateway(RouteTable({}), self._directory)
        self.config = _server_config(self.gateway)
        self.listeners = DomainListeners(self.config, self._runtime.balancers.authority)
        self._commands: Mapping[str, Callable[..., Awaitable[Any]]] = {
            "reload": self._reload,
            "fire_schedule": self._fire_schedule,
            "invoke": self._invoke,
            "worker_pids": self._worker_pids,
            "flush_logs": self._flush_logs,
            "flush_metrics": self._flush_metrics,
            "services": self._services,
            "web_acls": self._web_acls,
            "tasks": self._tasks,
            "kill_task": self._kill_task,
            "drain": self._drain,
            "domains": self._domains,
        }

    async def start(self) -> None:
        """Start what is deployed, and compile the APIs.

        Raises:
            CompileError: something deployed isn't supported by the edge.
            DeploymentError: something deployed can't run here.
        """
        await self._runtime.start()
        self.gateway.table = await asyncio.to_thread(self._compile)
        await self.listeners.refresh(self.gateway.table.domains.values())

    async def obey(self, command: str, arguments: Mapping[str, Any]) -> Any:
        """Carry out one command of the parent.

        Raises:
            Exception: whatever went wrong; the parent gets its text.
        """
        return await self._commands[command](**arguments)

    async def close(self) -> None:
        """End workers and tasks and send what was logged."""
        self.listeners.close()
        self._vpc_links.close()
        await self._runtime.close()
        await self._directory.close()
        await asyncio.to_thread(self._logs.close)
        await asyncio.to_thread(self._metrics.close)
        self._files.cleanup()

    def _compile(self) -> RouteTable:
        table = compile_routes(self._session, self._dependencies)
        for sentence in sentences(web_acls(table)):
            if sentence not in self._said:
                self._said.add(sentence)
                print(sentence, file=sys.stderr)
        return table

    async def _reload(self) -> None:
        await self._runtime.balancers.refresh()
        table = await asyncio.to_thread(self._compile)
        await self._runtime.refresh()
        self._directory.forget()
        self.gateway.table = table
        await self.listeners.refresh(table.domains.values())
        await self._runtime.settle()

    async def _fire_schedule(self, rule_name: str) -> Any:
        shot = await asyncio.to_thread(self._scheduler.aim, rule_name)
        return await self._run(*shot.function, shot.payload)

    async def _invoke(self, function_name: str, qualifier: str | None, payload: Any) -> Any:
        return await self._run(function_name, qualifier, orjson.dumps(payload))

    async def _run(self, name: str, qualifier: str | None, payload: bytes) -> Any:
        outcome = await self._runtime.functions.invoke(name, qualifier, payload)
        return {
            "payload": orjson.loads(outcome.payload),
            "error": outcome.error,
            "version": outcome.version,
        }

    async def _worker_pids(self, function_name: str) -> list[int]:
        return self._runtime.functions.worker_pids(function_name)

    async def _flush_logs(self) -> None:
        await asyncio.to_thread(self._logs.flush)

    async def _flush_metrics(self) -> None:
        await self._flush_logs()  # they carry metrics too
        await asyncio.to_thread(self._metrics.flush)

    async def _services(self) -> list[dict[str, Any]]:
        return self._runtime.services.services()

    async def _web_acls(self) -> list[dict[str, Any]]:
        return web_acls(self.gateway.table)

    async def _tasks(self, service: str | None) -> list[dict[str, Any]]:
        return self._runtime.services.tasks(service)

    async def _kill_task(self, task_id: str) -> None:
        self._runtime.services.kill_task(task_id)

    async def _drain(self, seconds: float) -> None:
        await self._runtime.sources.drain(seconds)

    async def _domains(self) -> dict[str, Any]:
        return self.listeners.describe()


def _server_config(gateway: Gateway) -> uvicorn.Config:
    config = uvicorn.Config(
        gateway,
        interface="asgi3",
        http=Connection,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE,
    )
    config.load()
    return config


class _Server(uvicorn.Server):
    """Says when it listens, and leaves cleaning up after a signal to its caller."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listening in sockets or ():
            tell({"ready": {"port": listening.getsockname()[1]}})

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def serve(options: Options) -> None:
    """Run the edge until its parent or a signal ends it.

    Raises:
        CompileError: something deployed isn't supported.
        DeploymentError: something deployed can't run here.
        OSError: the port is taken.
    """
    edge = Edge(options)
    try:
        await edge.start()
        server = _Server(edge.config)
        server.server_state = edge.listeners.state
        gc.collect()
        gc.freeze()  # what exists now stays, so collections under load needn't look at it
        with socket.create_server((LOOPBACK, options.port), backlog=2048) as listening:
            listener = asyncio.create_task(_listen(edge, server))
            await server.serve(sockets=[listening])
            listener.cancel()
    finally:
        await edge.close()


async def _listen(edge: Edge, server: uvicorn.Server) -> None:
    """Obey the parent's commands, each in a task of its own, until input ends."""
    reader = asyncio.StreamReader(limit=16 * 1024 * 1024)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    tasks: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        task = asyncio.create_task(_obey(edge, json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    server.should_exit = True


async def _obey(edge: Edge, order: Mapping[str, Any]) -> None:
    answer: dict[str, Any] = {"id": order["id"]}
    try:
        answer["result"] = await edge.obey(order["command"], order["arguments"])
    except Exception as error:
        answer["error"] = f"{type(error).__name__}: {error}"
    tell(answer)


def tell(message: Mapping[str, Any]) -> None:
    """Send the parent one line."""
    print(json.dumps(message), flush=True)


def _check_account(session: boto3.Session, account_id: str) -> None:
    actual = session.client("sts").get_caller_identity()["Account"]
    if actual != account_id:
        raise ValueError(
            f"The credentials belong to account {actual}, not {account_id}: pass the "
            f"environment of that account to Edge(environment=...)."
        )
