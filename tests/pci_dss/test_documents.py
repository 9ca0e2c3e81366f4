"""The plans that tests of policies make by hand read as Terraform's own do."""

from __future__ import annotations

from pci_dss.policy import Result

from .documents import planned, verdicts


def test_an_attribute_of_a_block_names_what_it_refers_to() -> None:
    resources = planned(
        {
            "module.network[0].aws_internet_gateway.out": {},
            'module.network[0].aws_route_table.edge["a"]': {"route": [{"cidr_block": "0.0.0.0/0"}]},
        },
        unknown={
            'module.network[0].aws_route_table.edge["a"]': {"route": [{"gateway_id": True}]},
        },
        references={
            'module.network[0].aws_route_table.edge["a"]': {
                "route.0.gateway_id": ["aws_internet_gateway.out.id", "aws_internet_gateway.out"]
            },
        },
    )
    (table,) = resources.of("aws_route_table")
    assert (table.key, table.module) == ("a", "module.network[0]")
    assert resources.named(table, ("route", 0, "gateway_id"), "aws_internet_gateway") == (
        "module.network[0].aws_internet_gateway.out",
    )


def test_what_a_policy_has_nothing_to_say_of_has_no_verdict() -> None:
    found = verdicts(
        "PCI_3",
        planned(
            {
                "aws_vpc_security_group_egress_rule.all": {"ip_protocol": "-1"},
                "aws_sns_topic.events": {},
            }
        ),
    )
    assert {address: verdict.result for address, verdict in found.items()} == {
        "aws_vpc_security_group_egress_rule.all": Result.FAIL
    }
