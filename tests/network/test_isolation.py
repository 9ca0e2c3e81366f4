"""What the planned network lets reach what, and that widening it anywhere is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.reachability import Network, Traffic
from harness.testing import pci
from network import claims
from network.conftest import MODULE, SERVICES, VARIABLES
from network.widenings import WIDENINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.testing import Planner
    from harness.testing.examples import ExamplePlanner
    from network.claims import Payments
    from network.conftest import Plans


@pytest.fixture(params=[False, True], ids=["closed", "egress"])
def payments(request: pytest.FixtureRequest, planned: Plans) -> Payments:
    return planned(egress=request.param)


def hold(payments: Payments, *promised: Callable[[Payments], Iterator[str]]) -> None:
    found = [finding for claim in promised for finding in claim(payments)]
    assert not found, "\n".join(found)


@pci("1.4.1", "1.4.4")
def test_service_and_data_subnets_have_no_path_to_the_internet(payments: Payments) -> None:
    hold(
        payments,
        claims.nothing_leads_out_of_service_and_data_subnets,
        claims.no_subnet_gives_public_addresses,
    )


@pci("1.3.1", "1.4.2")
def test_nothing_comes_in_from_outside(payments: Payments) -> None:
    hold(payments, claims.nothing_comes_in_from_outside)


@pci("1.2.5")
def test_functions_reach_load_balancers_on_their_listener_port_only(payments: Payments) -> None:
    hold(payments, claims.functions_reach_load_balancers_on_their_listener_port_only)


@pci("1.3.1")
def test_only_its_load_balancer_reaches_a_service_on_its_port(payments: Payments) -> None:
    hold(
        payments,
        claims.only_its_load_balancer_reaches_a_service,
        claims.load_balancers_reach_nothing_but_their_service,
        claims.functions_are_reached_by_nobody,
    )


@pci("1.3.1", "1.4.4")
def test_nothing_reaches_the_data_subnets_but_what_is_named(payments: Payments) -> None:
    hold(
        payments,
        claims.only_functions_and_services_reach_the_endpoints,
        claims.tiers_let_only_the_named_pass,
    )


@pci("1.2.5")
def test_every_rule_opens_one_port_to_somebody_named(payments: Payments) -> None:
    hold(payments, claims.rules_name_groups_and_one_port)


@pci("1.3.1", "1.3.2")
def test_what_nobody_gave_a_group_is_cut_off(payments: Payments) -> None:
    hold(payments, claims.the_default_group_lets_nothing_pass)


@pci("1.3.2")
def test_only_the_named_networks_are_reached_outside_and_on_443(payments: Payments) -> None:
    hold(
        payments,
        claims.only_acquirer_clients_reach_the_acquirer,
        claims.nothing_leads_further_than_the_acquirer,
    )


@pci("1.3.2")
def test_endpoints_refuse_foreign_accounts_and_unnamed_actions(payments: Payments) -> None:
    hold(
        payments,
        claims.endpoints_refuse_foreign_accounts,
        claims.endpoints_admit_only_what_is_named,
    )


def test_what_is_needed_of_aws_is_reached(payments: Payments) -> None:
    hold(payments, claims.services_reach_gateway_endpoints, claims.image_layers_can_be_read)


def test_what_holds_for_the_module_holds_where_it_is_called(plan_example: ExamplePlanner) -> None:
    network = Network.read(plan_example("modules/network/README.md").document)
    payments = claims.Payments(network, SERVICES, at="module.network.")
    hold(
        payments,
        claims.nothing_leads_out_of_service_and_data_subnets,
        claims.only_its_load_balancer_reaches_a_service,
        claims.only_functions_and_services_reach_the_endpoints,
        claims.services_reach_gateway_endpoints,
    )


def test_endpoints_accept_an_organization_and_nobody_else(plan: Planner) -> None:
    ours, theirs = "o-abcde12345", "o-zyxwv98765"
    variables = {**VARIABLES, "organization_id": ours}
    endpoints = Network.read(plan(MODULE, variables).document).endpoints
    accounts = {"principal_account": "444444444444", "resource_account": "222222222222"}
    for name, action in {"s3": "s3:PutObject", 'interface["sqs"]': "sqs:SendMessage"}.items():
        endpoint = endpoints[f"aws_vpc_endpoint.{name}"]
        passed = {
            (caller, owner)
            for caller in (ours, theirs)
            for owner in (ours, theirs)
            if endpoint.admits(
                action, principal_organization=caller, resource_organization=owner, **accounts
            )
        }
        assert passed == {(ours, ours)}, name


def test_a_store_is_let_through_on_its_port_to_the_services_tier_alone(plan: Planner) -> None:
    variables = {**VARIABLES, "data_ports": {"cache": 6379}}
    payments = claims.Payments(Network.read(plan(MODULE, variables).document), SERVICES)
    service, data = (payments.network.stranger(payments.subnets(t)) for t in ("service", "data"))
    assert payments.network.reach(service, data) == Traffic.tcp(443, 6379)
    assert not payments.network.reach(data, service)


@pytest.mark.parametrize("name", WIDENINGS)
def test_a_widening_is_noticed(name: str, planned: Plans) -> None:
    widening = WIDENINGS[name]
    payments = planned(egress=widening.egress, files=widening.files)
    found = [*widening.found_by(payments)]
    assert any(widening.words in finding for finding in found), "\n".join(found) or "nothing found"
