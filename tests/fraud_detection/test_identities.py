"""Whom the service answers: the merchant in the path, and nobody through the wrong door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.fraud import ACCOUNT, MERCHANT, FraudTables, FraudTask, identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS
    from harness.fraud import StartTask

OTHER = "m_bookbarn"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/merchant-{MERCHANT}"


@pytest.fixture(scope="module")
def tables(aws: EmbeddedAWS) -> FraudTables:
    """Tables for the file: nobody who is refused is counted."""
    made = FraudTables.made(aws)
    made.put_profile(OTHER, f"key-{OTHER}")
    return made


@pytest.fixture(scope="module")
def task(aws: EmbeddedAWS, tables: FraudTables) -> Iterator[FraudTask]:
    with FraudTask(aws.environment(ACCOUNT), tables) as running:
        yield running


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "merchant_mismatch"),
        ({**identity(), "x-principal-arn": ""}, "merchant_mismatch"),
        (identity(OTHER), "merchant_mismatch"),
        ({**identity(), "x-account-id": "999999999999"}, "merchant_mismatch"),
        ({**identity(), "x-principal-arn": f"{ROLE}2/till-1"}, "merchant_mismatch"),
        ({**identity(), "x-principal-arn": f"{ROLE}/till-1,{ROLE}/till-2"}, "merchant_mismatch"),
        (
            {**identity(), "x-principal-arn": f"arn:aws:iam::{ACCOUNT}:user/{MERCHANT}"},
            "merchant_mismatch",
        ),
        ({**identity(), "x-api-key-id": f"key-{OTHER}"}, "api_key_mismatch"),
        ({**identity(), "x-api-key-id": ""}, "api_key_mismatch"),
    ],
)
def test_others_are_refused(
    task: FraudTask, tables: FraudTables, headers: dict[str, str], code: str
) -> None:
    answer = task.score(headers=headers)
    assert (answer.status, answer.body["code"]) == (403, code)
    assert tables.items() == {}


def test_a_header_sent_beside_the_gateways_is_no_identity(task: FraudTask) -> None:
    theirs = identity(OTHER)["x-principal-arn"]
    for order in ([theirs, identity()["x-principal-arn"]], [identity()["x-principal-arn"], theirs]):
        sent = [(name, value) for name, value in identity().items() if name != "x-principal-arn"]
        sent += [("x-principal-arn", arn) for arn in order]
        answer = task.client.post(
            f"/merchants/{MERCHANT}/scores",
            content=b"{}",
            headers=[("Content-Type", "application/json"), *sent],
        )
        assert answer.status_code == 403


def test_a_merchant_without_a_profile_is_refused(task: FraudTask) -> None:
    answer = task.score(merchant_id="m_unknown")
    assert (answer.status, answer.body["code"]) == (403, "api_key_mismatch")


def test_who_came_through_the_api_gateway_has_no_way_to_the_internal_path(
    task: FraudTask, tables: FraudTables
) -> None:
    answer = task.send("POST", "/internal/scores", b"{}", identity())
    assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert tables.items() == {}


def test_the_profile_is_read_once_a_minute(start: StartTask, aws: EmbeddedAWS) -> None:
    task, since = start(), aws.calls.mark()
    for _ in range(4):
        assert task.score().status == 200
    assert aws.calls.count("dynamodb", "GetItem", since=since) == 1


def test_an_unknown_merchants_profile_that_cant_be_read_is_a_503(aws: EmbeddedAWS) -> None:
    tables = FraudTables.made(aws)
    tables.client.delete_table(TableName=tables.payments)
    with FraudTask(aws.environment(ACCOUNT), tables) as task:
        answer = task.score()
        # The gateway's function needs no profile.
        assert task.internal().status == 200
    assert (answer.status, answer.body["code"]) == (503, "storage_unavailable")
    assert answer.headers["retry-after"] == "1"
