"""The network as the embedded AWS has it: the same answers from what was applied."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from harness.reachability import Network
from harness.testing import applied_fixture
from network import claims
from network.conftest import MODULE, PREFIXES, SERVICES, VARIABLES

if TYPE_CHECKING:
    from harness.testing import AppliedRoot, Clients
    from network.conftest import Plans

network = applied_fixture(MODULE, {**VARIABLES, "egress": {"prefixes": PREFIXES}})


def payments_of(network: AppliedRoot) -> claims.Payments:
    prefixes = frozenset(map(IPv4Network, PREFIXES.values()))
    return claims.Payments(Network.read(network.found.document), SERVICES, prefixes)


def test_second_plan_is_empty(network: AppliedRoot) -> None:
    network.assert_idempotent()


def test_the_state_gives_the_answers_of_the_plan(network: AppliedRoot, planned: Plans) -> None:
    applied, before = payments_of(network), planned(egress=True)
    assert applied.network.matrix(applied.members) == before.network.matrix(before.members)
    assert not [*claims.nothing_leads_further_than_the_acquirer(applied)]
    assert not [*claims.tiers_let_only_the_named_pass(applied)]
    assert not [*claims.the_default_group_lets_nothing_pass(applied)]
    assert not [*claims.services_reach_gateway_endpoints(applied)]
    for subnet in applied.network.subnets:
        assert applied.network.ways_out(subnet) == before.network.ways_out(subnet)


def test_a_rule_made_by_hand_is_drift(network: AppliedRoot) -> None:
    acl = network.one("aws_network_acl.data")

    def open_up(aws: Clients) -> None:
        aws.client("ec2").create_network_acl_entry(
            NetworkAclId=acl["id"],
            RuleNumber=90,
            Egress=False,
            Protocol="-1",
            RuleAction="allow",
            CidrBlock="0.0.0.0/0",
        )

    network.tamper(open_up)
    network.assert_drift("aws_network_acl.data")


def test_nothing_is_left_after_the_destroy(network: AppliedRoot) -> None:
    network.destroy()
    network.assert_no_leftovers()
