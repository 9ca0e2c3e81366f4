"""createToken: one token a card and merchant, told only when the acquirer knows it."""

from __future__ import annotations

import base64
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from harness.payments import MERCHANT, Gateway, Table, caller
from harness.testing import pci

if TYPE_CHECKING:
    from harness.acquirer import AcquirerSimulator
    from harness.payments import Answer
    from harness.tokens import TokenizerWorker, VaultAws

OTHER = "m_othershop"
NUMBER = "4242424242424242"
CARD = {"number": NUMBER, "expiry_month": 12, "expiry_year": 2039}
NOW = time.gmtime()


def _with(**members: object) -> dict[str, object]:
    return {"card": {**CARD, **members}}


def _fields(answer: Answer) -> list[str]:
    return [error["field"] for error in answer.body["errors"]]


def test_a_card_gets_a_token(worker: TokenizerWorker, simulator: AcquirerSimulator) -> None:
    answer = worker.create(NUMBER, 7, 2031)

    assert answer.status == 201
    token = answer.body.pop("token")
    assert re.fullmatch(r"tok_[a-z2-7]{26}", token)
    assert answer.body == {
        **answer.body,
        "brand": "visa",
        "bin": "424242",
        "last4": "4242",
        "expiry_month": 7,
        "expiry_year": 2031,
    }
    registered = simulator.cards.find(answer.body["token"])
    assert registered is not None
    assert (registered.last4, registered.expiry_month) == ("4242", 7)


def test_the_same_card_gets_the_same_token(worker: TokenizerWorker, aws: VaultAws) -> None:
    first = worker.create()
    aws.forget_calls()
    again = worker.another().create()

    assert again.text == first.text
    assert aws.calls == ["GetItem", "GenerateMac", "GetItem"], "neither encrypted nor written again"


def test_another_number_or_merchant_gets_another_token(worker: TokenizerWorker) -> None:
    tokens = {
        worker.create().body["token"],
        worker.create("5555555555554444").body["token"],
        worker.create(merchant_id=OTHER).body["token"],
    }
    assert len(tokens) == 3


def test_nothing_of_a_token_follows_from_the_number(worker: TokenizerWorker, aws: VaultAws) -> None:
    """The same card tokenized anew, in an empty vault under the same keys."""
    first = worker.create().body["token"]
    (item,) = aws.items()
    aws.dynamodb.delete_item(TableName=aws.vault_table, Key={"pk": item["pk"], "sk": item["sk"]})
    assert worker.create().body["token"] != first


@pci("3.5.1")
def test_the_vault_holds_the_number_encrypted_for_its_merchant_and_token(
    worker: TokenizerWorker, aws: VaultAws
) -> None:
    token = worker.create().body["token"]
    (item,) = aws.items()

    blob = base64.b64decode(item["ciphertext"]["S"])
    context = {"merchant_id": MERCHANT, "token": token}
    plain = aws.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    assert plain["Plaintext"] == NUMBER.encode()
    assert plain["KeyId"] == aws.card_key
    for other in ({**context, "merchant_id": OTHER}, {**context, "token": "tok_x"}, {}):
        with pytest.raises(ClientError):
            aws.kms.decrypt(CiphertextBlob=blob, EncryptionContext=other)
    assert item.keys() == {
        "pk",
        "sk",
        "merchant_id",
        "token",
        "ciphertext",
        "brand",
        "bin",
        "last4",
        "expiry_month",
        "expiry_year",
        "registration",
        "version",
        "created_at",
        "updated_at",
    }


@pci("3.6.1")
def test_the_function_asks_for_what_its_role_allows_and_never_decrypts(
    worker: TokenizerWorker, aws: VaultAws
) -> None:
    worker.create()
    worker.create(month=11)
    assert set(aws.calls) == {"GenerateMac", "Encrypt", "GetItem", "PutItem", "UpdateItem"}


def test_a_new_expiry_keeps_the_token_and_is_registered(
    worker: TokenizerWorker, simulator: AcquirerSimulator
) -> None:
    old = worker.create(month=3, year=2030).body
    new = worker.create(month=4, year=2034).body

    assert new == {**old, "expiry_month": 4, "expiry_year": 2034}
    registered = simulator.cards.find(old["token"])
    assert registered is not None
    assert (registered.expiry_month, registered.expiry_year) == (4, 2034)


