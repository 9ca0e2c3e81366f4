"""Payments move from a legacy backend to the new service, cohort by cohort, and back.

The tests go through the phases in order, as an account does.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from harness.testing import pci, rejects
from rollout.tills import Till
from rollout.under_way import REPOSITORY, split, whole

if TYPE_CHECKING:
    from rollout.under_way import UnderWay

BAKERY, CINEMA, FLORIST = MERCHANTS = ("m_bakery", "m_cinema", "m_florist")
LEGACY, NEW = "legacy", "new"
MOVED_KEY, CAPTURE_KEY = "begun-before-moving", "capture-after-moving"
AMOUNT = 1250
RUNBOOK = REPOSITORY / "docs/runbooks/moving-a-service.md"
PILOTS = whole(FLORIST)
MOST = whole(BAKERY)


def served(under_way: UnderWay) -> dict[str, str]:
    return {merchant: under_way.served_by(merchant) for merchant in MERCHANTS}


def test_everyone_begins_on_legacy(under_way: UnderWay) -> None:
    assert served(under_way) == dict.fromkeys(MERCHANTS, LEGACY)


@pci("7.2.5", "8.3.1")
def test_a_merchant_is_who_signs_on_legacy_too(under_way: UnderWay) -> None:
    florist = under_way.caller(FLORIST)
    assert florist.send("GET", "/payments", merchant_id=BAKERY).status_code == 403
    unsigned = florist.http.get(f"{florist.access.invoke_url}/merchants/{FLORIST}/payments")
    assert unsigned.status_code == 403
    lying = {"x-principal-arn": "arn:aws:sts::444444444444:assumed-role/merchant-m_bakery/x"}
    assert florist.send("GET", "/payments", headers=lying).status_code == 200


def test_card_numbers_dont_go_to_legacy(under_way: UnderWay) -> None:
    answer = under_way.caller(FLORIST).send("POST", "/tokens", {"number": "none"})
    assert "x-served-by" not in answer.headers
    assert answer.json()["code"] != "internal_error"


def test_a_jump_is_refused_by_the_plan_and_changes_nothing(under_way: UnderWay) -> None:
    with rejects(match='payments is "legacy" in this account, and can\'t become "majority"'):
        under_way.plan("majority", most=MOST)
    assert under_way.released() == {"phase": "legacy", "merchants_on_new": []}
    under_way.edge.reload()
    assert served(under_way) == dict.fromkeys(MERCHANTS, LEGACY)


@pytest.mark.parametrize("token", ["tok_approve__moving", "tok_timeout_booked__moving"])
def test_a_payment_begun_on_legacy_isnt_charged_again_on_the_new_service(
    under_way: UnderWay, token: str
) -> None:
    under_way.release("legacy")
    before = len(under_way.acquirer.charges())
    key = f"{MOVED_KEY}-{token}"
    florist = under_way.caller(FLORIST).impatient()
    begun = florist.authorize(AMOUNT, token=token, key=key)
    assert (begun.headers["x-served-by"], begun.status_code) in {("legacy", 201), ("legacy", 202)}

    under_way.release("canary", pilots=PILOTS)
    florist = under_way.caller(FLORIST)
    again = florist.authorize(AMOUNT, token=token, key=key)
    assert "x-served-by" not in again.headers
    assert again.json()["payment_id"] == begun.json()["payment_id"]
    assert again.status_code == 201
    assert len(under_way.acquirer.charges()) == before + 1
    captured = florist.capture(begun.json()["payment_id"], AMOUNT, key=f"{CAPTURE_KEY}-{token}")
    assert captured.status_code == 200
    assert len(under_way.acquirer.charges()) == before + 2  # authorization and capture

    # Back: what the new service did is known on legacy.
    under_way.release("legacy")
    repeated = under_way.caller(FLORIST).capture(
        begun.json()["payment_id"], AMOUNT, key=f"{CAPTURE_KEY}-{token}"
    )
    assert repeated.headers["x-served-by"] == "legacy"
    assert repeated.headers["idempotency-replayed"] == "true"
    assert len(under_way.acquirer.charges()) == before + 2


def test_tills_go_on_while_their_merchants_move_and_every_order_is_charged_once(
    under_way: UnderWay,
) -> None:
    under_way.release("legacy")
    before = {charge.reference for charge in under_way.acquirer.charges()}
    tills = {merchant: Till(under_way.caller(merchant)) for merchant in MERCHANTS}
    with ExitStack() as open_tills:
        for till in tills.values():
            open_tills.enter_context(till)
        under_way.release("canary", pilots=PILOTS)
        under_way.release("canary", pilots=PILOTS, shops=split(60, BAKERY, CINEMA))
    for till in tills.values():
        till.repeat_everything()
    under_way.release("legacy")
    for till in tills.values():
        till.repeat_everything()

    assert [failure for till in tills.values() for failure in till.failures] == []
    assert tills[BAKERY].sides.keys() == {LEGACY}
    assert tills[CINEMA].sides.keys() == tills[FLORIST].sides.keys() == {LEGACY, NEW}
    orders = [order.name for till in tills.values() for order in till.payments]
    assert len(orders) > len(MERCHANTS)
    charged = Counter(
        (charge.order, charge.type)
        for charge in under_way.acquirer.charges()
        if charge.reference not in before
    )
    assert charged == {
        (order, operation): 1 for order in orders for operation in ("authorize", "capture")
    }


def test_a_cohort_moves_first_and_nobody_else(under_way: UnderWay) -> None:
    under_way.release("canary", pilots=PILOTS)
    assert served(under_way) == {BAKERY: LEGACY, CINEMA: LEGACY, FLORIST: NEW}


def test_weights_move_more_of_a_cohort_once_another_moved_as_a_whole(under_way: UnderWay) -> None:
    with rejects(match="Move a whole cohort"):
        under_way.plan("canary", shops=split(60, BAKERY, CINEMA))
    under_way.release("canary", pilots=PILOTS, shops=split(60, BAKERY, CINEMA))
    assert served(under_way) == {BAKERY: LEGACY, CINEMA: NEW, FLORIST: NEW}
    under_way.release("majority", pilots=PILOTS, shops=split(90, BAKERY, CINEMA))
    assert served(under_way) == dict.fromkeys(MERCHANTS, NEW)
    under_way.release("canary", pilots=PILOTS, shops=split(50, BAKERY, CINEMA))
    assert served(under_way) == {BAKERY: LEGACY, CINEMA: LEGACY, FLORIST: NEW}


def test_the_runbooks_query_tells_both_sides(under_way: UnderWay) -> None:
    written = RUNBOOK.read_text(encoding="utf-8")
    (query,) = re.findall(r"```text\n(stats .*?)\n```", written, re.DOTALL)
    paths = {row["resource_path"] for row in under_way.access_log(query) if row["status"] == "200"}
    assert {"/merchants/m_cinema/{proxy+}", "/merchants/{merchant_id}/payments"} <= paths


def test_the_majority_goes_and_comes_back(under_way: UnderWay) -> None:
    under_way.release("majority", pilots=PILOTS, most=MOST)
    assert served(under_way) == {BAKERY: NEW, CINEMA: LEGACY, FLORIST: NEW}
    under_way.release("canary", pilots=PILOTS)
    assert served(under_way) == {BAKERY: LEGACY, CINEMA: LEGACY, FLORIST: NEW}
    under_way.release("majority", pilots=PILOTS, most=MOST)


def test_new_serves_everyone_and_can_go_back(under_way: UnderWay) -> None:
    under_way.release("new")
    assert served(under_way) == dict.fromkeys(MERCHANTS, NEW)
    under_way.release("majority", pilots=PILOTS, most=MOST)
    assert under_way.served_by(CINEMA) == LEGACY
    under_way.release("new")


def test_decommissioned_leaves_no_way_to_legacy(under_way: UnderWay) -> None:
    assert under_way.vpc_links() == ["payments-dev-legacy-payments"]
    under_way.release("decommissioned")
    assert served(under_way) == dict.fromkeys(MERCHANTS, NEW)
    assert under_way.vpc_links() == []
    assert not [path for path in under_way.deployed_paths() if "m_" in path or "proxy" in path]
    with rejects(match='payments is "decommissioned" in this account, and can\'t become "new"'):
        under_way.plan("new")
