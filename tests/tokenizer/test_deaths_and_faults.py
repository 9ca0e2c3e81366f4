"""A worker dies, the acquirer is silent, AWS fails: a repetition finishes, and no number leaks."""

from __future__ import annotations

import base64
import gc
import io
import logging
import traceback
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from api_functions.json_connection import JsonConnection
from harness.fraud_stub import FraudStub
from harness.payments import MERCHANT, Context, WorkerDeathError, caller
from harness.testing import pci
from harness.tokens import TOKENS
from payment_core.cards import holds_card_number
from tokenizer import application, card_registry
from tokenizer.card_number import CardNumber
from tokenizer.handler import handle
from tokenizer.vault import ABANDONED_AFTER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.acquirer import AcquirerSimulator
    from harness.tokens import TokenizerWorker, VaultAws

NUMBER = "4000002760000016"
BODY = {"card": {"number": NUMBER, "expiry_month": 12, "expiry_year": 2039}}
FORMS = (
    NUMBER,
    NUMBER[:12],
    base64.b64encode(NUMBER.encode()).decode().rstrip("="),
    NUMBER.encode().hex(),
)
"""What nothing that is printed may hold: the number, and how libraries would write it."""

STEPS = [
    (side, action)
    for action in ("GenerateMac", "Encrypt", "PutItem", "UpdateItem")
    for side in ("before", "after")
]


def _fail(action: str, error: BaseException) -> Callable[[str], None]:
    def fault(called: str) -> None:
        if called == action:
            raise error

    return fault


@pytest.mark.parametrize(("side", "action"), STEPS)
def test_a_repetition_finishes_what_a_dead_worker_began(
    worker: TokenizerWorker, aws: VaultAws, simulator: AcquirerSimulator, side: str, action: str
) -> None:
    setattr(aws, side, _fail(action, WorkerDeathError()))
    with pytest.raises(WorkerDeathError):
        worker.create(NUMBER)
    aws.forget_calls()
    left = aws.items()

    answer = worker.another().create(NUMBER)

    assert answer.status == 201
    (item,) = aws.items()
    assert item["registration"]["S"] == "registered"
    assert item["token"]["S"] == answer.body["token"]
    if left:
        assert left[0]["token"] == item["token"], "nothing is begun anew"
    assert simulator.cards.registrations().keys() == {answer.body["token"]}


def test_a_death_after_the_acquirer_was_told_registers_the_same_token_again(
    worker: TokenizerWorker, aws: VaultAws, simulator: AcquirerSimulator
) -> None:
    aws.before = _fail("UpdateItem", WorkerDeathError())
    with pytest.raises(WorkerDeathError):
        worker.create(NUMBER)
    aws.forget_calls()
    token = worker.create(NUMBER).body["token"]
    assert simulator.cards.registrations() == {token: 2}


@pytest.mark.parametrize("action", ["PutItem", "UpdateItem"])
def test_the_sdk_repeating_a_write_that_took_place_changes_nothing(
    worker: TokenizerWorker, aws: VaultAws, action: str
) -> None:
    aws.repeat = action
    first = worker.create(NUMBER)
    assert first.status == 201
    assert worker.create(NUMBER, month=5).status == 201
    assert worker.create(NUMBER, month=5).body["token"] == first.body["token"]


def test_a_token_that_is_not_registered_is_told_to_nobody(
    worker: TokenizerWorker, aws: VaultAws, simulator: AcquirerSimulator
) -> None:
    with FraudStub() as deaf:
        deaf.status = 503
        for url in ("http://127.0.0.1:9", deaf.url):
            answer = worker.another(url).create(NUMBER)
            assert (answer.status, answer.body["code"]) == (503, "acquirer_unavailable")
            assert answer.body["retryable"]
            assert int(answer.headers["Retry-After"]) >= 1
            assert "tok_" not in answer.text
    (item,) = aws.items()
    assert item["registration"]["S"] == "registering"
    assert simulator.cards.registrations() == {}

    answer = worker.create(NUMBER)

    assert answer.status == 201
    assert answer.body["token"] == item["token"]["S"]


