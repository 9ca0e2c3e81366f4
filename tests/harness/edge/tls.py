"""What is known of a TLS connection: for logs, functions and services behind the gateway."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography import x509

if TYPE_CHECKING:
    from asyncio import BaseTransport
    from collections.abc import Mapping

# Of "$context.identity.clientCert", as access logs and parameter mappings know them.
CLIENT_CERTIFICATE_FIELDS = (
    "clientCertPem",
    "subjectDN",
    "issuerDN",
    "serialNumber",
    "validity.notBefore",
    "validity.notAfter",
)
_TIME = "%b %d %H:%M:%S %Y GMT"


@dataclass(frozen=True, slots=True)
class TlsConnection:
    """A connection to a custom domain; ``client_certificate`` is None without mutual TLS."""

    server_name: str
    version: str
    cipher_suite: str
    client_certificate: Mapping[str, str] | None


def tls_connection(transport: BaseTransport, server_name: str) -> TlsConnection:
    """Describe the connection of a transport whose handshake is done."""
    connection: ssl.SSLObject = transport.get_extra_info("ssl_object")
    cipher, certificate = connection.cipher(), connection.getpeercert(binary_form=True)
    return TlsConnection(
        server_name=server_name,
        version=connection.version() or "",
        cipher_suite=cipher[0] if cipher else "",
        client_certificate=_described(certificate) if certificate else None,
    )


def event_certificate(certificate: Mapping[str, str]) -> dict[str, Any]:
    """The certificate as events hold it, with what belongs to its validity apart."""
    event: dict[str, Any] = {"validity": {}}
    for name, value in certificate.items():
        group, _, part = name.partition(".")
        if part:
            event[group][part] = value
        else:
            event[name] = value
    return event


def _described(encoded: bytes) -> dict[str, str]:
    certificate = x509.load_der_x509_certificate(encoded)
    number = f"{certificate.serial_number:x}"
    number = number.zfill(len(number) + len(number) % 2)
    values = (
        ssl.DER_cert_to_PEM_cert(encoded),
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        ":".join(number[at : at + 2] for at in range(0, len(number), 2)),
        certificate.not_valid_before_utc.strftime(_TIME),
        certificate.not_valid_after_utc.strftime(_TIME),
    )
    return dict(zip(CLIENT_CERTIFICATE_FIELDS, values, strict=True))
