"""Refunds: asked, confirmed, done or refused; two people above the limit; charged once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from harness.dashboard import ONE_PERSON_UP_TO, ask_refund, form_of
from merchant_dashboard.refund_store import Refund, RefundState, RefundStore

if TYPE_CHECKING:
    import httpx

    from harness.dashboard import Merchant, Site

SMALL, LARGE = "20.00", "80.00"


def _decide(browser: httpx.Client, refund: str, action: str = "confirmation") -> httpx.Response:
    form = form_of(browser.get(refund).text, action)
    return browser.post(f"{refund}/{action}", data=form, follow_redirects=True)


def _refunded(merchant: Merchant, payment_id: str) -> list[int]:
    """Amounts that the acquirer booked as refunds of a payment."""
    return [
        charge.amount
        for charge in merchant.site.acquirer.charges()
        if charge.payment_id == payment_id and charge.type == "refund"
    ]


def test_a_small_refund_is_confirmed_by_who_asked(merchant: Merchant) -> None:
    payment_id = merchant.captured(10_000)
    with merchant.browser("alice") as alice:
        refund = ask_refund(alice, payment_id, SMALL, reference="too wide")
        assert _refunded(merchant, payment_id) == []
        done = _decide(alice, refund)
        assert "Refund done" in done.text
    assert _refunded(merchant, payment_id) == [2000]
    (event,) = merchant.invocations()
    identity = event["requestContext"]["identity"]
    assert identity["userArn"].endswith(f"merchant-{merchant.merchant_id}/alice")
    assert identity["apiKeyId"] == f"key-{merchant.merchant_id}"
    assert '"reference": "too wide"' in event["body"]


def test_above_the_limit_another_person_must_confirm(merchant: Merchant) -> None:
    payment_id = merchant.captured(10_000)
    with merchant.browser("alice") as alice, merchant.browser("bob") as bob:
        refund = ask_refund(alice, payment_id, LARGE)
        page = alice.get(refund).text
        assert "Send someone of your team" in page
        with pytest.raises(LookupError):
            form_of(page, "confirmation")
        # Bob's token is no use to alice, and her own says what she may not do.
        token = form_of(bob.get(refund).text, "confirmation")
        assert alice.post(f"{refund}/confirmation", data=token).status_code == 403
        assert _refunded(merchant, payment_id) == []
        done = _decide(bob, refund)
        assert "Refund done" in done.text
        listed = alice.get("refunds").text
        assert "alice" in listed
        assert "bob" in listed
    assert _refunded(merchant, payment_id) == [8000]


@pytest.mark.parametrize("session", ["alice", "ALICE"])
def test_a_forged_page_gets_nobody_past_the_limit(merchant: Merchant, session: str) -> None:
    """The rule is the server's: a valid token for one's own large refund is refused too."""
    payment_id = merchant.captured(20_000)
    with merchant.browser("alice") as alice, merchant.browser(session) as again:
        first = ask_refund(alice, payment_id, "30.00")
        token = form_of(again.get(first).text, "confirmation")
        second = ask_refund(alice, payment_id, "30.00")
        second_token = form_of(again.get(second).text, "confirmation")
        assert again.post(f"{first}/confirmation", data=token).status_code == 303
        # 30 + 30 is above 50: what was allowed when the page was made isn't any more.
        refused = again.post(f"{second}/confirmation", data=second_token)
        assert (refused.status_code, "second_person_needed" in refused.text) == (403, True)
        assert "Waits for a second person" in alice.get(second).text
    assert _refunded(merchant, payment_id) == [3000]


def test_many_small_refunds_at_once_stay_within_the_limit(merchant: Merchant) -> None:
    payment_id = merchant.captured(50_000)
    with merchant.browser("alice") as alice:
        refunds = [ask_refund(alice, payment_id, SMALL) for _ in range(6)]
        tokens = [form_of(alice.get(refund).text, "confirmation") for refund in refunds]

        def confirm(n: int) -> int:
            return alice.post(f"{refunds[n]}/confirmation", data=tokens[n]).status_code

        with ThreadPoolExecutor(6) as pool:
            statuses = sorted(pool.map(confirm, range(6)))
        for refund in refunds:
            if "Try again" in (page := alice.get(refund).text):
                alice.post(f"{refund}/confirmation", data=form_of(page, "confirmation"))
    assert statuses == [303] * 2 + [403] * 4
    assert sum(_refunded(merchant, payment_id)) == 4000 <= ONE_PERSON_UP_TO


class _Meeting:
    """A table in which the first transactions meet others, as DynamoDB tells it."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = list(reasons)

    def transact_write_items(self, **_: object) -> None:
        if self.reasons:
            answer = {
                "Error": {"Code": "TransactionCanceledException", "Message": ""},
                "CancellationReasons": [{"Code": "None"}, {"Code": self.reasons.pop(0)}],
            }
            raise ClientError(answer, "TransactWriteItems")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reasons", "confirmed"),
    [
        ([], True),
        (["TransactionConflict"] * 3, True),
        (["TransactionConflict", "ConditionalCheckFailed"], False),
    ],
)
def test_meeting_another_confirmation_is_no_refusal(reasons: list[str], confirmed: bool) -> None:
    client: Any = _Meeting(*reasons)
    refund = Refund(
        "rfd_1", "m_bakery", "pay_1", 5, "EUR", None, RefundState.ASKED, asked_by="a", asked_at=0
    )
    store = RefundStore(client, "table")
    assert store.confirm_alone(refund, "a", 1, limit=10) is confirmed
    client.reasons = ["TransactionConflict"] * 9
    with pytest.raises(ClientError):
        store.confirm_alone(refund, "a", 1, limit=10)


