"""The HTTP acquirer and its simulator: silence is unknown, repetition is safe, and it is quick."""

from __future__ import annotations

import http.client
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from harness.acquirer.behaviours import Kind, behaviour_of
from payment_core.acquirer import NOT_PROCESSED, Answer, CardSummary, Instruction, Verdict
from payment_core.money import Money
from payment_core.states import OperationType
from transaction_gateway.acquirer_http import HttpAcquirer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.acquirer import AcquirerSimulator

UNKNOWN = Answer(Verdict.UNKNOWN)
APPROVED = Answer(Verdict.APPROVED)


APPROVING = "tok_approve"


def _instruction(token: str = APPROVING, reference: str = "pay_1") -> Instruction:
    money = Money(1000, "EUR")
    kind = OperationType.AUTHORIZE
    return Instruction(reference, kind, "pay_1", "order-1", "m_shop", money, token)


def _look_up(simulator: AcquirerSimulator, path: str) -> tuple[int, object]:
    connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    answer = (response.status, json.loads(response.read()))
    connection.close()
    return answer


def test_a_reference_is_acted_on_once(simulator: AcquirerSimulator) -> None:
    acquirer = HttpAcquirer(simulator.url)
    for _ in range(3):
        assert acquirer.submit(_instruction(), timeout_ms=5000) == APPROVED
    (charge,) = simulator.charges()
    assert (charge.reference, charge.requests, charge.order) == ("pay_1", 3, "order-1")
    assert _look_up(simulator, "/transactions/pay_1") == (200, {"status": "approved"})
    assert _look_up(simulator, "/transactions/pay_2")[0] == 404


def test_a_declined_reference_stays_declined(simulator: AcquirerSimulator) -> None:
    acquirer = HttpAcquirer(simulator.url)
    declined = Answer(Verdict.DECLINED, "insufficient_funds")
    token = "tok_decline_insufficient_funds"
    assert acquirer.submit(_instruction(token), timeout_ms=5000) == declined
    assert acquirer.submit(_instruction(), timeout_ms=5000) == declined


def test_a_closed_reference_is_never_booked(simulator: AcquirerSimulator) -> None:
    acquirer = HttpAcquirer(simulator.url)
    refused = Answer(Verdict.DECLINED, NOT_PROCESSED)
    assert acquirer.resolve("pay_1", timeout_ms=5000) == refused
    assert acquirer.submit(_instruction(), timeout_ms=5000) == refused
    assert simulator.charges() == []


def test_what_arrives_late_is_booked_on_its_own(simulator: AcquirerSimulator) -> None:
    acquirer = HttpAcquirer(simulator.url)
    assert acquirer.submit(_instruction("tok_timeout_late"), timeout_ms=100) == UNKNOWN
    assert simulator.charges() == []
    simulator.deliver_late()
    assert len(simulator.charges()) == 1
    assert acquirer.resolve("pay_1", timeout_ms=5000) == APPROVED


def test_a_timeout_is_kept(simulator: AcquirerSimulator) -> None:
    started = time.monotonic()
    answer = HttpAcquirer(simulator.url).submit(_instruction("tok_timeout_never"), timeout_ms=200)
    assert answer == UNKNOWN
    assert 0.19 <= time.monotonic() - started < 1.0


def test_nobody_listening_is_unknown() -> None:
    assert HttpAcquirer("http://127.0.0.1:9").submit(_instruction(), timeout_ms=300) == UNKNOWN


def test_a_connection_is_kept_and_replaced_when_the_acquirer_closed_it(
    simulator: AcquirerSimulator,
) -> None:
    acquirer = HttpAcquirer(simulator.url)
    for n in range(3):
        token = "tok_dropped_booked" if n == 1 else "tok_approve"
        answer = acquirer.submit(_instruction(token, f"pay_{n}"), timeout_ms=5000)
        assert answer == APPROVED


