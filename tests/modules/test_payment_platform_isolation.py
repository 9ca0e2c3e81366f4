"""What the network promises, in the composition as it was applied."""

from __future__ import annotations

import inspect
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest

from harness.reachability import Network
from harness.testing import pci
from network import claims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.testing import AppliedRoot

SERVICES = {
    "dashboard": claims.Service(listener_port=8443),
    "fraud": claims.Service(called_by_functions=True),
}
ACQUIRER = frozenset({IPv4Network("203.0.113.0/24")})
CLAIMS = {
    name: claim
    for name, claim in inspect.getmembers(claims, inspect.isfunction)
    if claim.__module__ == claims.__name__ and not name.startswith("_")
}


@pytest.fixture
def payments(applied_payment_platform: AppliedRoot) -> claims.Payments:
    network = Network.read(applied_payment_platform.found.document)
    return claims.Payments(network, SERVICES, ACQUIRER, at="module.platform.module.network.")


@pci("1.4.1", "1.4.4")
@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_the_composed_network_keeps_its_promises(
    payments: claims.Payments, claim: Callable[[claims.Payments], Iterator[str]]
) -> None:
    assert [*claim(payments)] == []


def test_no_promise_is_left_out() -> None:
    assert len(CLAIMS) == 17
