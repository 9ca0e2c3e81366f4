"""Listing a merchant's payments page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.payments import COLLECTION, MERCHANT
from harness.testing import pci

if TYPE_CHECKING:
    from harness.payments import Gateway

OTHER = "m_othershop"


def test_pages_hold_every_payment_once(gateway: Gateway) -> None:
    made = {gateway.authorize(key=f"key-{n}").body["payment_id"] for n in range(7)}
    gateway.authorize(key="key-declined", token="tok_decline_expired_card")

    seen: list[str] = []
    query: dict[str, str] = {"limit": "3"}
    for _ in range(4):
        # Any worker reads any worker's cursor.
        page = gateway.another_worker().call("GET", COLLECTION, query=query).body
        seen += [payment["payment_id"] for payment in page["payments"]]
        assert len(page["payments"]) <= 3
        if "next_cursor" not in page:
            break
        query["cursor"] = page["next_cursor"]

    assert len(seen) == len(set(seen)) == 8
    assert made <= set(seen)


@pci("7.2.5")
def test_a_cursor_is_its_merchants_own(gateway: Gateway) -> None:
    gateway.table.put_profile(OTHER, f"key-{OTHER}")
    for n in range(2):
        gateway.authorize(key=f"key-{n}")
    cursor = gateway.call("GET", COLLECTION, query={"limit": "1"}).body["next_cursor"]
    assert MERCHANT not in cursor

    stolen = gateway.call("GET", COLLECTION, merchant_id=OTHER, query={"cursor": cursor})
    assert (stolen.status, stolen.body["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.0", "ten", "", "1e1", "٣"])
def test_a_bad_limit_is_named(gateway: Gateway, limit: str) -> None:
    answer = gateway.call("GET", COLLECTION, query={"limit": limit})
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert answer.body["errors"][0]["field"] == "limit"


def test_a_merchant_without_payments_has_an_empty_page(gateway: Gateway) -> None:
    answer = gateway.call("GET", COLLECTION)
    assert (answer.status, answer.body) == (200, {"payments": []})
