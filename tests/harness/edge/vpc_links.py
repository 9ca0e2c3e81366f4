"""Where private integrations lead: VPC link, its load balancer, the listener on the URI's port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.edge.http_client import Backend
from harness.edge.table import CompileError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3

    from harness.runtime.network.load_balancers import LoadBalancers

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class _Key:
    """What tells one pool of connections from another."""

    port: int
    host: str
    secure: bool


class VpcLinks:
    """Finds the backends of one account's private integrations, and keeps their connections."""

    def __init__(self, session: boto3.Session, balancers: LoadBalancers) -> None:
        self._gateway = session.client("apigateway")
        self._balancers = balancers
        self._links: Mapping[str, list[str]] = {}
        self._backends: dict[_Key, Backend] = {}

    def refresh(self) -> None:
        """Read the VPC links. Blocking."""
        self._links = {
            link["id"]: link["targetArns"]
            for page in self._gateway.get_paginator("get_vpc_links").paginate()
            for link in page["items"]
            if link["status"] == "AVAILABLE"
        }

    def backend(self, link_id: str, uri: str, *, where: str) -> Backend:
        """The backend behind a link for an integration's URI.

        The URI's host doesn't route, but the certificate has to be for it. That stays so with
        ``insecureSkipVerification``, which on AWS admits other authorities and nothing else.

        Raises:
            CompileError: link, load balancer or listener don't exist, or don't fit the URI.
        """
        targets = self._links.get(link_id)
        if not targets:
            raise CompileError(f"{where}: there is no available VPC link '{link_id}'.")
        balancer = self._balancers.deployed(targets[0])
        if balancer is None:
            raise CompileError(f"{where}: the VPC link's load balancer {targets[0]} is gone.")
        parts = urlsplit(uri)
        secure, host = parts.scheme == "https", parts.hostname
        if parts.scheme not in _PORTS or not host:
            raise CompileError(f"{where}: '{uri}' isn't an HTTP address.")
        port = parts.port or _PORTS[parts.scheme]
        listener = next((each for each in balancer.listeners if each.port == port), None)
        if listener is None:
            raise CompileError(f"{where}: {balancer.dns_name} has no listener on port {port}.")
        key = _Key(self._balancers.local_port(listener.arn), host, secure)
        if key not in self._backends:
            authority = self._balancers.authority
            context = authority.client_context() if secure else None
            self._backends[key] = Backend("127.0.0.1", key.port, context, host)
        return self._backends[key]

    def close(self) -> None:
        """End all kept connections."""
        for backend in self._backends.values():
            backend.close()
