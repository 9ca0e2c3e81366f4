"""One organization made by hand, and every attempt made on it once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from attempts.organization import ACCOUNTS, REGION, build
from harness.attempts import PEOPLE, Deployed, Record, carry_out, collect
from harness.aws import Call, EmbeddedAWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.aws.calls import CallLog


@dataclass(frozen=True)
class Made:
    """What was deployed, what came of the attempts, and the calls that they made."""

    deployed: Deployed
    records: Sequence[Record]
    calls: Sequence[Call]
    log: CallLog


@pytest.fixture(scope="session")
def made(territory: str) -> Iterator[Made]:  # noqa: ARG001 - ends with the folder
    with EmbeddedAWS(account_ids=ACCOUNTS) as aws:
        build(aws)
        deployed = collect(aws.session, ACCOUNTS, REGION, PEOPLE)
        since = aws.calls.mark()
        records = carry_out(deployed, enforcing=aws.bucket_policies_enforced)
        yield Made(deployed, records, aws.calls.select(since=since), aws.calls)
