"""Addresses of clients, as sent by the connection or by a header, and where they are."""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.edge.waf.request import InspectedRequest

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Country = Callable[[Address], str | None]
    """Where an address is, as an ISO 3166 code; None when nobody can say."""


@functools.lru_cache(maxsize=4096)
def parsed(text: str) -> Address | None:
    """An address, or None for something else."""
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


class Networks:
    """A set of addresses in CIDR notation."""

    def __init__(self, blocks: Iterable[str]) -> None:
        self._by_mask: dict[tuple[int, int], set[int]] = {}
        for block in blocks:
            network = ipaddress.ip_network(block, strict=False)
            starts = self._by_mask.setdefault((network.version, int(network.netmask)), set())
            starts.add(int(network.network_address))

    def __contains__(self, address: Address) -> bool:
        number = int(address)
        return any(
            version == address.version and number & mask in starts
            for (version, mask), starts in self._by_mask.items()
        )


class Countries:
    """Countries of networks, the smallest that holds an address first.

    There is no database of addresses here: what isn't listed isn't known.

    Args:
        networks: ISO 3166 codes by CIDR block, such as ``{"127.0.0.0/8": "DE"}``.
    """

    def __init__(self, networks: Mapping[str, str]) -> None:
        parsed_networks = [(ipaddress.ip_network(block), code) for block, code in networks.items()]
        self._networks = sorted(parsed_networks, key=lambda each: -each[0].prefixlen)

    def __call__(self, address: Address) -> str | None:
        """The country of an address, if it is known."""
        for network, code in self._networks:
            if address in network:
                return code
        return None


class ForwardedAddresses:
    """Addresses in a header, for ``IPSetForwardedIPConfig`` and ``ForwardedIPConfig``.

    Args:
        settings: with ``HeaderName``, ``FallbackBehavior`` and, for IP sets, ``Position``. The
            others take the first address, as AWS WAF does.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._header = settings["HeaderName"].lower().encode("latin-1")
        self._position = settings.get("Position", "FIRST")
        self.fallback: bool = settings["FallbackBehavior"] == "MATCH"
        """What statements answer when the header holds no valid address at the position."""

    def __call__(self, request: InspectedRequest) -> list[Address] | None:
        """The addresses to look at; None without the header, which never matches."""
        values = request.header_values(self._header)
        if not values:
            return None
        texts = b",".join(values).decode("latin-1").split(",")
        if self._position == "ANY":
            return [address for text in texts[-10:] if (address := parsed(text))]
        address = parsed(texts[-1 if self._position == "LAST" else 0])
        return [address] if address else []
