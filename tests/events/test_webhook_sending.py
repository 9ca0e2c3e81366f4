"""An event reaches its merchant, signed, or the queue keeps it: whatever the endpoint does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from events.account import MOST_RECEIVES
from events.merchant_endpoint import (
    HOST,
    Flood,
    MerchantEndpoint,
    answers,
    dribbles,
    hangs,
    hurries_slowly,
    never_ends_its_body,
    sends,
)
from events.test_signatures import verify
from events.webhooks import SECRET, URL, Webhooks, detail, record, secret_value
from harness.aws import AwsError
from harness.payments import MERCHANT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws.calls import Call

NEW_SECRET = "n" * 40
SHORT_MS = 500
INWARD = "Location: http://169.254.169.254/latest/meta-data/\r\n"


def _metrics(text: str) -> list[dict[str, Any]]:
    """Give the values of each metric line."""
    lines = [json.loads(line) for line in text.splitlines()]
    found = []
    for line in lines:
        if "_aws" in line:
            (directive,) = line["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "Payments/WebhookSender"
            found.append({metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]})
    return found


def test_an_event_arrives_signed(
    webhooks: Webhooks, endpoint: MerchantEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert webhooks.send(record()) == []
    (request,) = endpoint.received
    assert request.line == "POST /hooks?shop=1 HTTP/1.1"
    assert request.headers["host"] == HOST
    assert request.headers["content-type"] == "application/json"
    header = request.headers["payments-signature"]
    assert verify.receive(request.body, header, [SECRET], set()) == detail()
    (attempt,) = webhooks.attempts()
    assert attempt["sk"] == f"DELIVERY#{detail()['id']}#001"
    assert (attempt["event_id"], attempt["event_type"]) == (detail()["id"], "payment.captured")
    assert (attempt["outcome"], attempt["status"], attempt["attempt"]) == ("delivered", 200, 1)
    assert attempt["expires_at"] > webhooks.clock() // 1000 + 29 * 24 * 3600
    (metrics,) = _metrics(capsys.readouterr().out)
    assert (metrics["Delivered"], metrics["Failed"], metrics["Skipped"]) == (1, 0, 0)
    assert metrics["LatencyMs"] >= 0
    assert metrics["AgeMs"] > 0


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        (answers(500), "rejected", 500),
        (answers(404), "rejected", 404),
        (answers(429), "rejected", 429),
        (answers(302, headers=INWARD), "redirected", 302),
        (answers(307, headers=INWARD), "redirected", 307),
        (sends(b""), "connection_failed", None),
        (sends(b"HTTP/1.1 20"), "bad_answer", None),
        (sends(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_answer", None),
        (sends(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000), "bad_answer", None),
    ],
    ids=lambda value: str(value) if isinstance(value, str | int) else "",
)
def test_what_is_not_taken_comes_again(
    webhooks: Webhooks, endpoint: MerchantEndpoint, answer: Any, outcome: str, status: int | None
) -> None:
    endpoint.answer = answer
    message = record()
    assert webhooks.send(message) == [message["messageId"]]
    (attempt,) = webhooks.attempts()
    assert (attempt["outcome"], attempt.get("status")) == (outcome, status)
    assert len(webhooks.internet.connected) == 1, "nothing is followed or sent twice"
    assert len(webhooks.queue.hidden_s) == 1


@pytest.mark.parametrize("behaviour", [hangs, dribbles], ids=["hangs", "dribbles"])
def test_who_does_not_answer_in_time_is_left(
    webhooks: Webhooks, endpoint: MerchantEndpoint, behaviour: Any
) -> None:
    webhooks.restart(timeout_ms=SHORT_MS)
    endpoint.answer = behaviour
    message = record()
    assert webhooks.send(message) == [message["messageId"]]
    assert webhooks.outcomes() == ["timeout"]


@pytest.mark.parametrize(
    "behaviour",
    [
        hurries_slowly,
        answers(204),
        answers(200, body=b"x" * 1_000_000),
        # The status says that it was taken; the rest of the answer says nothing.
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf"),
    ],
    ids=["slowly", "empty", "a lot", "half of it"],
)
def test_whatever_answers_200_has_taken_it(
    webhooks: Webhooks, endpoint: MerchantEndpoint, behaviour: Any
) -> None:
    endpoint.answer = behaviour
    assert webhooks.send(record()) == []
    assert webhooks.outcomes() == ["delivered"]


def test_only_the_beginning_of_a_body_is_read(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    flood = Flood()
    endpoint.answer = flood
    assert webhooks.send(record()) == []
    assert webhooks.outcomes() == ["delivered"]
    assert not flood.finished.get(timeout=30)


def test_a_body_that_never_ends_takes_the_time_and_not_the_answer(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    webhooks.restart(timeout_ms=2000)
    endpoint.answer = never_ends_its_body
    assert webhooks.send(record()) == []
    assert webhooks.outcomes() == ["delivered"]


def test_nothing_of_an_answer_is_kept(
    webhooks: Webhooks, endpoint: MerchantEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer = answers(500, headers="X: secretive\r\n", body=b"secretive")
    webhooks.send(record())
    assert "secretive" not in json.dumps(webhooks.attempts()) + capsys.readouterr().out


def test_an_attempt_carries_the_same_body_and_a_new_signature(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    endpoint.answer = answers(503)
    event = detail()
    webhooks.send(record(event))
    webhooks.clock.advance(3_600_000)
    endpoint.answer = answers(200)
    assert webhooks.send(record(event, receives=2)) == []
    first, second = endpoint.received
    assert first.body == second.body
    assert first.headers["payments-signature"] != second.headers["payments-signature"]
    assert webhooks.outcomes() == ["rejected", "delivered"]
    assert [attempt["attempt"] for attempt in webhooks.attempts()] == [1, 2]


def test_gone_ends_the_event_and_is_remembered(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    endpoint.answer = answers(410)
    assert webhooks.send(record()) == []
    assert webhooks.outcomes() == ["gone"]
    endpoint.answer = answers(200)
    assert webhooks.send(record()) == []
    assert len(endpoint.received) == 1
    assert webhooks.send(record(detail(2))) == []
    assert len(endpoint.received) == 2, "it ends this event, not the endpoint"


def test_a_delivered_event_that_the_bus_repeats_is_not_sent_again(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    endpoint.answer = answers(500)
    webhooks.send(record())
    endpoint.answer = answers(200)
    assert webhooks.send(record(receives=2)) == []
    assert webhooks.send(record()) == []
    assert len(endpoint.received) == len(webhooks.attempts()) == 2


def test_a_disabled_endpoint_is_skipped_and_recorded(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    webhooks.set_up(status="disabled")
    assert webhooks.send(record()) == []
    assert webhooks.outcomes() == ["disabled"]
    assert endpoint.received == []


def test_only_the_chosen_types_are_sent(webhooks: Webhooks, endpoint: MerchantEndpoint) -> None:
    webhooks.set_up(event_types=["payment.refunded", "payment.voided"])
    assert webhooks.send(record()) == []
    assert webhooks.send(record(detail(2, type="payment.voided"))) == []
    assert [json.loads(request.body)["type"] for request in endpoint.received] == ["payment.voided"]
    assert webhooks.outcomes() == ["delivered"]


def test_a_merchant_without_an_endpoint_keeps_nothing_waiting(webhooks: Webhooks) -> None:
    assert webhooks.send(record(detail(merchant_id="m_other"))) == []
    assert webhooks.internet.connected == []


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        "{}",
        json.dumps({"source": "payments.transaction-gateway"}),
        json.dumps({"source": "somebody.else", "detail": detail()}),
        json.dumps({"source": "payments.transaction-gateway", "detail": detail(id="evt_#001")}),
        json.dumps({"source": "payments.transaction-gateway", "detail": detail(merchant_id="m_#")}),
        json.dumps({"source": "payments.transaction-gateway", "detail": detail(created_at="?")}),
    ],
)
def test_a_bad_record_fails_alone(
    webhooks: Webhooks,
    endpoint: MerchantEndpoint,
    capsys: pytest.CaptureFixture[str],
    body: str,
) -> None:
    first, bad, last = record(detail(1)), record(body=body), record(detail(2))
    assert webhooks.send(first, bad, last) == [bad["messageId"]]
    assert len(endpoint.received) == 2
    metrics = _metrics(capsys.readouterr().out)
    assert sorted(map(str, metrics))[-1] == "{'Errors': 1}"


def test_an_endpoint_that_hangs_keeps_no_other_waiting(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    """The one that hangs is first, and lets go only when the other has been sent."""
    taken = answers(200)

    def wait_for_the_other(connection: Any, ended: Any) -> None:
        while len(endpoint.received) < 2 and not ended.wait(0.01):
            pass
        taken(connection, ended)

    endpoint.answer = wait_for_the_other
    assert webhooks.send(record(detail(1)), record(detail(2))) == []
    assert webhooks.outcomes() == ["delivered", "delivered"]


def test_waits_grow_and_retry_after_is_honoured_within_bounds(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    endpoint.answer = answers(503, headers="Retry-After: 7200\r\n")
    webhooks.send(record())
    endpoint.answer = answers(503, headers="Retry-After: 999999\r\n")
    webhooks.send(record())
    endpoint.answer = answers(503)
    webhooks.send(record())
    asked, asked_too_much, drawn = webhooks.queue.hidden_s
    assert (asked, asked_too_much) == (7200, 14_400)
    assert 1 <= drawn <= 30


def test_a_message_that_never_succeeds_becomes_a_dead_letter(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    account = webhooks.account
    webhooks.restart(queue=account.sqs)
    endpoint.answer = answers(500)
    entry = {
        "EventBusName": account.bus,
        "Source": "payments.transaction-gateway",
        "DetailType": "payment.captured",
        "Detail": json.dumps(detail()),
    }
    account.events.put_events(Entries=[entry])  # type: ignore[list-item]
    for _ in range(MOST_RECEIVES):
        (message,) = account.received()
        assert webhooks.send(message) == [message["messageId"]]
        assert account.received() == [], "it is hidden until its next try"
        account.show_again([message])
    assert account.received() == []
    (given_up,) = account.dead_letters()
    assert json.loads(given_up)["detail"] == detail()
    assert webhooks.outcomes() == ["rejected"] * MOST_RECEIVES


def test_attempts_after_the_dead_letters_are_counted_on(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    """Whoever moves dead letters back makes new messages, whose receives begin at one."""
    endpoint.answer = answers(500)
    for _ in range(3):
        webhooks.send(record(receives=1))
    assert [attempt["attempt"] for attempt in webhooks.attempts()] == [1, 2, 3]


def test_two_of_the_same_event_at_once_are_both_recorded(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    endpoint.answer = answers(500)
    webhooks.send(record(), record())
    assert [attempt["attempt"] for attempt in webhooks.attempts()] == [1, 2]


def test_both_secrets_sign_during_a_rotation(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    webhooks.set_secret(secret_value(NEW_SECRET, SECRET))
    webhooks.send(record())
    (request,) = endpoint.received
    header = request.headers["payments-signature"]
    assert header.count("v1=") == 2
    for secret in (SECRET, NEW_SECRET):
        assert verify.receive(request.body, header, [secret], set()) is not None


def test_a_secret_is_read_once_in_five_minutes(
    webhooks: Webhooks, endpoint: MerchantEndpoint
) -> None:
    calls = webhooks.account.aws.calls
    since = calls.mark()
    webhooks.send(record(detail(1)))
    webhooks.set_secret(secret_value(NEW_SECRET))
    webhooks.clock.advance(290_000)
    webhooks.send(record(detail(2)))
    assert calls.count("secretsmanager", "GetSecretValue", since=since) == 1
    webhooks.clock.advance(20_000)
    webhooks.send(record(detail(3)))
    assert calls.count("secretsmanager", "GetSecretValue", since=since) == 2
    (*_, last) = endpoint.received
    now_s = webhooks.clock() / 1000
    header = last.headers["payments-signature"]
    assert verify.receive(last.body, header, [NEW_SECRET], set(), now_s) is not None


@pytest.mark.parametrize(
    "value",
    [
        "plain-" + "x" * 40,
        secret_value(),
        secret_value("short"),
        secret_value("x" * 40, "y" * 40, "z" * 40),
        json.dumps({"signing_secrets": "x" * 40}),
        json.dumps(["x" * 40]),
    ],
)
def test_an_unusable_secret_sends_nothing_and_is_not_logged(
    webhooks: Webhooks,
    endpoint: MerchantEndpoint,
    capsys: pytest.CaptureFixture[str],
    value: str,
) -> None:
    webhooks.set_secret(value)
    message = record()
    assert webhooks.send(message) == [message["messageId"]]
    assert endpoint.received == []
    output = capsys.readouterr().out
    assert "SecretError" in output
    assert "xxx" not in output
    assert "short" not in output


def test_logs_hold_no_secret_no_address_and_no_body(
    webhooks: Webhooks, endpoint: MerchantEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    webhooks.send(record(detail(1)))
    endpoint.answer = answers(500)
    webhooks.send(record(detail(2)))
    webhooks.set_up(url=f"https://user:{SECRET}@{HOST}/")
    webhooks.send(record(detail(3)))
    output = capsys.readouterr().out
    assert output.count('"merchant_id"') >= 3
    for kept_out in (SECRET, HOST, URL, "v1=", "1250"):
        assert kept_out not in output


@pytest.fixture
def without_writes(webhooks: Webhooks) -> Iterator[None]:
    def refuse(_: object) -> None:
        raise AwsError("AccessDeniedException", "No.", 400)

    def is_put(call: Call) -> bool:
        return call.action == "PutItem"

    with webhooks.account.aws.faults.before(is_put, refuse):
        yield


@pytest.mark.usefixtures("without_writes")
def test_what_was_delivered_stays_so_when_it_cannot_be_recorded(
    webhooks: Webhooks, endpoint: MerchantEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert webhooks.send(record()) == []
    assert len(endpoint.received) == 1
    assert '"attempt not recorded"' in capsys.readouterr().out


def test_an_incomplete_endpoint_fails_its_own_messages(webhooks: Webhooks) -> None:
    webhooks.set_up(url=None)
    message = record()
    assert webhooks.send(message) == [message["messageId"]]
    assert webhooks.internet.connected == []
    assert MERCHANT in message["body"]