def test_many_at_once_get_one_token(
    worker: TokenizerWorker, aws: VaultAws, simulator: AcquirerSimulator
) -> None:
    workers = [worker.another() for _ in range(16)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: each.create(), workers))

    assert {answer.status for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(aws.items()) == 1
    assert len(simulator.cards.registrations()) == 1


def test_two_expiries_at_once_leave_vault_and_acquirer_of_one_mind(
    worker: TokenizerWorker, aws: VaultAws, simulator: AcquirerSimulator
) -> None:
    workers = [worker.another() for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda pair: pair[1].create(month=1 + pair[0] % 3), enumerate(workers))
        )

    assert {answer.status for answer in answers} <= {201, 503}
    final = worker.create(month=9).body
    registered = simulator.cards.find(final["token"])
    assert registered is not None
    assert registered.expiry_month == final["expiry_month"] == 9
    assert len(aws.items()) == 1


def test_a_worker_whose_expiry_was_changed_registers_what_the_vault_holds(
    worker: TokenizerWorker, aws: VaultAws, simulator: AcquirerSimulator
) -> None:
    """It had told the acquirer the older expiry last, after the other worker was done."""
    second = worker.another()
    answers: list[Answer] = []

    def meanwhile(action: str) -> None:
        if action == "UpdateItem" and not answers:
            aws.forget_calls()
            answers.append(second.create(month=2))
            token = answers[0].body["token"]
            simulator.cards.register(token, NUMBER, 1, 2039)

    aws.before = meanwhile
    late = worker.create(month=1)

    assert late.status == 201
    assert late.body["expiry_month"] == 2
    registered = simulator.cards.find(late.body["token"])
    assert registered is not None
    assert registered.expiry_month == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (_with(number="4242424242424241"), "card.number"),
        (_with(number="4242 4242 4242 4242"), "card.number"),
        (_with(number=4242424242424242), "card.number"),
        (_with(number=""), "card.number"),
        (_with(number=None), "card.number"),
        (_with(number=["4242424242424242"]), "card.number"),
        (_with(number={"x": "4242424242424242"}), "card.number"),
        ({"card": {k: v for k, v in CARD.items() if k != "number"}}, "card.number"),
        (_with(expiry_month=0), "card.expiry_month"),
        (_with(expiry_month=13), "card.expiry_month"),
        (_with(expiry_month="12"), "card.expiry_month"),
        (_with(expiry_month=True), "card.expiry_month"),
        (_with(expiry_month=1.0), "card.expiry_month"),
        (_with(expiry_year=39), "card.expiry_year"),
        (_with(expiry_year=NOW.tm_year - 1), "card.expiry_year"),
        (_with(expiry_year=NOW.tm_year + 31), "card.expiry_year"),
        (_with(holder="A. Person"), "card.holder"),
        ({"card": CARD, "merchant": "x"}, "merchant"),
        ({"card": None}, "card"),
        ({}, "card"),
    ],
)
def test_a_field_at_fault_is_named_and_nothing_is_asked_of_anyone(
    worker: TokenizerWorker, aws: VaultAws, body: dict[str, object], field: str
) -> None:
    answer = worker.call(body)
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert field in _fields(answer)
    assert not re.search(r"4242|A\. Person", answer.text)
    assert aws.calls == []


def test_a_card_is_valid_to_the_end_of_its_month(worker: TokenizerWorker) -> None:
    month, year = NOW.tm_mon, NOW.tm_year
    assert worker.create(month=month, year=year).status == 201
    worker.clock.advance(32 * 24 * 60 * 60 * 1000)
    expired = worker.create(month=month, year=year)
    assert expired.status == 400
    assert set(_fields(expired)) <= {"card.expiry_month", "card.expiry_year"}


