"""The simulated acquirer's server.

``PUT /transactions/{reference}`` acts, once for a reference; ``GET`` looks it up; ``POST
/transactions/{reference}/close`` looks it up for good, so that what wasn't booked never is.
``PUT /cards/{token}`` makes a token stand for a card, which then behaves as its number is known for
(see ``harness.acquirer.cards``); ``GET`` shows it without its number, which isn't kept.
``GET /charges`` and ``GET /settlement`` are the acquirer's files.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

from harness.acquirer.behaviours import Behaviour, Kind, behaviour_of
from harness.acquirer.book import Book, Charge, Record, SettlementLine
from harness.acquirer.cards import Cards, RefusedCardError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_TRANSACTION = re.compile(r"/transactions/([A-Za-z0-9_-]{1,64})(/close)?")
_CARD = re.compile(r"/cards/(tok_[A-Za-z0-9_]{4,64})")
_INSTRUCTION_FIELDS = {"type", "payment_id", "order", "merchant_id", "amount", "currency", "token"}
_SILENCE_S = 60.0


class AcquirerSimulator:
    """A simulated acquirer on 127.0.0.1, on a free port unless one is given.

    Use it as a context manager, or ``close`` it. ``late_after_s`` is when a ``timeout_late``
    transaction is booked on its own.
    """

    def __init__(self, *, port: int = 0, late_after_s: float = 3.0) -> None:
        self.book = Book()
        self.cards = Cards()
        self._late_after_s = late_after_s
        self._late: dict[str, threading.Timer] = {}
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.simulator = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def charges(self) -> list[Charge]:
        """List everything that was booked."""
        return self.book.charges()

    def settlement(self) -> list[SettlementLine]:
        """Sum what was booked by merchant, currency and payment."""
        return self.book.settlement()

    def deliver_late(self) -> None:
        """Book now what ``timeout_late`` transactions are waiting to book."""
        for timer in list(self._late.values()):
            timer.cancel()
            timer.function(*timer.args)

    def close(self) -> None:
        """Stop listening and drop every connection that waits for an answer."""
        self._closing.set()
        for timer in self._late.values():
            timer.cancel()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def act(self, reference: str, instruction: dict[str, Any]) -> tuple[int, Record] | None:
        """Deal with an instruction: status and answer, or None to drop the connection."""
        requested = self.book.requested(reference)
        known = self.book.find(reference)
        if known is not None:
            return 200, known
        card = self.cards.find(instruction["token"])
        acts_as = card.behaves_as if card else instruction["token"]
        summary = card.summary() if card else None
        behaviour = behaviour_of(acts_as, instruction["type"])
        match behaviour.kind:
            case Kind.ERROR_ALWAYS:
                return 503, {"error": "unavailable"}
            case Kind.ERROR_ONCE if requested == 1:
                return 503, {"error": "unavailable"}
            case Kind.TIMEOUT_NEVER | Kind.TIMEOUT_LATE | Kind.TIMEOUT_BOOKED:
                self._stay_silent(behaviour.kind, reference, instruction, summary)
                return None
            case Kind.DROPPED_BOOKED:
                self.book.approve(reference, instruction, summary)
                return None
        return 200, self._answer(behaviour, reference, instruction, summary)

    def _answer(
        self,
        behaviour: Behaviour,
        reference: str,
        instruction: dict[str, Any],
        card: dict[str, str] | None,
    ) -> Record:
        if behaviour.decline_code is not None:
            return self.book.decline(reference, behaviour.decline_code, card)
        return self.book.approve(reference, instruction, card)

    def _stay_silent(
        self,
        kind: Kind,
        reference: str,
        instruction: dict[str, Any],
        card: dict[str, str] | None,
    ) -> None:
        if kind is Kind.TIMEOUT_BOOKED:
            self.book.approve(reference, instruction, card)
        elif kind is Kind.TIMEOUT_LATE and reference not in self._late:
            timer = threading.Timer(
                self._late_after_s, self.book.approve, (reference, instruction, card)
            )
            timer.daemon = True
            self._late[reference] = timer
            timer.start()
        self._closing.wait(_SILENCE_S)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    simulator: AcquirerSimulator


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024  # one write for headers and body

    def do_PUT(self) -> None:  # http.server's name
        if card := _CARD.fullmatch(self.path):
            self._send(*self._registered(card[1]))
            return
        reference, closing = self._transaction()
        instruction = self._body()
        if reference is None or closing:
            self._send(404, {"error": "no such resource"})
        elif instruction is None or not instruction.keys() >= _INSTRUCTION_FIELDS:
            self._send(400, {"error": f"send {', '.join(sorted(_INSTRUCTION_FIELDS))}"})
        else:
            answer = self._simulator.act(reference, instruction)
            if answer is None:
                self.close_connection = True
            else:
                self._send(*answer)

    def do_POST(self) -> None:  # http.server's name
        reference, closing = self._transaction()
        self._body()
        if reference is None or not closing:
            self._send(404, {"error": "no such resource"})
        else:
            self._send(200, self._simulator.book.close(reference))

    def do_GET(self) -> None:  # http.server's name
        reference, _ = self._transaction()
        record = self._simulator.book.find(reference) if reference else None
        if self.path == "/charges":
            self._send(200, [asdict(charge) for charge in self._simulator.charges()])
        elif self.path == "/settlement":
            self._send(200, [asdict(line) for line in self._simulator.settlement()])
        elif (card := self._card()) is not None:
            self._send(200, card)
        elif record is not None:
            self._send(200, record)
        else:
            self._send(404, {"error": "no such resource"})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Stay quiet: the caller's tests print."""

    @property
    def _simulator(self) -> AcquirerSimulator:
        return cast("_Server", self.server).simulator

    def _transaction(self) -> tuple[str | None, bool]:
        match = _TRANSACTION.fullmatch(self.path)
        return (match[1], match[2] is not None) if match else (None, False)

    def _card(self) -> dict[str, object] | None:
        """Show the card that the path names."""
        match = _CARD.fullmatch(self.path)
        card = self._simulator.cards.find(match[1]) if match else None
        if card is None:
            return None
        expiry = {"expiry_month": card.expiry_month, "expiry_year": card.expiry_year}
        return {**card.summary(), **expiry}

    def _registered(self, token: str) -> tuple[int, dict[str, str]]:
        """Register the body's card; no answer tells its number."""
        match self._body():
            case {"number": str(number), "expiry_month": int(month), "expiry_year": int(year)}:
                try:
                    registered = self._simulator.cards.register(token, number, month, year)
                except RefusedCardError:
                    return 422, {"status": "refused"}
                except ValueError as error:
                    return 400, {"error": str(error)}
                if registered:
                    return 200, {"status": "registered"}
                return 409, {"error": "the token stands for another card"}
        return 400, {"error": "send number, expiry_month, expiry_year"}

    def _body(self) -> dict[str, Any] | None:
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def _send(self, status: int, document: object) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
