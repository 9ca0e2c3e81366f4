"""What a TLS listener accepts, as an independent scanner finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sslyze import (
    ScanCommand,
    Scanner,
    ServerNetworkLocation,
    ServerScanRequest,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMMANDS = {
    "TLS 1.0": ScanCommand.TLS_1_0_CIPHER_SUITES,
    "TLS 1.1": ScanCommand.TLS_1_1_CIPHER_SUITES,
    "TLS 1.2": ScanCommand.TLS_1_2_CIPHER_SUITES,
    "TLS 1.3": ScanCommand.TLS_1_3_CIPHER_SUITES,
    "SSL 3.0": ScanCommand.SSL_3_0_CIPHER_SUITES,
}


@dataclass(frozen=True, slots=True)
class TlsScan:
    """Accepted suites, by their IANA names, of each version."""

    suites: Mapping[str, frozenset[str]]

    @property
    def versions(self) -> set[str]:
        """The versions by which anything is accepted."""
        return {version for version, suites in self.suites.items() if suites}

    @property
    def without_forward_secrecy(self) -> set[str]:
        """Accepted suites whose key exchange is RSA's."""
        return {name for name in self.suites["TLS 1.2"] if "_ECDHE_" not in name}

    @property
    def in_block_mode(self) -> set[str]:
        """Accepted suites with CBC."""
        return {name for suites in self.suites.values() for name in suites if "_CBC_" in name}


def scan(port: int, server_name: str) -> TlsScan:
    """Scan a listener on 127.0.0.1.

    Raises:
        RuntimeError: the scanner couldn't finish.
    """
    scanner = Scanner(per_server_concurrent_connections_limit=2)
    location = ServerNetworkLocation(server_name, port=port, ip_address="127.0.0.1")
    scanner.queue_scans([ServerScanRequest(location, scan_commands=set(_COMMANDS.values()))])
    result = next(iter(scanner.get_results()))
    if result.scan_result is None:
        raise RuntimeError(f"{server_name} can't be scanned: {result.connectivity_error_trace}")
    return TlsScan(
        {
            version: frozenset(
                accepted.cipher_suite.name
                for accepted in getattr(
                    result.scan_result, command.value
                ).result.accepted_cipher_suites
            )
            for version, command in _COMMANDS.items()
        }
    )
