"""Who may see what: identity headers, the path's merchant, and ids of others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.dashboard import ask_refund, form_of, person
from harness.payments import ACCOUNT
from merchant_dashboard.routes import ROUTES

if TYPE_CHECKING:
    import httpx

    from harness.dashboard import Merchant

NOBODYS_PAYMENT = "pay_" + "a" * 26
NOBODYS_REFUND = "rfd_" + "b" * 26


def _said(answer: httpx.Response) -> tuple[int, str]:
    """What an answer says, apart from the request's number."""
    text = re.sub(r"request [A-Za-z0-9-]+", "request", answer.text)
    return answer.status_code, text


def _paths(merchant_id: str, payment_id: str) -> list[tuple[str, str]]:
    values = {"payment_id": payment_id, "refund_id": NOBODYS_REFUND, "file": "dashboard.css"}
    return [(method, path.format(merchant_id=merchant_id, **values)) for method, path in ROUTES]


def test_another_merchants_pages_look_like_those_of_nobody(
    merchant: Merchant, other: Merchant
) -> None:
    theirs = other.captured(900)
    with merchant.site.process.client(person(merchant.merchant_id)) as browser:
        real = _paths(other.merchant_id, theirs)
        made_up = _paths("m_nobody99", theirs)
        for (method, there), (_, nowhere) in zip(real, made_up, strict=True):
            got, expected = browser.request(method, there), browser.request(method, nowhere)
            assert _said(got) == _said(expected), there
            assert got.status_code == 404
            assert other.merchant_id not in got.text


def test_another_merchants_payment_is_no_payment(merchant: Merchant, other: Merchant) -> None:
    theirs = other.captured(900, reference="their-secret-order")
    with merchant.browser() as mine:
        for path in ("transactions/{}", f"transactions/{{}}/refunds/{NOBODYS_REFUND}"):
            got, expected = mine.get(path.format(theirs)), mine.get(path.format(NOBODYS_PAYMENT))
            assert _said(got) == _said(expected)
            assert got.status_code == 404
        for query in (f"q={theirs}", "q=their", "amount_from=9&amount_to=9", "state=captured"):
            found = mine.get(f"transactions?{query}", follow_redirects=True)
            assert "their-secret-order" not in found.text
        assert "their-secret-order" not in mine.get("exports/transactions").text
        assert "9.00" not in mine.get("reconciliation").text


def test_another_merchants_refund_cant_be_confirmed(merchant: Merchant, other: Merchant) -> None:
    theirs = other.captured(900)
    with other.browser() as them, merchant.browser() as me:
        refund = ask_refund(them, theirs, "5.00")
        token = form_of(them.get(refund).text, "confirmation")["csrf"]
        answer = me.post(f"{refund}/confirmation", data={"csrf": token})
        assert answer.status_code == 404
        them_again = them.get(refund)
    assert "Confirm the refund" in them_again.text
    assert not merchant.site.functions.events


def test_a_cursor_is_its_lists_own(merchant: Merchant, other: Merchant) -> None:
    for n in range(51):
        other.authorize(100 + n)
    other.project()
    with other.browser() as them, merchant.browser() as me:
        link = re.search(r'href="([^"]*cursor=[^"]*)"', them.get("transactions").text)
        assert link is not None
        there = link[1].replace("&amp;", "&")
        assert them.get(there).status_code == 200
        for query in (there, there + "&state=captured"):
            stolen = me.get(query)
            assert (
                stolen.status_code,
                "of another list" in stolen.text or "another list" in stolen.text,
            ) == (400, True)
        assert them.get(there + "&state=captured").status_code == 400


WRONG_HEADERS: list[dict[str, Any]] = [
    {"x-principal-arn": None},
    {"x-account-id": None},
    {"x-api-key-id": None},
    {"x-principal-arn": "arn:aws:iam::444444444444:user/alice"},
    {"x-principal-arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/alice"},
    {"x-principal-arn": "arn:aws:sts::999999999999:assumed-role/merchant-{m}/alice"},
    {"x-principal-arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/merchant-{{m}}/a/b"},
    {"x-account-id": "999999999999"},
    {"x-api-key-id": "key-of-another"},
    {"x-api-key-id": ""},
]


@pytest.mark.parametrize("wrong", WRONG_HEADERS, ids=lambda wrong: str(next(iter(wrong.items()))))
def test_headers_that_dont_fit_are_refused(merchant: Merchant, wrong: dict[str, Any]) -> None:
    headers = person(merchant.merchant_id)
    for name, value in wrong.items():
        if value is None:
            del headers[name]
        else:
            headers[name] = value.format(m=merchant.merchant_id)
    path = f"/merchants/{merchant.merchant_id}/overview"
    with merchant.site.process.client(headers) as browser:
        assert browser.get(path).status_code == 403


def test_an_identity_that_came_twice_is_none(merchant: Merchant, other: Merchant) -> None:
    headers = [*person(merchant.merchant_id).items()]
    headers.append(("x-principal-arn", person(other.merchant_id)["x-principal-arn"]))
    with merchant.site.process.client({}) as browser:
        path = f"/merchants/{merchant.merchant_id}/overview"
        assert browser.get(path, headers=headers).status_code == 403
