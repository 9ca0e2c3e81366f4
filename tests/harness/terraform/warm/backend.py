"""One provider process, started as Terraform would start it, and its gRPC connection."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from harness.terraform.warm.messages import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

MAXIMUM_MESSAGE = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]

_SUPERVISOR = Path(__file__).parents[1] / "supervisor.py"
_START_SECONDS = 120
_LOG_TAIL_BYTES = 2000
_HANDSHAKE = {
    # What Terraform sets so that a provider knows that it was started by Terraform.
    "TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
    "PLUGIN_PROTOCOL_VERSIONS": "5",
}
_QUIET = ("TF_LOG", "TF_LOG_CORE", "TF_LOG_PROVIDER", "TF_LOG_SDK", "TF_LOG_SDK_PROTO")


class BackendError(Exception):
    """A provider that didn't start or has ended; the message is for the person who plans."""


class Backend:
    """A provider process and the calls to it; ends with the process that started it."""

    def __init__(self, process: asyncio.subprocess.Process, address: str, log: Path) -> None:
        self._process = process
        self._log = log
        self._channel = grpc.aio.insecure_channel(address, options=MAXIMUM_MESSAGE)
        self._output = asyncio.create_task(_drain(process))

    @classmethod
    async def start(
        cls, binary: str, cwd: str, environment: Mapping[str, str], log: Path
    ) -> Backend:
        """Start `binary` in `cwd`, where it finds the relative paths that it is given.

        Raises:
            BackendError: it didn't start, or speaks another protocol.
        """
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(_SUPERVISOR), "0", binary),
                cwd=cwd,
                env={
                    **environment,
                    **dict.fromkeys(_QUIET, "off"),
                    **_HANDSHAKE,
                    "PLUGIN_UNIX_SOCKET_DIR": str(log.parent),
                },
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        try:
            line = await asyncio.wait_for(_first_line(process), _START_SECONDS)
            address = _address(line)
        except (TimeoutError, ValueError) as error:
            _stop(process)
            await process.wait()
            said = _tail(log) or str(error) or f"it said nothing in {_START_SECONDS} seconds"
            raise BackendError(f"the provider {binary} didn't start: {said}") from None
        return cls(process, address, log)

    async def call(self, method: str, request: bytes) -> bytes:
        """Pass a call on as it is.

        Raises:
            BackendError: the provider has ended.
            grpc.aio.AioRpcError: what the provider answered instead.
        """
        try:
            answer: bytes = await self._channel.unary_unary(SERVICE + method, None, None)(request)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            raise BackendError(await self._obituary(method)) from None
        return answer

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.returncode is None

    @property
    def supervisor_pid(self) -> int:
        """Process id of the supervisor, whose only child is the provider."""
        return self._process.pid

    async def close(self) -> None:
        """End the process at once."""
        _stop(self._process)
        await self._channel.close(None)
        await self._process.wait()
        self._output.cancel()
        self._log.unlink(missing_ok=True)

    async def _obituary(self, method: str) -> str:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._process.wait()), 2)
        how = "" if self.alive else f" with exit code {self._process.returncode}"
        said = _tail(self._log)
        last_words = f" Its last words: {said}" if said else ""
        return (
            f"The AWS provider ended{how} during {method}. Run the command again: a new provider "
            f"is started for it. If it ends there too, HARNESS_TERRAFORM_PROVIDERS=stock runs "
            f"it without the proxy.{last_words}"
        )


async def _first_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # noqa: S101 - narrows the type: asked for a pipe
    return (await process.stdout.readline()).decode(errors="replace").strip()


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None  # noqa: S101 - narrows the type: asked for a pipe
    while await process.stdout.read(65_536):
        pass


def _address(line: str) -> str:
    """Read `1|5|unix|/path|grpc|`, the first line of a plugin's output."""
    _core, protocol, network, address, transport, *_ = [*line.split("|"), "", "", "", "", ""]
    if (protocol, transport) != ("5", "grpc") or network not in ("unix", "tcp"):
        raise ValueError(f"it introduced itself as {line!r}, not as a provider of protocol 5")
    return f"unix:{address}" if network == "unix" else address


def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()  # what the supervisor takes as the wish to stop


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        return log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
    return ""
