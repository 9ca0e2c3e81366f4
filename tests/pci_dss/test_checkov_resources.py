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
    verdict = chosen.verdict(files.by_address[address], files)
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


def test_a_dynamic_block_within_a_block_is_read_too() -> None:
    conf = {"target": [{"dynamic": [{"ecs_parameters": [{"enable_execute_command": [True]}]}]}]}
    address = "aws_scheduler_schedule.nightly"
    assert judged("PCI_24", address, WrittenResources(Files({address: conf}))) == Result.FAIL


def test_an_attribute_of_a_block_that_is_not_set_names_nothing() -> None:
    files = WrittenResources(Files({GROUP: {"ingress": [rule(22)]}}))
    item = files.by_address[GROUP]
    assert files.named(item, ("ingress", 0, "prefix_list_ids"), "aws_vpc_endpoint") == ()


def test_the_only_block_of_its_name_names_what_it_refers_to() -> None:
    route = {"cidr_block": ["0.0.0.0/0"], "gateway_id": [f"{GATEWAY}.id"]}
    files = WrittenResources(
        Files({TABLE: {"route": [route]}, GATEWAY: {}}, [(TABLE, "route.gateway_id", GATEWAY)])
    )
    path = ("route", 0, "gateway_id")
    assert files.named(files.by_address[TABLE], path, "aws_internet_gateway") == (GATEWAY,)


def test_what_is_not_known_may_name_anything() -> None:
    files = WrittenResources(Files({TABLE: {"vpc_id": ["var.vpc_id"]}}))
    with pytest.raises(UnresolvedError, match="vpc_id"):
        files.named(files.by_address[TABLE], ("vpc_id",), "aws_vpc")


def test_what_files_set_is_told_from_what_aws_chooses() -> None:
    listener = "aws_lb_listener.tls"
    files = WrittenResources(Files({listener: {"ssl_policy": ["var.policy"], "port": [443]}}))
    item = files.by_address[listener]
    assert files.configures(item, "ssl_policy")
    assert files.configures(item, "port")
    assert not files.configures(item, "protocol")
