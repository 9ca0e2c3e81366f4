"""Nothing inside is reached by a merchant's address, whatever it is or becomes."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from events.merchant_endpoint import ADDRESS, HOST, OTHER_ADDRESS, Internet, MerchantEndpoint
from events.webhooks import Webhooks, record
from harness.testing import pci
from webhook_sender.addresses import is_public, resolve
from webhook_sender.endpoints import Target
from webhook_sender.posting import Network, post

if TYPE_CHECKING:
    from harness.runtime.network.authority import CertificateAuthority

PRIVATE = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:93.184.215.14",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "hooks.rivertown.example",
    "",
]
PUBLIC = [ADDRESS, "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"]


def _post(network: Network, host: str = HOST, timeout_s: float = 20) -> str:
    return post(network, Target(host, 443, "/"), b"{}", {}, timeout_s=timeout_s).outcome


@pci("1.3.2")
@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_is_never_connected_to(internet: Internet, address: str) -> None:
    assert not is_public(address)
    internet.names[HOST] = [[address]]
    assert _post(internet.network) == "address_refused"
    assert internet.connected == []


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_outside_is_connected_to(internet: Internet, address: str) -> None:
    internet.names[HOST] = [[address]]
    _post(internet.network)
    assert internet.connected == [(address, 443)]


def test_one_private_address_among_public_ones_is_enough_to_refuse(internet: Internet) -> None:
    internet.names[HOST] = [[ADDRESS, "10.0.0.1"]]
    assert _post(internet.network) == "address_refused"
    assert internet.connected == []


@pci("1.3.2")
def test_a_name_that_changes_its_mind_is_asked_once(
    internet: Internet, endpoint: MerchantEndpoint
) -> None:
    internet.names[HOST] = [[ADDRESS], ["127.0.0.1"]]
    assert _post(internet.network) == "delivered"
    assert (internet.resolved, internet.connected) == ([HOST], [(ADDRESS, 443)])
    assert len(endpoint.received) == 1


def test_a_dead_address_leaves_time_for_the_next(
    internet: Internet, endpoint: MerchantEndpoint
) -> None:
    internet.names[HOST] = [[OTHER_ADDRESS, ADDRESS]]
    assert _post(internet.network) == "delivered"
    assert len(endpoint.received) == 1


def test_nobody_there_is_a_failed_connection(internet: Internet) -> None:
    internet.names[HOST] = [[OTHER_ADDRESS]]
    assert _post(internet.network) == "connection_failed"


def test_an_unknown_name_is_named_so(internet: Internet) -> None:
    assert _post(internet.network, "nowhere.example") == "name_not_found"
    internet.names[HOST] = [[]]
    assert _post(internet.network) == "name_not_found"


def test_a_resolver_that_hangs_is_left(internet: Internet) -> None:
    internet.slow_resolver.clear()
    try:
        assert _post(internet.network, timeout_s=0.2) == "timeout"
    finally:
        internet.slow_resolver.set()
    assert internet.connected == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "017700000001", "::1"])
def test_other_spellings_of_inside_are_refused(internet: Internet, host: str) -> None:
    """The system's resolver reads them, and what it reads is judged."""
    network = Network(resolve=resolve, connect=internet.network.connect, tls=internet.network.tls)
    assert _post(network, host) == "address_refused"
    assert internet.connected == []


def test_the_system_resolver_gives_ipv4_first(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = socket.SOCK_STREAM
    found = [
        (socket.AF_INET6, stream, 6, "", ("2606:4700::1111", 443, 0, 0)),
        (socket.AF_INET, stream, 6, "", (ADDRESS, 443)),
        (socket.AF_INET, stream, 6, "", (OTHER_ADDRESS, 443)),
        (socket.AF_INET, stream, 6, "", (ADDRESS, 443)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: found)
    assert resolve(HOST, 443) == [ADDRESS, OTHER_ADDRESS, "2606:4700::1111"]


def test_a_name_that_cannot_be_written_in_ascii_is_not_found() -> None:
    with pytest.raises(OSError, match="can't be looked up"):
        resolve("a" * 64 + ".example", 443)


@pci("4.2.1")
def test_the_certificate_must_be_for_the_name(
    internet: Internet, endpoint: MerchantEndpoint
) -> None:
    internet.names["hooks.other.example"] = [[ADDRESS]]
    assert _post(internet.network, "hooks.other.example") == "tls_failed"
    assert endpoint.received == []


@pci("4.2.1")
def test_the_certificate_must_be_trusted(internet: Internet, endpoint: MerchantEndpoint) -> None:
    view = internet.network
    stranger = Network(resolve=view.resolve, connect=view.connect)
    assert _post(stranger) == "tls_failed"
    assert endpoint.received == []


@pci("4.2.1")
def test_an_endpoint_without_tls_gets_nothing(internet: Internet) -> None:
    with MerchantEndpoint(None) as plain:
        internet.behind[ADDRESS] = plain
        assert _post(internet.network, timeout_s=2) in ("tls_failed", "timeout")
        assert all(b"{}" not in request.body for request in plain.received)


@pci("4.2.1")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_tls_is_refused(internet: Internet, authority: CertificateAuthority) -> None:
    old = authority.server_context([HOST], (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1))
    with MerchantEndpoint(old) as server:
        internet.behind[ADDRESS] = server
        assert _post(internet.network) == "tls_failed"


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/",
        f"ftp://{HOST}/",
        "file:///etc/passwd",
        "https:///hooks",
        HOST,
        f"https://user@{HOST}/",
        f"https://user:password@{HOST}/",
        f"https://@{HOST}/",
        f"https://{HOST}:22/",
        f"https://{HOST}:0/",
        f"https://{HOST}:80/",
        f"https://{HOST}:65536/",
        f"https://{HOST}:-1/",
        f"https://{HOST}:https/",
        f"https://{HOST}\\@169.254.169.254/",
        f"https://{HOST}\\hooks",
        f"https://{HOST}/a b",
        f"https://{HOST}/\r\nX-Injected: 1",
        f"https://{HOST}/\t",
        f"https://{HOST}/#fragment",
        "https://h\u00f6\u00f6ks.example/",
        "https://a_b.example/",
        "https://.example/",
        "https://[::1/",
        f"https://{HOST}/" + "a" * 2048,
        "",
    ],
)
def test_an_address_that_is_not_plain_https_is_refused(webhooks: Webhooks, url: str) -> None:
    webhooks.set_up(url=url)
    message = record()
    assert webhooks.send(message) == [message["messageId"]]
    assert webhooks.outcomes() == ["url_refused"]
    assert webhooks.internet.resolved == []


@pytest.mark.parametrize(
    ("url", "host", "line"),
    [
        (f"https://{HOST}", HOST, "POST / HTTP/1.1"),
        (f"HTTPS://{HOST.upper()}:443/a/b?c=d", HOST, "POST /a/b?c=d HTTP/1.1"),
        (f"https://{HOST}:/a", HOST, "POST /a HTTP/1.1"),
        (f"https://{HOST}:8443/a", f"{HOST}:8443", "POST /a HTTP/1.1"),
    ],
)
def test_plain_https_is_sent_to(
    webhooks: Webhooks, endpoint: MerchantEndpoint, url: str, host: str, line: str
) -> None:
    webhooks.set_up(url=url)
    assert webhooks.send(record()) == []
    (request,) = endpoint.received
    assert (request.headers["host"], request.line) == (host, line)
