"""Gives a process the names and addresses of the private network.

``socket.getaddrinfo`` answers a deployed name with its private address, as the VPC's resolver
does, and connecting to that address reaches the local listener of the load balancer. What the
process runs is unchanged. Started by path in processes that see nothing else of the harness, so
it imports the standard library only. Loops that resolve names themselves, such as uvloop's, and
C libraries aren't covered.
"""

from __future__ import annotations

import errno
import json
import os
import socket

VARIABLE = "PRIVATE_NETWORK_FILE"


class _Network:
    """The file that the harness writes, read again when it has changed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read_at = -1
        self._names: dict[str, str] = {}
        self._routes: dict[str, dict[str, int]] = {}

    def address(self, host: object) -> object:
        """The private address of a name, else the name."""
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if not isinstance(name, str):
            return host
        self._refresh()
        return self._names.get(name.rstrip(".").lower(), host)

    def local(self, address: object) -> object:
        """Where to connect for an address; refuses a port that nothing listens on."""
        if not isinstance(address, tuple) or len(address) != 2:
            return address
        host, port = self.address(address[0]), address[1]
        ports = self._routes.get(str(host))
        if ports is None:
            return address
        if str(port) not in ports:
            raise ConnectionRefusedError(
                errno.ECONNREFUSED, f"nothing was deployed that listens at {address[0]}:{port}"
            )
        return "127.0.0.1", ports[str(port)]

    def _refresh(self) -> None:
        changed_at = os.stat(self._path).st_mtime_ns  # noqa: PTH116 - pathlib costs start time
        if changed_at != self._read_at:
            with open(self._path, encoding="utf-8") as file:  # noqa: PTH123 - as above
                content = json.load(file)
            self._names, self._routes = content["names"], content["routes"]
            self._read_at = changed_at


def install() -> None:
    """Take effect, if the environment names the file."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    network = _Network(path)
    resolve, resolve_one = socket.getaddrinfo, socket.gethostbyname
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def getaddrinfo(host: object, *arguments: object, **options: object) -> object:
        return resolve(network.address(host), *arguments, **options)  # type: ignore[arg-type]

    def gethostbyname(name: object) -> str:
        return resolve_one(network.address(name))  # type: ignore[arg-type]

    def redirected(self: socket.socket, address: object) -> None:
        connect(self, network.local(address))  # type: ignore[arg-type]

    def redirected_ex(self: socket.socket, address: object) -> int:
        try:
            return connect_ex(self, network.local(address))  # type: ignore[arg-type]
        except ConnectionRefusedError as error:
            return error.errno or errno.ECONNREFUSED

    vars(socket).update(getaddrinfo=getaddrinfo, gethostbyname=gethostbyname)
    for name, method in {"connect": redirected, "connect_ex": redirected_ex}.items():
        setattr(socket.socket, name, method)
