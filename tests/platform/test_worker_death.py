"""The worker is killed at every write; each request sent again charges once."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from harness.caller import another_card
from harness.demo import books

if TYPE_CHECKING:
    import httpx

    from harness.aws.calls import Call
    from harness.caller import Caller
    from harness.platform import Platform

AMOUNT = 1000
OPERATIONS = ("authorize", "capture", "void", "refund")
WRITES = ("PutItem", "UpdateItem")
# Every operation writes what it is about to ask, asks the acquirer, and writes the outcome.
BOUNDARIES = [(when, nth) for nth in (1, 2) for when in ("before", "after")]


@dataclass
class Case:
    """One request that a death interrupted."""

    operation: str
    boundary: str
    path: str
    body: dict[str, object]
    key: str


def test_each_interrupted_request_charges_once(platform: Platform, caller: Caller) -> None:
    cases = [
        _interrupt(platform, caller, f"death-{number}", operation, when, nth)
        for number, (operation, (when, nth)) in enumerate(product(OPERATIONS, BOUNDARIES))
    ]
    answers = [_send_until_settled(caller, case) for case in cases]

    for case, answer in zip(cases, answers, strict=True):
        assert answer.status_code in (200, 201), (case, answer.text)
        again = caller.send("POST", case.path, case.body, key=case.key)
        assert again.headers["Idempotency-Replayed"] == "true", case
        assert again.content == answer.content, case
        charges = [
            charge
            for charge in platform.acquirer.charges()
            if charge.type == case.operation and charge.payment_id == answer.json()["payment_id"]
        ]
        assert len(charges) == 1, case
        assert case.operation == "void" or charges[0].amount == AMOUNT
    orders = Counter(
        charge.order for charge in platform.acquirer.charges() if charge.type == "authorize"
    )
    assert [orders[order] for order in (f"death-{number}" for number in range(len(cases)))] == [
        1
    ] * len(cases)
    _assert_books_balance(platform, caller.access.merchant_id)


def _interrupt(
    platform: Platform, caller: Caller, order: str, operation: str, when: str, nth: int
) -> Case:
    """Send a request whose worker dies at one boundary of its writes."""
    path, body = _request(caller, order, operation)
    case = Case(operation, f"{when} write {nth}", path, body, str(uuid.uuid4()))
    table = platform.outputs["tables"]["transactions"]["name"]
    function = platform.outputs["functions"]["transaction_gateway"]["name"]

    def is_write(call: Call) -> bool:
        return call.service == "dynamodb" and call.action in WRITES and call.resource == table

    def kill(_: Call) -> None:
        for pid in platform.edge.worker_pids(function):
            os.kill(pid, signal.SIGKILL)

    plan = platform.aws.faults.before if when == "before" else platform.aws.faults.after
    with plan(is_write, kill, nth) as fault:
        answer = caller.impatient().send("POST", case.path, case.body, key=case.key)
    assert fault.fired.is_set(), case
    assert (answer.status_code, answer.json()["code"]) == (502, "integration_failed"), case
    assert answer.json()["retryable"] is True
    return case


def _request(caller: Caller, order: str, operation: str) -> tuple[str, dict[str, object]]:
    money: dict[str, object] = {"amount": AMOUNT, "currency": "EUR"}
    if operation == "authorize":
        method = {"token": another_card(order)}
        return "/payments", {**money, "reference": order, "payment_method": method}
    payment_id = caller.authorized(AMOUNT, reference=order)
    if operation == "refund":
        assert caller.capture(payment_id, AMOUNT).status_code == 200
    names = {"capture": "captures", "void": "void", "refund": "refunds"}
    return f"/payments/{payment_id}/{names[operation]}", {} if operation == "void" else money


def _send_until_settled(caller: Caller, case: Case) -> httpx.Response:
    """Repeat the request as `Retry-After` says; the dead worker's lease ends by itself."""
    give_up = time.monotonic() + 300
    while True:
        answer: httpx.Response = caller.send("POST", case.path, case.body, key=case.key)
        if answer.status_code != 409:
            return answer
        assert answer.json()["code"] == "request_in_progress", answer.text
        assert time.monotonic() < give_up, case
        time.sleep(min(int(answer.headers["Retry-After"]), 5))


def _assert_books_balance(platform: Platform, merchant_id: str) -> None:
    items = books.stored_payments(
        platform.aws.client("dynamodb", platform.account_id),
        platform.outputs["tables"]["transactions"]["name"],
        merchant_id,
    )
    sums = Counter(books.ledger_sums(items))
    assert sums, "no money moved, so there is nothing to prove"
    assert not any(sums.values())
    ledger = books.positions_of_ledger(items)
    acquirer = books.positions_of_acquirer(platform.acquirer.settlement(), merchant_id)
    moved = {name: at for name, at in ledger.items() if at.captured or at.refunded}
    assert moved == {name: at for name, at in acquirer.items() if at.captured or at.refunded}
