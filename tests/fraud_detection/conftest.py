"""The fraud service as its task runs it: ``python -m fraud_detection`` over the embedded AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.aws import EmbeddedAWS
from harness.fraud import ACCOUNT, FraudTables, FraudTask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.fraud import StartTask


@pytest.fixture(scope="session")
def aws(territory: str) -> Iterator[EmbeddedAWS]:  # noqa: ARG001 - ends with the folder
    with EmbeddedAWS() as embedded:
        yield embedded


@pytest.fixture
def tables(aws: EmbeddedAWS) -> FraudTables:
    return FraudTables.made(aws)


@pytest.fixture
def start(aws: EmbeddedAWS, tables: FraudTables) -> Iterator[StartTask]:
    """Start tasks, which end with the test. They have all the time they need to count."""
    tasks: list[FraudTask] = []

    def started(**settings: Any) -> FraudTask:
        settings = {"SCORE_DEADLINE_MS": "5000", **settings}
        task = FraudTask(aws.environment(ACCOUNT), tables, settings)
        tasks.append(task)
        return task

    yield started
    for task in tasks:
        task.stop()
    aws.faults.clear()


@pytest.fixture
def task(start: StartTask) -> FraudTask:
    return start()