def test_a_number_that_never_got_to_the_acquirer_is_deleted_and_another_is_kept(
    worker: TokenizerWorker, aws: VaultAws
) -> None:
    worker.another("http://127.0.0.1:9").create(NUMBER)
    (item,) = aws.items()
    assert int(item["expires_at"]["N"]) == int(item["created_at"]["N"]) // 1000 + ABANDONED_AFTER_S
    worker.create(NUMBER)
    (item,) = aws.items()
    assert "expires_at" not in item
    # Its new expiry isn't registered, but its token is in use.
    worker.another("http://127.0.0.1:9").create(NUMBER, month=3)
    (item,) = aws.items()
    assert item["registration"]["S"] == "registering"
    assert "expires_at" not in item


def test_an_item_that_expires_under_a_worker_is_begun_anew_by_a_repetition(
    worker: TokenizerWorker, aws: VaultAws
) -> None:
    def expire(action: str) -> None:
        if action == "UpdateItem":
            aws.forget_calls()
            (item,) = aws.items()
            aws.dynamodb.delete_item(
                TableName=aws.vault_table, Key={"pk": item["pk"], "sk": item["sk"]}
            )

    aws.before = expire
    answer = worker.create(NUMBER)
    assert (answer.status, answer.body["code"]) == (503, "storage_unavailable")
    assert aws.items() == [], "an update makes no item"
    assert worker.create(NUMBER).status == 201


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"[]",
        b'{"status": "refused"}',
        b'{"status": ["registered"]}',
        b'{"status": "registered"}' + b" " * 70_000,
        b"[" * 60_000,
    ],
)
def test_whatever_is_not_an_answer_leaves_the_card_unregistered(
    worker: TokenizerWorker, content: bytes
) -> None:
    with FraudStub() as odd:
        odd.content = content
        answer = worker.another(odd.url).create(NUMBER)
    assert (answer.status, answer.body["code"]) == (503, "acquirer_unavailable")


@pytest.mark.parametrize("status", [201, 302, 401, 422, 500])
def test_another_status_does_not_register_a_card(worker: TokenizerWorker, status: int) -> None:
    with FraudStub() as odd:
        odd.status = status
        odd.content = b'{"status": "registered"}'
        assert worker.another(odd.url).create(NUMBER).status == 503


def test_nothing_is_begun_with_too_little_time_left(worker: TokenizerWorker, aws: VaultAws) -> None:
    answer = worker.call(BODY, remaining_ms=700)
    assert (answer.status, answer.body["code"]) == (503, "out_of_time")
    assert aws.calls == []


@pytest.mark.parametrize("action", ["GenerateMac", "Encrypt", "PutItem", "UpdateItem"])
@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("ThrottlingException", "storage_unavailable"),
        ("KMSInternalException", "storage_unavailable"),
        ("AccessDeniedException", "internal_error"),
    ],
)
def test_an_outage_of_aws_is_told_and_a_repetition_finishes(
    worker: TokenizerWorker, aws: VaultAws, action: str, code: str, problem: str
) -> None:
    error = {"Error": {"Code": code, "Message": "provoked"}}
    aws.before = _fail(action, ClientError(error, action))  # type: ignore[arg-type]  # in short
    answer = worker.create(NUMBER)
    assert answer.body["code"] == problem
    assert answer.body["retryable"]
    aws.forget_calls()
    assert worker.create(NUMBER).status == 201