class _Odd(BaseHTTPRequestHandler):
    """Closes the connection after each answer, as HTTP/1.0 does."""

    status, content = 200, b""
    awake = threading.Event()

    def do_PUT(self) -> None:  # http.server's name
        type(self).awake.wait(2)
        self.send_response(type(self).status)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def odd_acquirer() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Odd)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    _Odd.awake.set()
    yield f"http://127.0.0.1:{server.server_port}"
    _Odd.awake.set()
    server.shutdown()
    server.server_close()


def test_a_new_connection_keeps_the_timeout_of_its_own_request(
    odd_acquirer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Odd, "content", b'{"status": "approved"}')
    acquirer = HttpAcquirer(odd_acquirer)
    assert acquirer.submit(_instruction(), timeout_ms=5000) == APPROVED
    _Odd.awake.clear()
    started = time.monotonic()
    assert acquirer.submit(_instruction(), timeout_ms=100) == UNKNOWN
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"status": "perhaps"}'),
        (200, b'{"status": "declined"}'),
        (200, b'{"status": "approved"}' + b" " * 70_000),
        (201, b'{"status": "approved"}'),
        (302, b'{"status": "approved"}'),
        (401, b'{"status": "declined", "decline_code": "x"}'),
        (500, b'{"status": "approved"}'),
    ],
)
def test_whatever_is_not_an_answer_leaves_the_outcome_unknown(
    odd_acquirer: str, monkeypatch: pytest.MonkeyPatch, status: int, content: bytes
) -> None:
    monkeypatch.setattr(_Odd, "status", status)
    monkeypatch.setattr(_Odd, "content", content)
    assert HttpAcquirer(odd_acquirer).submit(_instruction(), timeout_ms=5000) == UNKNOWN


CARD = {"brand": "visa", "bin": "424242", "last4": "4242", "country": "US"}


@pytest.mark.parametrize("verdict", ['"approved"', '"declined", "decline_code": "x"'])
@pytest.mark.parametrize(
    ("card", "read"),
    [
        (CARD, CardSummary("visa", "424242", "4242", "US")),
        ({**CARD, "country": "QQ"}, CardSummary("visa", "424242", "4242")),
        ({**CARD, "country": 7}, CardSummary("visa", "424242", "4242")),
        ({**CARD, "bin": "4242424242424242"}, None),
        ({**CARD, "last4": "4242424242424242"}, None),
        ({**CARD, "last4": 4242}, None),
        ({**CARD, "brand": "4242 4242"}, None),
        ({"brand": "visa"}, None),
        ([CARD], None),
        (None, None),
    ],
)
def test_what_is_told_of_the_card_is_read_or_left_and_never_changes_the_verdict(
    odd_acquirer: str,
    monkeypatch: pytest.MonkeyPatch,
    verdict: str,
    card: object,
    read: CardSummary | None,
) -> None:
    content = f'{{"status": {verdict}, "card": {json.dumps(card)}}}'
    monkeypatch.setattr(_Odd, "content", content.encode())
    answer = HttpAcquirer(odd_acquirer).submit(_instruction(), timeout_ms=5000)
    assert answer.verdict is not Verdict.UNKNOWN
    assert answer.card == read


@pytest.mark.parametrize(
    ("token", "operation", "kind"),
    [
        ("tok_visa_1a2b", "authorize", Kind.APPROVE),
        ("tok_timeout_never__17", "authorize", Kind.TIMEOUT_NEVER),
        ("tok_timeout_never", "capture", Kind.APPROVE),
        ("tok_refund_error_once", "refund", Kind.ERROR_ONCE),
        ("tok_refund_error_once", "authorize", Kind.APPROVE),
        ("tok_decline_expired_card__x", "authorize", Kind.DECLINE),
        ("tok_decline", "authorize", Kind.APPROVE),
    ],
)
def test_tokens_choose_the_behaviour(token: str, operation: str, kind: Kind) -> None:
    assert behaviour_of(token, operation).kind is kind
