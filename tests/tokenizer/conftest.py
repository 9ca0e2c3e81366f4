"""The tokenizer under test: deployed code over the embedded AWS and the acquirer simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.acquirer import AcquirerSimulator
from harness.aws import EmbeddedAWS
from harness.payments import MERCHANT
from harness.tokens import TokenizerWorker, VaultAws

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER = "m_othershop"


@pytest.fixture(scope="session")
def embedded_aws(territory: str) -> Iterator[EmbeddedAWS]:  # noqa: ARG001 - ends with the folder
    with EmbeddedAWS() as running:
        yield running


@pytest.fixture(scope="session")
def shared_aws(embedded_aws: EmbeddedAWS) -> VaultAws:
    made = VaultAws(embedded_aws)
    for merchant_id in (MERCHANT, OTHER):
        made.put_profile(merchant_id)
    return made


@pytest.fixture
def aws(shared_aws: VaultAws) -> VaultAws:
    """An empty vault, and the profiles of two merchants."""
    shared_aws.forget_calls()
    for item in shared_aws.items():
        key = {"pk": item["pk"], "sk": item["sk"]}
        shared_aws.dynamodb.delete_item(TableName=shared_aws.vault_table, Key=key)
    return shared_aws


@pytest.fixture
def simulator() -> Iterator[AcquirerSimulator]:
    with AcquirerSimulator() as server:
        yield server


@pytest.fixture
def worker(aws: VaultAws, simulator: AcquirerSimulator) -> TokenizerWorker:
    """A warm worker: the merchant's profile is read, and calls are counted from here."""
    ready = TokenizerWorker(aws, simulator.url)
    ready.call({})
    aws.forget_calls()
    return ready