def test_the_table_itself_knows_that_one_person_is_not_two(site: Site) -> None:
    store = RefundStore(site.client, site.read_model)
    refund = Refund(
        "rfd_1", "m_bakery", "pay_1", 5, "EUR", None, RefundState.ASKED, asked_by="a", asked_at=0
    )
    store.ask(refund)
    assert not store.confirm_as_second_person(refund, "a", 1)
    assert store.confirm_as_second_person(refund, "b", 2)
    assert not store.confirm_as_second_person(refund, "c", 3)
    assert not store.refuse(refund, "c", 4)


def test_a_currency_without_a_limit_needs_two(merchant: Merchant) -> None:
    payment_id = merchant.captured(700, currency="JPY")
    with merchant.browser("alice") as alice, merchant.browser("bob") as bob:
        refund = ask_refund(alice, payment_id, "1")
        assert "needs two people" in alice.get(refund).text
        assert "Refund done" in _decide(bob, refund).text
    assert _refunded(merchant, payment_id) == [1]


def test_a_form_sent_twice_asks_once(merchant: Merchant) -> None:
    payment_id = merchant.captured(10_000)
    with merchant.browser() as alice:
        form = form_of(alice.get(f"transactions/{payment_id}").text, "refunds")
        path, data = f"transactions/{payment_id}/refunds", {**form, "amount": SMALL}
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: alice.post(path, data=data), range(4)))
        assert {answer.status_code for answer in answers} == {303}
        assert len({answer.headers["location"] for answer in answers}) == 1
        changed = alice.post(path, data={**data, "amount": "21.00"})
        assert (changed.status_code, "refund_form_used" in changed.text) == (409, True)


def test_a_double_click_charges_once(merchant: Merchant) -> None:
    payment_id = merchant.captured(10_000)
    with merchant.browser() as alice:
        refund = ask_refund(alice, payment_id, SMALL)
        form = form_of(alice.get(refund).text, "confirmation")

        def click(_: int) -> int:
            return alice.post(f"{refund}/confirmation", data=form).status_code

        with ThreadPoolExecutor(5) as pool:
            statuses = set(pool.map(click, range(5)))
        assert statuses <= {303, 409}
        late = alice.post(f"{refund}/confirmation", data=form)
        assert (late.status_code, "refund_decided" in late.text) == (409, True)
        assert "Refund done" in alice.get(refund).text
    assert _refunded(merchant, payment_id) == [2000]


