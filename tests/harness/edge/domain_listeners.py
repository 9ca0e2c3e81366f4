"""An HTTPS listener for each custom domain, speaking TLS as its deployed policy says.

A listener of its own, because OpenSSL has settled the version before it looks at the name that a
client wants. The certificate is for the names of the deployed one, whose key never leaves ACM;
it comes from the run's own authority.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from typing import TYPE_CHECKING, Any

from uvicorn.server import ServerState

from harness.edge.connection import Connection
from harness.edge.tls import tls_connection

if TYPE_CHECKING:
    from collections.abc import Iterable

    import uvicorn

    from harness.edge.domains import CustomDomain, Endpoint
    from harness.runtime.network.authority import CertificateAuthority

LOOPBACK = "127.0.0.1"
_VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class DomainListeners:
    """Listeners for the deployed custom domains; a domain keeps its port while it exists.

    Args:
        config: of the server that answers the requests.
        authority: makes the certificates.
    """

    def __init__(self, config: uvicorn.Config, authority: CertificateAuthority) -> None:
        self._config = config
        self._authority = authority
        self.state = ServerState()  # the server's own too, whose shutdown ends the connections
        self._open: dict[str, tuple[Endpoint, asyncio.Server]] = {}
        self._ports: dict[str, int] = {}
        self._reported: set[str] = set()

    async def refresh(self, domains: Iterable[CustomDomain]) -> None:
        """Follow what is deployed; listeners that didn't change stay open."""
        wanted = {domain.name: domain.endpoint for domain in domains}
        for name, (endpoint, server) in list(self._open.items()):
            if wanted.get(name) != endpoint:
                server.close()
                del self._open[name]
        for name in self._ports.keys() - wanted.keys():
            del self._ports[name]
        for name, endpoint in wanted.items():
            if name not in self._open:
                server = await self._listen(name, endpoint)
                self._ports[name] = server.sockets[0].getsockname()[1]
                self._open[name] = endpoint, server
        self._report()

    def describe(self) -> dict[str, Any]:
        """The domains with ports and TLS settings, and the authority that clients trust."""
        return {
            "authority": str(self._authority.path),
            "domains": {
                name: {
                    "port": self._ports[name],
                    "security_policy": endpoint.policy.name,
                    "mutual_tls": endpoint.truststore is not None,
                    "not_shown": list(endpoint.policy.shortfalls()),
                }
                for name, (endpoint, _) in self._open.items()
            },
        }

    def close(self) -> None:
        """Stop listening."""
        for _, server in self._open.values():
            server.close()

    async def _listen(self, name: str, endpoint: Endpoint) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            lambda: _DomainProtocol(self._config, self.state, name),
            LOOPBACK,
            self._ports.get(name, 0),
            ssl=self._context(name, endpoint),
            backlog=2048,
        )

    def _context(self, name: str, endpoint: Endpoint) -> ssl.SSLContext:
        context = self._authority.server_context(
            endpoint.names, _VERSIONS, key_algorithm=endpoint.key_algorithm
        )
        endpoint.policy.apply(context)
        if endpoint.truststore is not None:
            context.load_verify_locations(cadata=endpoint.truststore)
            context.verify_mode = ssl.CERT_REQUIRED

        def refuse_other_names(_: object, wanted: str | None, __: object) -> int | None:
            return None if wanted == name else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

        context.sni_callback = refuse_other_names
        return context

    def _report(self) -> None:
        """Say once what of a policy can't be shown on this machine."""
        for endpoint, _ in self._open.values():
            for shortfall in endpoint.policy.shortfalls():
                if shortfall not in self._reported:
                    self._reported.add(shortfall)
                    print(shortfall, file=sys.stderr, flush=True)


class _DomainProtocol(Connection):
    """Tells the gateway which domain's connection a request came by, and what its TLS is."""

    def __init__(self, config: uvicorn.Config, state: ServerState, name: str) -> None:
        super().__init__(config, state, {})
        self._name = name

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        self.app_state = {"tls": tls_connection(transport, self._name)}  # "state" of its requests
