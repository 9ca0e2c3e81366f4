"""Production's first plan does what integration's did, and one other value is refused."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from environments.conftest import REPOSITORY
from harness.known_organization import known_organization
from harness.testing import pci
from promotion import parity
from promotion.errors import Refused
from promotion.may_differ import MayDiffer
from promotion.plan_document import Change, changes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Plan = Mapping[str, Any]

LISTED = REPOSITORY / "environments" / "differences.toml"
NETWORK = "module.platform.module.network"


@pytest.fixture(scope="module")
def first_plans(planned: Callable[[str], Plan]) -> dict[str, Plan]:
    """Plans from nothing, as in accounts without a release."""
    return {name: planned(name) for name in ("integration", "production")}


def _changes(plan: Plan, name: str) -> list[Change]:
    return changes(plan, name, known_organization()["accounts"][name])


def _breaks(first_plans: Mapping[str, Plan]) -> list[str]:
    production, integration = (
        _changes(first_plans[name], name) for name in ("production", "integration")
    )
    return parity.breaks(production, integration, [], MayDiffer.load(LISTED))


def _with(plan: Plan, address: str, change: Callable[[dict[str, Any]], object]) -> Plan:
    changed = copy.deepcopy(plan)
    item = next(each for each in changed["resource_changes"] if each["address"] == address)
    change(item["change"]["after"])
    return changed


@pci("6.5.1")
def test_environments_from_nothing_are_on_a_par(first_plans: Mapping[str, Plan]) -> None:
    assert len(_changes(first_plans["production"], "production")) > 400
    assert _breaks(first_plans) == []


CHANGED: dict[str, tuple[str, str, Callable[[dict[str, Any]], object]]] = {
    "a_port": (
        f"{NETWORK}.aws_vpc_security_group_ingress_rule.endpoints_from_functions",
        "to_port",
        lambda after: after.update(to_port=8443),
    ),
    "a_network_that_is_not_its_own": (
        f"{NETWORK}.aws_network_acl.data",
        "ingress.cidr_block",
        lambda after: after["ingress"][0].update(cidr_block="0.0.0.0/0"),
    ),
    "the_name_of_another_environment": (
        "module.waf.aws_kms_key.logs",
        "description",
        lambda after: after.update(description="payments-integration"),
    ),
}


@pci("6.5.1")
@pytest.mark.parametrize("case", CHANGED)
def test_one_other_value_is_refused(first_plans: Mapping[str, Plan], case: str) -> None:
    address, attribute, change = CHANGED[case]
    changed = _with(first_plans["production"], address, change)
    (found,) = _breaks({**first_plans, "production": changed})
    assert found.startswith(f"{address}: {attribute} gets another value")
    with pytest.raises(Refused, match="parity"):
        parity.check(
            _changes(changed, "production"),
            _changes(first_plans["integration"], "integration"),
            [],
            MayDiffer.load(LISTED),
        )
