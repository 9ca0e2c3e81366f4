"""What the graphs of the applied organization show: dev, its log archive and its trail."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from harness.evidence_graphs import CHECKS, Estate, Root, graph_rows
from harness.testing import pci
from pci_dss.evidence.model import Row, Status

if TYPE_CHECKING:
    from harness.platform import Platform

ARCHIVE, DEV = "environments/log-archive", "environments/dev"
TOKENIZER = "module.platform.module.tokenizer.aws_iam_role.function"
OUTSIDE_THE_NETWORK = {
    "module.log_review.module.function.aws_lambda_function.service",
    "module.platform.module.webhook_sender.aws_lambda_function.service",
}
"""Functions without a VPC: neither may read what protects card numbers."""


@pytest.fixture(scope="module")
def found(platform: Platform) -> list[Row]:
    accounts = platform.accounts | {"trail": platform.accounts["management"]}
    applied = {**platform.organization, "dev": platform.environment}
    roots = [
        Root(
            f"environments/{name}",
            accounts[name],
            platform.region,
            {"planned_values": root.state()["values"]},
        )
        for name, root in applied.items()
    ]
    return [*graph_rows(Estate(roots, platform.accounts.values(), ARCHIVE))]


def of(found: list[Row], check: str, environment: str = DEV) -> dict[str, Row]:
    wanted = [row for row in found if (row.check, row.environment) == (check, environment)]
    return {row.subject: row for row in wanted}


@pci("1.3.1", "1.3.2", "1.4.2", "1.4.4", "3.6.1.3", "7.2.5", "7.3.3", "10.3.3")
def test_every_graph_was_asked_and_nothing_else_fails(found: list[Row]) -> None:
    assert {row.check for row in found} == {check.id for check in CHECKS}
    failing = {(row.check, row.subject) for row in found if row.status is Status.FAIL}
    assert failing == {("GRAPH_EGRESS", function) for function in OUTSIDE_THE_NETWORK}


@pci("7.2.5")
def test_all_is_decided_but_who_of_another_account_is_a_merchant(found: list[Row]) -> None:
    undecided = {
        (row.check, row.subject.partition("[")[0])
        for row in found
        if row.status is Status.NOT_EVALUATED
    }
    assert undecided == {("GRAPH_TRUST_PATHS", "module.platform.aws_iam_role.merchant")}


@pci("3.6.1.3", "7.2.5")
def test_card_numbers_can_be_decrypted_by_nobody_and_told_equal_by_the_tokenizer(
    found: list[Row],
) -> None:
    keys = of(found, "GRAPH_KEY_REACH")
    readers = {
        name: [reader.partition(" ")[0] for reader in row.evaluated[f"{name}: can be read by"]]
        for name, row in keys.items()
    }
    assert readers["module.platform.aws_kms_key.card"] == []
    assert readers["module.platform.aws_kms_key.card_equality"] == [TOKENIZER]
    assert readers["module.platform.module.vault.aws_kms_key.data_class"] == [TOKENIZER]


@pci("1.3.1", "10.2.1")
def test_the_graphs_are_of_all_that_was_applied(found: list[Row]) -> None:
    counted = Counter(row.check for row in found if row.environment == DEV)
    assert counted["GRAPH_SEGMENTATION"] > 12
    assert counted["GRAPH_LOGGED"] > 12
    balancers = [
        row.evaluated[f"{name}: reached by"]
        for name, row in of(found, "GRAPH_SEGMENTATION").items()
        if ".aws_lb." in name
    ]
    assert any("by PrivateLink, past its groups" in reached.values() for reached in balancers)
