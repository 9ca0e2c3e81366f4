"""What a stage tries with a deployed API, and that it sees an API that is broken."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials

from harness.testing import pci
from promotion import contract
from promotion.__main__ import BROKEN, main
from promotion.errors import Refused
from promotion.merchant import Answer, Merchant

if TYPE_CHECKING:
    from collections.abc import Iterator


def merchant(invoke_url: str) -> Merchant:
    return Merchant("m_bakery", invoke_url, "eu-west-1", Credentials("A", "S", "T"), "key")


@pytest.fixture
def answers_all() -> Iterator[str]:
    """An API that authorizes whatever comes, from whomever."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"payment_id": "pay_1"}'
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pci("6.5.1")
def test_an_api_that_lets_everybody_in_is_refused(answers_all: str) -> None:
    with pytest.raises(Refused) as caught:
        list(contract.keeps(merchant(answers_all), stranger="m_florist"))
    assert caught.value.rule == "contract"
    assert "an unsigned request is refused: the answer was 201" in caught.value.evidence


def test_one_payment_that_fails_under_load_is_refused() -> None:
    with pytest.raises(Refused, match="4 payments at once are authorized \\(4 not\\)"):
        contract.under_load(merchant("http://127.0.0.1:9"), 4)


def test_versions_that_are_gone_are_not_called() -> None:
    states = {"v10/payments": "active", "v2/payments": "deprecated", "v1/payments": "retired"}
    apis = {path: {"state": state} for path, state in states.items()} | {
        "v1/fraud": {"state": "active"}
    }
    assert contract.versions_of({"apis": apis}) == ["v2", "v10"]


def test_production_is_not_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contract", "production"]) == BROKEN
    assert "it would charge real cards" in capsys.readouterr().err


class Answers:
    """A merchant whose payments are answered with these statuses, in turn."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = iter(statuses)

    def authorize(self) -> Answer:
        return Answer(next(self._statuses), {}, {"state": "unknown"})


def test_a_few_outcomes_may_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "_LOAD_THREADS", 1)
    few: Any = Answers(*[201] * 39, 202)
    assert "40 payments, 1 at a time, 1 unknown: half within" in contract.under_load(few, 40)
    many: Any = Answers(*[201] * 30, *[202] * 10)
    with pytest.raises(Refused, match="of 40 payments at once few have an unknown outcome"):
        contract.under_load(many, 40)
