"""Dev under its own name: three APIs, one certificate, the deployed TLS policy and no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.caller import Caller
from harness.edge.domain_transport import DomainTransport
from harness.testing import pci
from harness.testing.tls_scan import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.platform import MerchantAccess, Platform

NAME = "api.dev.payments.example"


@pytest.fixture
def domain_caller(platform: Platform, access: MerchantAccess) -> Iterator[Caller]:
    """A merchant's system that calls by the domain."""
    address = platform.outputs["domain"]["addresses"]["v1/payments"]
    with httpx.Client(transport=DomainTransport(platform.edge.domains()), timeout=30) as http:
        yield Caller(replace(access, invoke_url=address), http)


def test_a_payment_is_made_under_the_domain(domain_caller: Caller, caller: Caller) -> None:
    payment_id = domain_caller.authorized(1250)
    assert domain_caller.capture(payment_id, 1250).status_code == 200
    # The same payment, whatever the way to it.
    shown = caller.send("GET", f"/payments/{payment_id}")
    assert shown.json()["state"] == "captured"


def test_every_api_is_found_under_the_domain(platform: Platform, domain_caller: Caller) -> None:
    addresses = platform.outputs["domain"]["addresses"]
    assert addresses == {
        f"v1/{name}": f"https://{NAME}/v1/{name}" for name in ("dashboard", "fraud", "payments")
    }
    for address in addresses.values():
        unsigned = domain_caller.http.get(f"{address}/merchants/m_bakery/overview")
        assert unsigned.json()["code"] == "authentication_missing"


@pci("4.2.1", "2.2.7")
def test_a_scan_of_dev_shows_only_its_policy(platform: Platform) -> None:
    described = platform.edge.domains()["domains"][NAME]
    assert described["security_policy"] == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
    found = scan(described["port"], NAME)
    assert found.versions == {"TLS 1.2", "TLS 1.3"}
    assert found.suites["TLS 1.2"]
    assert found.without_forward_secrecy == set()
    assert found.in_block_mode == set()
