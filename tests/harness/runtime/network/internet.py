"""Names on the internet that a run provides, such as a merchant's endpoint for webhooks.

A function that refuses private addresses has to see a public one. These lie in a block that is
set aside for anycast relays (192.52.193.0/24, RFC 7450), where nobody is harmed should a packet
ever leave; none does, since connecting to them leads to this machine.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from harness.runtime.network.addresses import Addresses, NetworkFile
from harness.runtime.network.listener import LOOPBACK, Listener
from harness.runtime.network.resolver import VARIABLE
from harness.runtime.network.target_group import Target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.runtime.network.authority import CertificateAuthority

_BLOCK = "192.52.193.0/24"
_HTTPS = 443
_VERSIONS = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Internet:
    """Serves HTTPS for names, and hands plain HTTP to ports on this machine.

    Args:
        endpoints: name to port.
        directory: of the run, for the names.
    """

    def __init__(
        self, endpoints: Mapping[str, int], authority: CertificateAuthority, directory: Path
    ) -> None:
        self._endpoints = endpoints
        self._authority = authority
        self._path = directory / "internet.json"
        self._listeners: list[Listener] = []
        self.names: dict[str, str] = {}
        """Addresses of the names, once it has started."""
        self.routes: dict[str, dict[int, int]] = {}
        """Ports on this machine, by address and port."""

    async def start(self) -> None:
        """Listen, and write the names down."""
        addresses = Addresses()
        for name, port in self._endpoints.items():
            listener = Listener(_Machine(port), self._authority.server_context([name], _VERSIONS))
            await listener.start()
            self._listeners.append(listener)
            self.names[name.lower()] = address = addresses.take(_BLOCK)
            self.routes[address] = {_HTTPS: listener.port}
        if self.names:
            NetworkFile(self._path).write(self.names, self.routes)

    def environment(self) -> dict[str, str]:
        """Variables of processes on the internet; none without names."""
        if not self._endpoints:
            return {}
        return {"SSL_CERT_FILE": str(self._authority.path), VARIABLE: str(self._path)}

    def close(self) -> None:
        """Stop listening."""
        for listener in self._listeners:
            listener.close()


class _Machine:
    """A port of this machine, as a listener's only target."""

    def __init__(self, port: int) -> None:
        self._target = Target(LOOPBACK, port, endpoint=lambda number: (LOOPBACK, number))

    def choose(self) -> Target:
        return self._target
