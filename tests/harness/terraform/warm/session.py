"""What the Terraform of one root connects to.

Every connection is bound to the process of its own configuration, and what it says of a resource
is checked before Terraform hears it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from harness.terraform.warm import guard
from harness.terraform.warm.backend import MAXIMUM_MESSAGE, Backend, BackendError
from harness.terraform.warm.messages import SERVICE, parse
from harness.terraform.warm.schema import trim_identities

if TYPE_CHECKING:
    from harness.terraform.warm.place import Place

    _Handlers = grpc.GenericRpcHandler[bytes, bytes]
    _Method = grpc.RpcMethodHandler[bytes, bytes]
    _Context = grpc.aio.ServicerContext[bytes, bytes]
else:
    _Handlers = grpc.GenericRpcHandler

_RESOURCE_CALLS = frozenset({"ReadResource", "PlanResourceChange", "ApplyResourceChange"})


@dataclass(frozen=True)
class _Bound:
    """What a connection talks to, and where that works."""

    backend: Backend
    home: guard.Home


class Session(_Handlers):
    """What one root's Terraform connects to: a listener that serves its place and its types."""

    def __init__(self, place: Place, types: frozenset[str] | None) -> None:
        self.place = place
        self.types = types
        self.port = 0
        self._bound: dict[str, _Bound] = {}
        self._busy: Counter[str] = Counter()
        self._retiring: set[asyncio.Task[None]] = set()
        self._server = grpc.aio.server(options=MAXIMUM_MESSAGE)
        self._server.add_generic_rpc_handlers((self,))

    async def listen(self) -> None:
        """Open the listener on a free port of the loopback address."""
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()

    async def close(self) -> None:
        """Close the listener and its connections."""
        await self._server.stop(grace=None)

    def service(self, details: grpc.HandlerCallDetails) -> _Method | None:
        """Give gRPC the handler of a method; plugin housekeeping has none and needs none."""
        if not details.method.startswith(SERVICE):
            return None
        name = details.method.removeprefix(SERVICE)

        async def handle(request: bytes, context: _Context) -> bytes:
            peer = context.peer()
            self._busy[peer] += 1
            try:
                return await self._answer(name, request, peer)
            except grpc.aio.AioRpcError as error:
                await context.abort(error.code(), error.details() or "")
            except (BackendError, guard.WrongAccountError, DecodeError) as error:
                await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            finally:
                self._busy[peer] -= 1

        return grpc.unary_unary_rpc_method_handler(handle)

    async def _answer(self, name: str, request: bytes, peer: str) -> bytes:
        provider = self.place.provider
        if name == "GetSchema":
            schema = await provider.schema(lambda: self._ask(name, request))
            return schema.trimmed(self.types)
        if name == "GetResourceIdentitySchemas":
            return trim_identities(await self._ask(name, request), self.types)
        if name == "PrepareProviderConfig":
            return await provider.prepared(request, lambda: self._ask(name, request))
        if name == "Configure":
            return await self._bind(request, peer)
        bound = self._bound.get(peer)
        if bound is None or name.startswith("Validate"):
            return b"" if name == "Stop" else await self._ask(name, request)
        if name == "Stop":
            return await self._stop(bound, peer)
        answer = await bound.backend.call(name, request)
        if name in _RESOURCE_CALLS:
            await self._check(bound.home, request, answer)
        return answer

    async def _bind(self, request: bytes, peer: str) -> bytes:
        """Bind a connection for good, once it is known to be where its configuration says."""
        configured = await self.place.configured(request)
        if configured.caller:
            config = parse("ConfigureRequest", request).config.msgpack
            home = guard.home(config, self.place.environment, configured.caller)
            self._bound[peer] = _Bound(configured.backend, home)
        return configured.answer

    async def _ask(self, name: str, request: bytes) -> bytes:
        return await (await self.place.anyone()).call(name, request)

    async def _stop(self, bound: _Bound, peer: str) -> bytes:
        """Cut waits short as Terraform wishes, unless others wait for the same process.

        A provider that was stopped stays so: the process isn't used again.
        """
        sharing = (other for other, item in self._bound.items() if item.backend is bound.backend)
        if any(self._busy[other] for other in sharing if other != peer):
            return b""
        answer = await bound.backend.call("Stop", b"")
        self._retiring.add(retirement := asyncio.create_task(self._retire(bound.backend, peer)))
        retirement.add_done_callback(self._retiring.discard)
        return answer

    async def _retire(self, backend: Backend, peer: str) -> None:
        while self._busy[peer]:
            await asyncio.sleep(0.05)
        await self.place.retire(backend)

    async def _check(self, home: guard.Home, request: bytes, answer: bytes) -> None:
        resource_type = parse("ResourceRequest", request).type_name
        schema = await self.place.provider.schema(lambda: self._ask("GetSchema", b""))
        if schema.says_its_own_arn(resource_type):
            home.check(resource_type, parse("ResourceResponse", answer).state.msgpack)