class TalkativeError(Exception):
    """Says what it was doing with what, as libraries' errors do."""


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """Catch what any library logs, at any level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pci("3.4.1")
@pytest.mark.parametrize("step", [*(action for _, action in STEPS[::2]), "register", "answer"])
def test_an_error_with_the_number_in_hand_prints_it_nowhere(
    worker: TokenizerWorker,
    aws: VaultAws,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    talkative = TalkativeError(f"while sending {BODY}")
    talkative.__cause__ = ReadTimeoutError(endpoint_url=f"https://kms/?number={NUMBER}")
    talkative.add_note(f"the number was {NUMBER}")

    def fail(*_: object, **__: object) -> None:
        raise talkative

    if step == "register":
        monkeypatch.setattr(JsonConnection, "ask", fail)
    elif step == "answer":
        monkeypatch.setattr(card_registry, "_outcome", fail)
    else:
        aws.before = _fail(step, talkative)

    answer = worker.call(BODY)

    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    printed = capfd.readouterr()
    assert "TalkativeError" in printed.out, "the error is told"
    assert "tokenizer/service.py" in printed.out, "with the places it passed"
    for text in (answer.text, printed.out, printed.err):
        assert not any(form in text for form in FORMS)
        assert not holds_card_number(text)


@pci("3.4.1")
@pytest.mark.parametrize(("side", "action"), STEPS)
def test_a_traceback_with_everything_it_passed_holds_no_number(
    worker: TokenizerWorker, aws: VaultAws, side: str, action: str
) -> None:
    """What a debugger, or a service that collects errors, would write down of our own frames.

    Only the event itself, which Lambda hands in, can't be helped.
    """
    setattr(aws, side, _fail(action, WorkerDeathError()))
    with pytest.raises(WorkerDeathError) as caught:
        worker.call(BODY)

    error = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in error.stack if "/lambda_src/" in frame.filename]
    assert len(ours) >= 5
    for frame in ours:
        for name, value in (frame.locals or {}).items():
            if name != "event":
                assert not any(form in value for form in FORMS), f"{frame.name}: {name}"


@pci("3.4.1")
def test_a_deployed_function_prints_no_number_at_any_log_level(
    aws: VaultAws,
    simulator: AcquirerSimulator,
    everything_logged: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The SDK's debug lines hold what is sent; the deployed function switches them off."""
    event = {
        "resource": TOKENS,
        "httpMethod": "POST",
        "pathParameters": {"merchant_id": MERCHANT},
        "headers": {"content-type": "application/json"},
        "body": base64.b64encode(str(BODY).replace("'", '"').encode()).decode(),
        "isBase64Encoded": True,
        "requestContext": caller(MERCHANT),
    }
    for name, value in {
        "VAULT_TABLE": aws.vault_table,
        "PAYMENTS_TABLE": aws.payments_table,
        "CARD_KEY_ARN": aws.card_key,
        "MAC_KEY_ARN": aws.mac_key,
        "ACQUIRER_URL": simulator.url,
        "LOG_LEVEL": "DEBUG",
    }.items():
        monkeypatch.setenv(name, value)
    # The clients that a function makes for itself would look for Lambda's own endpoints.
    monkeypatch.setattr(application, "client", lambda service: getattr(aws, service))
    application.deployed.cache_clear()
    try:
        answer = handle(event, Context())
    finally:
        logging.disable(logging.NOTSET)
        application.deployed.cache_clear()

    assert answer["statusCode"] == 201, answer["body"]
    printed = capfd.readouterr()
    assert '"message":"card"' in printed.out
    for text in (everything_logged.getvalue(), printed.out, printed.err):
        assert not any(form in text for form in FORMS)


def test_the_search_of_logs_can_fail(
    worker: TokenizerWorker, everything_logged: io.StringIO
) -> None:
    """Without that switch the SDK does print what it encrypts."""
    worker.create(NUMBER)
    logged = everything_logged.getvalue()
    assert any(form in logged for form in FORMS)


@pci("3.4.1")
def test_a_worker_keeps_nothing_of_a_card(worker: TokenizerWorker, aws: VaultAws) -> None:
    gc.collect()
    before = _card_numbers()
    worker.create(NUMBER)
    aws.before = _fail("GetItem", WorkerDeathError())
    with pytest.raises(WorkerDeathError):
        worker.create(NUMBER)
    aws.forget_calls()
    gc.collect()
    assert _card_numbers() == before


def _card_numbers() -> int:
    return sum(isinstance(value, CardNumber) for value in gc.get_objects())
