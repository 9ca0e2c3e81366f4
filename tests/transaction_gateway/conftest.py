"""The gateway under test: deployed code over a moto table and the acquirer simulator."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from harness.acquirer import AcquirerSimulator
from harness.payments import MERCHANT, Gateway, Table

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def embedded_dynamodb(territory: str) -> Iterator[None]:  # noqa: ARG001 - ends with the folder
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        with mock_aws():
            yield


@pytest.fixture
def simulator() -> Iterator[AcquirerSimulator]:
    with AcquirerSimulator() as server:
        yield server


@pytest.fixture
def table(embedded_dynamodb: None) -> Table:  # noqa: ARG001  # moto must be on
    made = Table(boto3.client("dynamodb", region_name="eu-west-1"))
    made.put_profile(MERCHANT, f"key-{MERCHANT}")
    return made


@pytest.fixture
def gateway(table: Table, simulator: AcquirerSimulator) -> Gateway:
    """A warm worker: the merchant's profile is read, and calls are counted from here."""
    ready = Gateway(table, simulator.url)
    ready.get("pay_" + "a" * 26)
    table.forget_calls()
    return ready
