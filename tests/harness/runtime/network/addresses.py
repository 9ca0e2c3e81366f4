"""Private addresses and names, and the file in which processes find them."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NO_SUBNET = "10.255.0.0/16"  # for what was deployed without one
_RESERVED_HOSTS = 3  # of a subnet, besides the network's own address


class AddressesUsedUpError(Exception):
    """A subnet has no address left."""


class Addresses:
    """Hands out addresses of the deployed subnets, each to one interface at a time."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def take(self, cidr: str) -> str:
        """A free address of the subnet.

        Raises:
            AddressesUsedUpError: there is none.
        """
        for number, host in enumerate(ipaddress.ip_network(cidr).hosts()):
            address = str(host)
            if number >= _RESERVED_HOSTS and address not in self._used:
                self._used.add(address)
                return address
        raise AddressesUsedUpError(f"The subnet {cidr} has no free address.")

    def give_back(self, address: str) -> None:
        """Let it be taken again."""
        self._used.discard(address)


class NetworkFile:
    """Names and routes, for ``resolver.py`` in the processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write({}, {})

    def write(self, names: Mapping[str, str], routes: Mapping[str, Mapping[int, int]]) -> None:
        """Replace the content.

        Args:
            names: lower-case name to address.
            routes: address to local ports by listener port.
        """
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps({"names": names, "routes": routes}))
        partial.replace(self.path)