@pci("3.3.1.2")
@pytest.mark.parametrize(
    "body",
    [
        _with(cvv="987"),
        _with(cvc="987"),
        _with(CVV2=987),
        _with(security_code="987"),
        _with(securityCode="987"),
        _with(**{"Card-Security-Code": "987"}),
        _with(verification={"value": [{"cvc": "987"}]}),
        {"card": CARD, "cvc": "987"},
        {"card": {"cid": "987"}},
        {"cvv": "987"},
    ],
)
def test_a_security_code_anywhere_is_refused_and_never_repeated(
    worker: TokenizerWorker,
    aws: VaultAws,
    capfd: pytest.CaptureFixture[str],
    body: dict[str, object],
) -> None:
    answer = worker.call(body)
    assert (answer.status, answer.body["code"]) == (400, "security_code_refused")
    printed = capfd.readouterr()
    assert "987" not in answer.body["detail"]
    assert "987" not in re.sub(r'"(?:request_id|timestamp|Timestamp)":"?[^,]*', "", printed.out)
    assert aws.calls == []


@pci("3.4.1")
@pytest.mark.parametrize(
    "body",
    [
        {"card": NUMBER},
        _with(holder=NUMBER),
        _with(expiry_month=4242424242424242),
        _with(**{NUMBER: "x"}),
        {"card": CARD, "number": NUMBER},
        {"card": [CARD]},
        f'["{NUMBER}"]',
    ],
)
def test_a_number_in_another_place_is_refused_and_never_repeated(
    worker: TokenizerWorker, aws: VaultAws, body: object
) -> None:
    answer = worker.call(body)
    assert (answer.status, answer.body["code"]) == (400, "card_number_refused")
    assert "4242" not in answer.text
    assert aws.calls == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "invalid_request"),
        ('{"card": {"number": "4242424242424242", "number": "1"}}', 400, "invalid_request"),
        ("[" * 9000, 400, "invalid_request"),
        ('{"card":' * 900 + "1" + "}" * 900, 400, "invalid_request"),
        ("x" * 17_000, 413, "body_too_large"),
        (_with(number="9999999999999995"), 422, "card_unsupported"),
        (_with(number="4000000000080079"), 422, "card_unsupported"),
    ],
)
def test_what_cannot_be_tokenized_is_told(
    worker: TokenizerWorker, body: object, status: int, code: str
) -> None:
    answer = worker.call(body)
    assert (answer.status, answer.body["code"]) == (status, code)


def test_another_media_type_is_refused(worker: TokenizerWorker) -> None:
    answer = worker.call({"card": CARD}, multiValueHeaders={"Content-Type": ["text/plain"]})
    assert (answer.status, answer.body["code"]) == (415, "unsupported_media_type")


@pci("7.3.3")
@pytest.mark.parametrize(
    ("context", "code"),
    [
        (caller(OTHER), "merchant_mismatch"),
        (caller(MERCHANT, apiKeyId=f"key-{OTHER}"), "api_key_mismatch"),
        (caller(MERCHANT, userArn="arn:aws:iam::444444444444:role/tokenizer"), "merchant_mismatch"),
    ],
)
def test_only_the_merchant_itself_gets_its_tokens(
    worker: TokenizerWorker, aws: VaultAws, context: dict[str, object], code: str
) -> None:
    answer = worker.call({"card": CARD}, requestContext=context)
    assert (answer.status, answer.body["code"]) == (403, code)
    assert aws.items() == []


def test_other_operations_are_not_answered_here(worker: TokenizerWorker) -> None:
    answer = worker.call({"card": CARD}, httpMethod="GET")
    assert (answer.status, answer.body["code"]) == (404, "not_found")


def test_the_merchants_profile_is_read_without_anything_else_of_the_item(
    worker: TokenizerWorker, aws: VaultAws
) -> None:
    """So the role can be held to one attribute of the payments' table."""
    asked: list[dict[str, Any]] = []
    aws.dynamodb.meta.events.register(
        "provide-client-params.dynamodb.GetItem", lambda params, **_: asked.append(params)
    )
    worker.another().create()
    profile = next(params for params in asked if params["TableName"] == aws.payments_table)
    assert profile["ProjectionExpression"] == "api_key_id"


def test_a_token_pays(worker: TokenizerWorker, aws: VaultAws, simulator: AcquirerSimulator) -> None:
    token = worker.create("4000000000009995").body["token"]
    table = Table(aws.dynamodb)
    table.put_profile(MERCHANT, f"key-{MERCHANT}")
    answer = Gateway(table, simulator.url).authorize(1000, token=token)
    assert (answer.status, answer.body["decline_code"]) == (402, "insufficient_funds")