def _lose(_answer: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("the answer is lost")


def _say(status: int, code: str) -> dict[str, Any]:
    return {"statusCode": status, "body": f'{{"code": "{code}"}}'}


UNCERTAIN = {
    "lost": _lose,
    "nonsense": lambda _answer: {"answer": 42},
    "busy": lambda _answer: _say(409, "payment_busy"),
    "throttled": lambda _answer: _say(429, "throttled"),
    "storage": lambda _answer: _say(503, "storage_unavailable"),
    "unknown": lambda _answer: {"statusCode": 202, "body": "{}"},
}


@pytest.mark.parametrize("kind", UNCERTAIN)
def test_an_uncertain_outcome_is_tried_again_and_charged_once(
    merchant: Merchant, kind: str
) -> None:
    payment_id = merchant.captured(10_000)
    functions = merchant.site.functions
    with merchant.browser("alice") as alice, merchant.browser("bob") as bob:
        refund = ask_refund(alice, payment_id, SMALL)
        functions.after = UNCERTAIN[kind]
        assert "Outcome not known yet" in _decide(alice, refund).text
        # Confirmed is confirmed: it can't be refused any more, and anyone may finish it.
        with pytest.raises(LookupError):
            form_of(alice.get(refund).text, "refusal")
        assert "under way" in alice.get("refunds").text
        functions.after = lambda answer: answer
        assert "Refund done" in _decide(bob, refund).text
    keys = {event["headers"]["Idempotency-Key"] for event in merchant.invocations()}
    assert len(keys) == 1
    assert _refunded(merchant, payment_id) == [2000]


def test_a_silent_function_leaves_the_refund_open(merchant: Merchant) -> None:
    payment_id = merchant.captured(10_000)
    wake = threading.Event()

    def wait(_event: dict[str, Any]) -> None:
        wake.wait(20)

    merchant.site.functions.before = wait
    with merchant.browser() as alice:
        refund = ask_refund(alice, payment_id, SMALL)
        assert "Outcome not known yet" in _decide(alice, refund).text
        wake.set()
        merchant.site.functions.before = lambda _event: None
        for _ in range(20):
            page = alice.get(refund).text
            if "Refund done" in page:
                break
            form = form_of(page, "confirmation")
            alice.post(f"{refund}/confirmation", data=form)
        assert "Refund done" in page
    assert _refunded(merchant, payment_id) == [2000]


@pytest.mark.parametrize(
    ("token", "words"),
    [("tok_refund_decline_expired_card", "expired card")],
)
def test_a_decline_ends_the_refund(merchant: Merchant, token: str, words: str) -> None:
    payment_id = merchant.captured(10_000, token=token)
    with merchant.browser() as alice:
        refund = ask_refund(alice, payment_id, SMALL)
        page = _decide(alice, refund).text
        assert "Refund refused" in page
        assert words in page
    assert _refunded(merchant, payment_id) == []


def test_what_another_refund_took_can_not_be_refunded_again(merchant: Merchant) -> None:
    payment_id = merchant.captured(10_000)
    with merchant.browser("alice") as alice, merchant.browser("bob") as bob:
        first = ask_refund(alice, payment_id, LARGE)
        second = ask_refund(alice, payment_id, LARGE)
        assert "Refund done" in _decide(bob, first).text
        page = _decide(bob, second).text
        assert "more than was left to refund" in page
        assert "Refund refused" in page
    assert _refunded(merchant, payment_id) == [8000]


@pytest.mark.parametrize(("session", "button"), [("alice", "Withdraw"), ("bob", "Refuse")])
def test_a_refund_can_be_refused(merchant: Merchant, session: str, button: str) -> None:
    payment_id = merchant.captured(10_000)
    with merchant.browser("alice") as alice, merchant.browser(session) as person:
        refund = ask_refund(alice, payment_id, LARGE)
        page = person.get(refund).text
        assert f">{button}</button>" in page
        form = form_of(person.get(refund).text, "refusal")
        assert "Refund refused" in _decide(person, refund, "refusal").text
        again = person.post(f"{refund}/refusal", data=form)
        assert again.status_code == 409
    with merchant.browser("carol") as carol, pytest.raises(LookupError):
        form_of(carol.get(refund).text, "confirmation")
    assert not merchant.invocations()


def test_a_token_is_bound_to_amount_and_payment(merchant: Merchant) -> None:
    one, two = merchant.captured(10_000), merchant.captured(10_000)
    with merchant.browser() as alice:
        small, large = ask_refund(alice, one, "1.00"), ask_refund(alice, one, "40.00")
        elsewhere = ask_refund(alice, two, "1.00")
        token = form_of(alice.get(small).text, "confirmation")
        for refund in (large, elsewhere):
            assert alice.post(f"{refund}/confirmation", data=token).status_code == 403
        # The stored amount was changed after the page was made.
        refund_id = small.rpartition("/")[2]
        merchant.site.client.update_item(
            TableName=merchant.site.read_model,
            Key={
                "pk": {"S": f"MERCHANT#{merchant.merchant_id}#REFUNDS"},
                "sk": {"S": f"REQUEST#{one}#{refund_id}"},
            },
            UpdateExpression="SET amount = :a",
            ExpressionAttributeValues={":a": {"N": "4900"}},
        )
        assert alice.post(f"{small}/confirmation", data=token).status_code == 403
    assert not merchant.invocations()


@pytest.mark.parametrize("amount", ["100.01", "0", "-5", "1.001", "all", ""])
def test_an_amount_that_cant_be_refunded_is_told(merchant: Merchant, amount: str) -> None:
    payment_id = merchant.captured(10_000)
    with merchant.browser() as alice:
        form = form_of(alice.get(f"transactions/{payment_id}").text, "refunds")
        answer = alice.post(f"transactions/{payment_id}/refunds", data={**form, "amount": amount})
    assert (answer.status_code, "The amount" in answer.text) == (400, True)


def test_only_what_is_captured_offers_a_refund(merchant: Merchant) -> None:
    payment_id = merchant.authorize(1000)
    with merchant.browser() as alice:
        page = alice.get(f"transactions/{payment_id}").text
    assert "Nothing is left to refund" in page
    with pytest.raises(LookupError):
        form_of(page, "refunds")


def test_every_step_is_logged_with_its_person_and_counted(merchant: Merchant) -> None:
    payment_id = merchant.captured(10_000)
    process = merchant.site.process
    before = len(process.lines)
    with merchant.browser("alice") as alice:
        _decide(alice, ask_refund(alice, payment_id, SMALL))
    process.said(1, before, message="refund done", payment_id=payment_id)
    lines = process.lines[before:]
    mine = [line for line in lines if line.get("payment_id") == payment_id]
    assert [line["message"] for line in mine] == ["refund asked", "refund confirmed", "refund done"]
    assert all(line["principal"].endswith("/alice") for line in mine)
    counted: dict[str, int] = {}
    for line in lines:
        for name in ("RefundsAsked", "RefundsConfirmed", "RefundsDone"):
            counted[name] = counted.get(name, 0) + line.get(name, 0)
    assert counted == {"RefundsAsked": 1, "RefundsConfirmed": 1, "RefundsDone": 1}
