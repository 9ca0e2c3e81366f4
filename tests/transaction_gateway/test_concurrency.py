"""Many at once: duplicate storms, captures racing for one amount, sweepers racing clients."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from harness.payments import MERCHANT
from payment_core.acquirer import Answer as AcquirerAnswer
from payment_core.acquirer import Verdict
from payment_core.money import Money
from payment_core.payment import Lease, Operation, concluded
from payment_core.states import OperationType

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.acquirer import AcquirerSimulator
    from harness.payments import Answer, Gateway

THREADS = 8


def _at_once(gateway: Gateway, count: int, ask: Callable[[Gateway, int], Answer]) -> list[Answer]:
    """Ask ``count`` times, each from a worker of its own."""
    workers = [gateway.another_worker() for _ in range(count)]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(ask, workers, range(count)))


def test_a_storm_of_duplicates_charges_once(gateway: Gateway, simulator: AcquirerSimulator) -> None:
    answers = _at_once(gateway, 24, lambda worker, _: worker.authorize(1000, key="the-key"))

    outcomes = Counter(answer.status for answer in answers)
    assert outcomes.keys() <= {201, 409}
    assert outcomes[201] >= 1
    assert len({answer.text for answer in answers if answer.status == 201}) == 1
    assert sum(answer.status == 201 and not answer.replayed for answer in answers) == 1
    (charge,) = simulator.charges()
    assert charge.requests == 1
    assert gateway.authorize(1000, key="the-key").replayed


def test_concurrent_captures_never_exceed_the_authorization(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    payment_id = gateway.authorize(1000).body["payment_id"]
    capture = lambda worker, n: worker.operate(  # noqa: E731
        "captures", payment_id, 300, key=f"capture-{n}"
    )
    for _ in range(4):
        answers = _at_once(gateway, 8, capture)
        assert {answer.status for answer in answers} <= {200, 409, 422}

    payment = gateway.get(payment_id).body
    assert payment["captured_amount"] == 900
    assert sum(charge.type == "capture" for charge in simulator.charges()) == 3
    refused = gateway.operate("captures", payment_id, 300)
    assert (refused.status, refused.body["code"]) == (422, "amount_exceeds_remaining")


def test_a_capture_and_a_void_at_once_leave_one_of_them(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    for n in range(6):
        payment_id = gateway.authorize(1000, key=f"payment-{n}").body["payment_id"]
        _at_once(
            gateway,
            2,
            lambda worker, i, payment_id=payment_id: worker.operate(  # type: ignore[misc]
                *[("captures", payment_id, 1000), ("void", payment_id)][i]
            ),
        )
    done = Counter(charge.payment_id for charge in simulator.charges())
    assert set(done.values()) == {2}, "the authorization and one of the two"


@pytest.mark.parametrize(
    ("kind", "amount"), [(OperationType.CAPTURE, 501), (OperationType.REFUND, 501)]
)
def test_the_condition_itself_refuses_more_than_remains(
    gateway: Gateway, kind: OperationType, amount: int
) -> None:
    """Not the code around it: the store is asked directly, with a stale idea of what remains."""
    payment_id = gateway.authorize(1000).body["payment_id"]
    gateway.operate("captures", payment_id, 500)
    operation = Operation("op_x", kind, Money(amount, "EUR"), "hash", gateway.clock())

    attempt = gateway.application.store.begin(
        MERCHANT, payment_id, operation, Lease("claim", gateway.clock() + 1000)
    )

    assert not attempt.done
    assert attempt.payment is not None
    assert "op_x" not in attempt.payment.operations


def test_only_one_of_many_finishes_an_unknown_payment(
    gateway: Gateway, simulator: AcquirerSimulator
) -> None:
    """Clients repeating and sweepers sweeping at once: one outcome, one charge."""
    unknown = gateway.authorize(1000, key="the-key", token="tok_timeout_booked")
    assert (unknown.status, unknown.body["state"]) == (202, "unknown")

    workers = [gateway.another_worker() for _ in range(8)]
    with ThreadPoolExecutor(THREADS) as pool:
        sweeps = [pool.submit(worker.sweep) for worker in workers[:4]]
        repeats = [
            pool.submit(worker.authorize, 1000, key="the-key", token="tok_timeout_booked")
            for worker in workers[4:]
        ]
    answers = [repeat.result() for repeat in repeats]

    resolved = sum(sweep.result()["resolved"] for sweep in sweeps)
    fresh = sum(answer.status == 201 and not answer.replayed for answer in answers)
    assert resolved + fresh == 1
    assert {answer.status for answer in answers} <= {201, 409}
    assert len(simulator.charges()) == 1
    payment = gateway.get(unknown.body["payment_id"]).body
    assert (payment["state"], payment["version"]) == ("authorized", 4)


def test_a_worker_that_was_taken_over_answers_the_others_outcome(gateway: Gateway) -> None:
    """It hung past its lease, and may neither overwrite the outcome nor answer another one."""
    second = gateway.another_worker()
    answers = []

    def hang(_action: str, write: int) -> None:
        if write == 2:
            gateway.table.forget_calls()
            gateway.clock.advance(11_000)
            answers.append(second.authorize(1000, key="the-key"))

    gateway.table.before = hang
    late = gateway.authorize(1000, key="the-key")

    assert answers[0].status == late.status == 201
    assert answers[0].text == late.text
    assert late.replayed


def test_of_two_that_found_the_same_version_one_gets_the_lease(gateway: Gateway) -> None:
    gateway.authorize(1000, token="tok_timeout_booked")
    store = gateway.application.store
    (found,) = store.unresolved(gateway.clock())

    attempts = [store.take_over(found, Lease(claim, gateway.clock() + 1000)) for claim in "ab"]

    assert [attempt.done for attempt in attempts] == [True, False]
    assert attempts[1].payment is not None
    assert attempts[1].payment.lease.claim == "a"


def test_a_worker_that_lost_its_lease_writes_nothing(gateway: Gateway) -> None:
    """Its timeout comes in while another asks the acquirer: the other's lease must stand."""
    payment_id = gateway.authorize(1000, token="tok_timeout_booked").body["payment_id"]
    store = gateway.application.store
    (mine,) = store.unresolved(gateway.clock())
    other = store.take_over(mine, Lease("other", gateway.clock() + 1000)).payment

    attempt = store.save(
        concluded(mine, AcquirerAnswer(Verdict.UNKNOWN), gateway.clock()), payment_id
    )

    assert not attempt.done
    assert store.get(MERCHANT, payment_id) == other
