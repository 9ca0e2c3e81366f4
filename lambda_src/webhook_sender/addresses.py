"""Which addresses may be connected to: those of the public internet, and no others."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network

# Beyond what ``is_global`` knows, which differs between versions of Python: protocol
# assignments, shared addresses, relays, multicast, and what is reserved.
_NOT_PUBLIC_IPV4 = [
    ip_network(network)
    for network in ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4")
]
# Of IPv6 only what is handed out to hosts. That leaves out every form that wraps an IPv4 address
# (mapped, compatible, NAT64, 6to4, Teredo): to tell what is inside isn't needed then.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_NOT_PUBLIC_IPV6 = [
    ip_network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]


def is_public(address: str) -> bool:
    """Tell whether a textual address belongs to the public internet."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not any(parsed in network for network in _NOT_PUBLIC_IPV4)
    return (
        parsed in _PUBLIC_IPV6
        and parsed.is_global
        and parsed.scope_id is None
        and not any(parsed in network for network in _NOT_PUBLIC_IPV6)
    )


def resolve(host: str, port: int) -> list[str]:
    """Give a host's addresses, IPv4 first: functions have no other. Raises ``OSError``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError("the host's name can't be looked up") from error
    addresses = dict.fromkeys(
        str(address[0]) for _, _, _, _, address in sorted(found, key=lambda one: one[0])
    )
    return list(addresses)
