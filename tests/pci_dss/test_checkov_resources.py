"""What is read of Terraform files, as checkov evaluated them, and what of it isn't known."""

from __future__ import annotations

from typing import Any

import pytest

from pci_dss.checkov_resources import WrittenResources
from pci_dss.policy import Result, policies
from terraform_plan.references import UnresolvedError

GROUP, TABLE = "aws_security_group.tasks", "aws_route_table.out"
GATEWAY = "aws_internet_gateway.out"


class Files:
    """A graph as checkov makes it of resources and what refers to what."""

    def __init__(
        self, resources: dict[str, dict[str, Any]], edges: list[tuple[str, str, str]] | None = None
    ) -> None:
        self._addresses = list(resources)
        self._nodes = [self._node(address, conf) for address, conf in resources.items()]
        self._edges = edges or []

    @staticmethod
    def _node(address: str, conf: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        kind, name = address.split(".")
        attributes = {
            "block_type_": "resource",
            "resource_type": kind,
            "block_name_": address,
            "config_": {kind: {name: {"__address__": address, **conf}}},
        }
        return address, attributes

    def node_indices(self) -> list[int]:
        return list(range(len(self._nodes)))

    def __getitem__(self, index: int) -> tuple[str, dict[str, Any]]:
        return self._nodes[index]

    def out_edges(self, index: int) -> list[tuple[int, int, dict[str, Any]]]:
        return [
            (index, self._addresses.index(target), {"label": label})
            for source, label, target in self._edges
            if source == self._addresses[index]
        ]


def rule(port: Any) -> dict[str, Any]:
    return {"protocol": ["tcp"], "from_port": [port], "to_port": [port], "cidr_blocks": [["::/0"]]}


def judged(policy: str, address: str, files: WrittenResources) -> Result:
    (chosen,) = [each for each in policies() if each.id == policy]
    verdict = chosen.verdict(files.all[address], files)
    assert verdict
    return verdict.result


@pytest.mark.parametrize(
    ("conf", "result"),
    [
        ({"ingress": [rule(22)]}, Result.FAIL),
        ({}, Result.PASS),
        ({"dynamic": [{"ingress": [rule("ingress.value")]}]}, Result.NOT_EVALUATED),
        ({"dynamic": [{"ingress": [rule(22)]}]}, Result.FAIL),
        ({"dynamic": [{"ingress": [rule("each.key")]}], "ingress": [rule(22)]}, Result.FAIL),
    ],
)
def test_what_a_dynamic_block_makes_is_judged_as_far_as_it_is_known(
    conf: dict[str, Any], result: Result
) -> None:
    assert judged("PCI_2", GROUP, WrittenResources(Files({GROUP: conf}))) == result


def test_blocks_that_checkov_breaks_are_not_known() -> None:
    broken = [{"field_selector": [{"field": ["eventCategory"]}]}, "content", "for_each"]
    address = "aws_cloudtrail.trail"
    files = WrittenResources(Files({address: {"advanced_event_selector": broken}}))
    assert files.all[address].unknown["advanced_event_selector"] is True


def test_a_dynamic_block_within_a_block_is_read_too() -> None:
    conf = {"target": [{"dynamic": [{"ecs_parameters": [{"enable_execute_command": [True]}]}]}]}
    address = "aws_scheduler_schedule.nightly"
    assert judged("PCI_24", address, WrittenResources(Files({address: conf}))) == Result.FAIL


def test_an_attribute_of_a_block_that_is_not_set_names_nothing() -> None:
    files = WrittenResources(Files({GROUP: {"ingress": [rule(22)]}}))
    item = files.all[GROUP]
    assert files.named(item, ("ingress", 0, "prefix_list_ids"), "aws_vpc_endpoint") == ()


def test_the_only_block_of_its_name_names_what_it_refers_to() -> None:
    route = {"cidr_block": ["0.0.0.0/0"], "gateway_id": [f"{GATEWAY}.id"]}
    files = WrittenResources(
        Files({TABLE: {"route": [route]}, GATEWAY: {}}, [(TABLE, "route.gateway_id", GATEWAY)])
    )
    path = ("route", 0, "gateway_id")
    assert files.named(files.all[TABLE], path, "aws_internet_gateway") == (GATEWAY,)


def test_what_is_not_known_may_name_anything() -> None:
    files = WrittenResources(Files({TABLE: {"vpc_id": ["var.vpc_id"]}}))
    with pytest.raises(UnresolvedError, match="vpc_id"):
        files.named(files.all[TABLE], ("vpc_id",), "aws_vpc")


def test_what_files_set_is_told_from_what_aws_chooses() -> None:
    listener = "aws_lb_listener.tls"
    files = WrittenResources(Files({listener: {"ssl_policy": ["var.policy"], "port": [443]}}))
    item = files.all[listener]
    assert files.configures(item, "ssl_policy")
    assert files.configures(item, "port")
    assert not files.configures(item, "protocol")


@pytest.mark.parametrize(
    "text",
    [
        "var.name",
        "${var.name}",
        '${join(" ",[for field in [\'srcaddr\'] : "$${${field}}"])}',
        "[for subnet in aws_subnet.egress : subnet.id]",
        "100 + 10 * egress.key",
        "var.capacity.rate * local.percent / 100",
        "var.is_production ? 365 : 1",
        "length(var.names)",
    ],
)
def test_what_is_still_to_be_worked_out_is_not_known(text: str) -> None:
    files = WrittenResources(Files({GROUP: {"description": [text]}}))
    assert files.all[GROUP].values["description"] is None
    assert files.all[GROUP].unknown["description"] is True


@pytest.mark.parametrize(
    "text", ["payments-${var.name}", "Lets tasks out", "a - b", "${version} ${srcaddr}", "1.2"]
)
def test_a_text_with_known_parts_stays_as_it_is(text: str) -> None:
    files = WrittenResources(Files({GROUP: {"description": [text]}}))
    assert files.all[GROUP].values["description"] == text
