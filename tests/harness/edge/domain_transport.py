"""Clients of custom domains on this machine, where no DNS knows them."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK = "127.0.0.1"


class DomainTransport(httpx.HTTPTransport):
    """Takes ``https://DOMAIN/...`` to the domain's listener, and checks its certificate.

    What is addressed to other hosts goes its usual way.

    Args:
        domains: what ``Edge.domains()`` gives.
        client_certificate: file with certificate and key, for mutual TLS.
        options: more of ``httpx.HTTPTransport``'s.
    """

    def __init__(
        self, domains: Mapping[str, Any], *, client_certificate: str | None = None, **options: Any
    ) -> None:
        super().__init__(verify=_context(domains, client_certificate), **options)
        self._domains = domains["domains"]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to where its host is on this machine."""
        return super().handle_request(_redirected(request, self._domains))


class AsyncDomainTransport(httpx.AsyncHTTPTransport):
    """The same for ``httpx.AsyncClient``."""

    def __init__(
        self, domains: Mapping[str, Any], *, client_certificate: str | None = None, **options: Any
    ) -> None:
        super().__init__(verify=_context(domains, client_certificate), **options)
        self._domains = domains["domains"]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to where its host is on this machine."""
        return await super().handle_async_request(_redirected(request, self._domains))


def _context(domains: Mapping[str, Any], client_certificate: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=domains["authority"])
    if client_certificate:
        context.load_cert_chain(client_certificate)
    return context


def _redirected(request: httpx.Request, domains: Mapping[str, Any]) -> httpx.Request:
    domain = domains.get(request.url.host)
    if domain is None:
        return request
    return httpx.Request(
        request.method,
        request.url.copy_with(host=_LOOPBACK, port=domain["port"]),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
