"""The example of the network module's page, planned with and without the way to the acquirer."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from harness.reachability import Network
from harness.testing import Options
from network.claims import Payments, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.testing import Planner

MODULE = "modules/network"
SERVICES = {"fraud": Service(called_by_functions=True), "dashboard": Service()}
PREFIXES = {"acquirer": "203.0.113.0/24", "acquirer-standby": "198.51.100.0/25"}
VARIABLES: Mapping[str, Any] = {
    "name": "payments-dev",
    "cidr_block": "10.20.0.0/16",
    "services": {"fraud": {"called_by_functions": True}, "dashboard": {}},
}


class Plans(Protocol):
    """Plans the module, with files beside its own if any are given."""

    def __call__(self, *, egress: bool, files: Mapping[str, str] | None = None) -> Payments:
        """Return what was planned."""


@pytest.fixture(scope="session")
def planned(plan: Planner) -> Plans:
    def planned(*, egress: bool, files: Mapping[str, str] | None = None) -> Payments:
        variables = {**VARIABLES, "egress": {"prefixes": PREFIXES} if egress else None}
        document = plan(MODULE, variables, options=Options(files=files)).document
        prefixes = frozenset(map(IPv4Network, PREFIXES.values())) if egress else frozenset()
        return Payments(Network.read(document), SERVICES, prefixes)

    return planned
