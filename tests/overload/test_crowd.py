"""Hundreds of transactions in flight at once: each charged once, and the ledger sums to zero."""

from __future__ import annotations

import resource
from dataclasses import replace

import pytest

from harness.overload.crowd import Crowd, CrowdError, allow_files, run_crowd
from harness.overload.memory_store import MemoryStore
from harness.overload.tally import Tally
from payment_core.money import Money
from payment_core.payment import Lease, Operation, Payment, opened
from payment_core.states import OperationType

CROWD = 300


@pytest.fixture(scope="module")
def crowd(territory: str) -> Crowd:  # noqa: ARG001 - one embedded AWS at a time
    return run_crowd(CROWD)


def test_all_were_in_flight_and_each_was_charged_once(crowd: Crowd) -> None:
    assert crowd.faults == []
    assert crowd.books["peak"] == CROWD
    assert crowd.copies == CROWD // 10


def test_copies_were_told_to_wait_and_then_what_the_first_was_told(crowd: Crowd) -> None:
    assert crowd.tally.statuses["409"] > 0
    assert crowd.replayed >= crowd.copies


@pytest.mark.parametrize(
    ("books", "fault"),
    [
        ({"peak": CROWD - 1}, "transactions at the acquirer at one time: 299, not 300"),
        ({"authorizations": CROWD + 1}, "authorizations charged: 301, not 300"),
        ({"asked_again": 2}, "repetitions that reached the acquirer: 2, not 0"),
        ({"ledger_sum": 5}, "sum of the ledger: 5, not 0"),
        ({"states": {"captured": 299, "authorized": 1}}, "payments captured, by state"),
    ],
)
def test_books_that_are_wrong_are_faults(
    crowd: Crowd, books: dict[str, object], fault: str
) -> None:
    wrong = replace(crowd, books={**crowd.books, **books})
    assert len(wrong.faults) == 1
    assert wrong.faults[0].startswith(fault)


def test_a_lost_transaction_is_a_fault(crowd: Crowd) -> None:
    assert replace(crowd, tally=Tally.of([], 1)).faults == []
    assert replace(crowd, orders=CROWD - 1).faults == ["orders answered: 299, not 300"]


def test_a_machine_with_too_few_files_says_what_to_do() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this machine bounds no files")
    with pytest.raises(CrowdError, match=rf"allows {hard}: raise the hard limit"):
        allow_files(hard + 1)


def _payment(lease: Lease) -> Payment:
    operation = Operation("pay_1", OperationType.AUTHORIZE, Money(100, "EUR"), "hash", 1)
    return opened(
        operation, lease, merchant_id="m_1", reference="order-1", token="tok_approve", brand=None
    )


def test_the_store_in_memory_keeps_what_came_first() -> None:
    store = MemoryStore()
    first, second = _payment(Lease("a", 10)), _payment(Lease("b", 10))
    assert store.create(first).done
    taken = store.create(second)
    assert (taken.done, taken.payment) == (False, first)
    assert store.take_over(first, Lease("c", 20)).done
    assert not store.take_over(first, Lease("d", 20)).done
    assert not store.save(replace(first, version=2), "pay_1").done
    assert store.save(replace(first, version=3), "pay_1").done
