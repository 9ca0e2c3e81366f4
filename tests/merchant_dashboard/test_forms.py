"""What a form must be to do anything: made here, for this person and purpose, within the hour."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from harness.dashboard import CSRF_KEY, ask_refund, form_of
from harness.payments import ACCOUNT
from merchant_dashboard.errors import PageError
from merchant_dashboard.identity import Principal
from merchant_dashboard.pages.transactions import FIELDS
from merchant_dashboard.tokens import FORM_LIFETIME_S, Tokens

if TYPE_CHECKING:
    from harness.dashboard import Merchant

CARD = "4242 4242 4242 4242"
CARDS = [CARD, "4242424242424242", "378282246310005", "ref-5555-5555-5555-4444"]


def _principal(session: str = "alice", merchant_id: str = "m_bakery") -> Principal:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/merchant-{merchant_id}/{session}"
    return Principal(arn, ACCOUNT, f"key-{merchant_id}", merchant_id, session)


def test_a_token_is_good_for_its_person_purpose_and_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, alice = Tokens(CSRF_KEY), _principal()
    token = tokens.form(alice, "confirmRefund", "rfd_1", 500)
    tokens.check_form(token, alice, "confirmRefund", "rfd_1", 500)
    wrong = [
        (token, _principal("bob"), ("confirmRefund", "rfd_1", 500)),
        (token, _principal(merchant_id="m_cinema"), ("confirmRefund", "rfd_1", 500)),
        (token, alice, ("refuseRefund", "rfd_1", 500)),
        (token, alice, ("confirmRefund", "rfd_2", 500)),
        (token, alice, ("confirmRefund", "rfd_1", 501)),
        (token[:-1] + ("0" if token[-1] != "0" else "1"), alice, ("confirmRefund", "rfd_1", 500)),
        ("9" + token, alice, ("confirmRefund", "rfd_1", 500)),
        ("", alice, ("confirmRefund", "rfd_1", 500)),
        (
            Tokens("f" * 64).form(alice, "confirmRefund", "rfd_1", 500),
            alice,
            ("confirmRefund", "rfd_1", 500),
        ),
    ]
    for sent, principal, purpose in wrong:
        with pytest.raises(PageError):
            tokens.check_form(sent, principal, *purpose)
    now = time.time()
    for later, good in ((FORM_LIFETIME_S - 5, True), (FORM_LIFETIME_S + 5, False), (-90, False)):
        monkeypatch.setattr(time, "time", lambda at=now + later: at)
        if good:
            tokens.check_form(token, alice, "confirmRefund", "rfd_1", 500)
        else:
            with pytest.raises(PageError):
                tokens.check_form(token, alice, "confirmRefund", "rfd_1", 500)


def test_a_form_without_its_token_does_nothing(merchant: Merchant) -> None:
    payment_id = merchant.captured(10_000)
    with merchant.browser("alice") as alice, merchant.browser("bob") as bob:
        form = form_of(alice.get(f"transactions/{payment_id}").text, "refunds")
        path, amount = f"transactions/{payment_id}/refunds", {"amount": "1.00"}
        bobs = form_of(bob.get(f"transactions/{payment_id}").text, "refunds")
        wrong = [
            {},
            {"form_id": form["form_id"]},
            {"form_id": form["form_id"], "csrf": ""},
            {"form_id": form["form_id"], "csrf": "x" * 100},
            {"form_id": "0" * 32, "csrf": form["csrf"]},
            bobs,
        ]
        for fields in wrong:
            answer = alice.post(path, data={**fields, **amount})
            assert (answer.status_code, "form_expired" in answer.text) == (403, True)
        expired = Tokens(CSRF_KEY)
        with pytest.MonkeyPatch.context() as patch:
            long_ago = time.time() - FORM_LIFETIME_S - 10
            patch.setattr(time, "time", lambda: long_ago)
            principal = _principal("alice", merchant.merchant_id)
            old = expired.form(principal, "askRefund", payment_id, form["form_id"])
        answer = alice.post(path, data={**form, "csrf": old, **amount})
        assert answer.status_code == 403
        refund = ask_refund(alice, payment_id, "1.00")
        for action in ("confirmation", "refusal"):
            assert alice.post(f"{refund}/{action}", data={"csrf": ""}).status_code == 403
        listed = alice.get(f"transactions/{payment_id}").text
    assert listed.count("Asked by") == 1
    assert not merchant.invocations()


@pytest.mark.parametrize("origin", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused_even_with_its_token(
    merchant: Merchant, origin: str
) -> None:
    payment_id = merchant.captured(10_000)
    with merchant.browser() as alice:
        form = form_of(alice.get(f"transactions/{payment_id}").text, "refunds")
        answer = alice.post(
            f"transactions/{payment_id}/refunds",
            data={**form, "amount": "1.00"},
            headers={"sec-fetch-site": origin},
        )
    assert (answer.status_code, "foreign_form" in answer.text) == (403, True)


def test_what_isnt_a_usual_form_is_refused(merchant: Merchant) -> None:
    payment_id = merchant.captured(10_000)
    path = f"transactions/{payment_id}/refunds"
    with merchant.browser() as alice:
        assert alice.post(path, json={"amount": "1.00"}).status_code == 415
        assert alice.post(path, data={"amount": "1" * 17_000}).status_code == 413
        assert alice.post(path, data={"reference": "x" * 2_000}).status_code == 400
        twice = alice.post(
            path,
            content="amount=1&amount=2",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert twice.status_code == 400
        many = alice.post(path, data={f"f{n}": "1" for n in range(25)})
        assert many.status_code == 400


@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_in_any_field_is_refused_and_never_repeated(
    merchant: Merchant, card: str
) -> None:
    payment_id = merchant.captured(10_000)
    raw = merchant.site.process.raw
    before = len(raw)
    with merchant.browser() as alice:
        form = form_of(alice.get(f"transactions/{payment_id}").text, "refunds")
        fields = ("amount", "reference", "csrf", "form_id", "unknown")
        answers = [
            alice.post(
                f"transactions/{payment_id}/refunds", data={**form, "amount": "1.00", name: card}
            )
            for name in fields
        ]
        refund = ask_refund(alice, payment_id, "1.00")
        answers += [
            alice.post(f"{refund}/{action}", data={"csrf": card})
            for action in ("confirmation", "refusal")
        ]
        queries = (*FIELDS, "cursor", "unknown")
        for page in ("overview", "transactions", "exports/transactions", "webhooks"):
            answers += [alice.get(page, params={name: card}) for name in queries]
        answers += [
            alice.get("reconciliation", params={"day": card}),
            alice.get("refunds", params={card: ""}),
            alice.get("usage", params={"x": card}),
        ]
        lost = [
            alice.get(f"transactions/{card}"),
            alice.get(f"assets/{card}"),
            alice.get(f"transactions/{payment_id}/refunds/{card}"),
            alice.get(card),
        ]
        problem = alice.get("transactions", params={"q": card}, headers={"accept": "*/*"})
        overview = alice.get("overview", headers={"x-request-id": card})
    for answer in answers:
        assert (answer.status_code, "card_number_refused" in answer.text) == (400, True)
    assert {answer.status_code for answer in lost} == {404}
    assert json.loads(problem.text)["code"] == "card_number_refused"
    digits = "".join(filter(str.isdigit, card))
    for answer in (*answers, *lost, problem, overview):
        assert digits not in answer.text.replace(" ", "").replace("-", "")
        assert digits not in str(answer.headers).replace(" ", "").replace("-", "")
    logged = "".join(raw[before:]).replace(" ", "").replace("-", "")
    assert digits not in logged
    counted = sum(json.loads(line).get("CardNumbersRefused", 0) for line in raw[before:])
    assert counted == len(answers) + 1
