"""After a run with test cards no log, event, table, response, page or file holds a card number."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from harness import sinks
from harness.caller import Caller
from harness.card_search import CardSearch
from harness.dashboard import form_of
from harness.platform import REPOSITORY
from harness.testing import pci

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.platform import Platform

APPROVED = (
    "4242424242424242",
    "5555555555554444",
    "378282246310005",
    "6011111111111117",
    "3530111333300000",
    "30569309025904",
    "6200000000000005",
)
REFUND_DECLINED = "4000000000005126"
DECLINED = ("4000000000000002", "4000000000009995", "4000000000000119")
UNTAKEN = "4000000000080079"
FAILING_ONCE = "4000000000080053"
CARDS = (*APPROVED, REFUND_DECLINED, *DECLINED, UNTAKEN, FAILING_ONCE)
PASTED = "4242424242424242"
PASTED_AS = (PASTED, "4242 4242 4242 4242", "4242-4242-4242-4242")
UNKNOWN = "4111111111111111"
"""No card of the run: found by its form alone."""

SEARCH = CardSearch([*CARDS, UNKNOWN])
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CAUGHT = "caught-events"
DRAIN_S = 120
"""A message that a busy machine's function didn't get to comes again after a while."""


class Run:
    """A merchant's system and people, with all that they were answered."""

    def __init__(self, platform: Platform, caller: Caller) -> None:
        self.answers: list[str] = []
        self.http = httpx.Client(timeout=30, event_hooks={"response": [self._keep]})
        merchant_id = caller.access.merchant_id
        self.payments, self.fraud, self.dashboard = (
            Caller(platform.merchant(merchant_id, api_name=name), self.http)
            for name in ("payments", "fraud", "dashboard")
        )
        self.pasted = 0

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        self.answers.append(f"{response.headers.multi_items()} {response.text}")

    def token(self, number: str, **fields: Any) -> httpx.Response:
        card = {"number": number, "expiry_month": 12, "expiry_year": 2040, **fields}
        return self.payments.send("POST", "/tokens", {"card": card})

    def paste(
        self, caller: Caller, method: str, path: str, body: object = None, **options: Any
    ) -> None:
        """Send a card number where none belongs; it must not be taken."""
        answer = caller.send(method, path, body, **options)
        assert answer.status_code >= 400, (path, answer.text)
        self.pasted += 1


def pay(run: Run) -> str:
    """Tokenize, pay, capture, refund and decline; give a captured payment's id."""
    captured = ""
    for number in (*APPROVED, REFUND_DECLINED, FAILING_ONCE):
        token = run.token(number).json()["token"]
        answer = run.payments.authorize(1250, token=token, device_id="till-7", country="DE")
        if number == FAILING_ONCE and answer.status_code != 201:
            continue
        assert answer.status_code == 201, answer.text
        payment_id = answer.json()["payment_id"]
        assert run.payments.capture(payment_id, 1250).status_code == 200
        refund = {"amount": 250, "currency": "EUR"}
        run.payments.send("POST", f"/payments/{payment_id}/refunds", refund)
        run.payments.send("GET", f"/payments/{payment_id}")
        run.fraud.send("POST", "/scores", {"amount": 5, "currency": "EUR", "token": token})
        captured = payment_id if number == APPROVED[0] else captured
    for number in DECLINED:
        declined = run.payments.authorize(1250, token=run.token(number).json()["token"])
        assert declined.status_code == 402, declined.text
    assert run.token(UNTAKEN).status_code == 422
    run.payments.send("GET", "/payments?limit=2")
    return captured


def paste_into_payments(run: Run, payment_id: str) -> None:
    """Into every field, header and part of the path of the payments API."""
    caller = run.payments
    good = {
        "amount": 5,
        "currency": "EUR",
        "reference": "r",
        "payment_method": {"token": "tok_approve"},
    }
    for text in PASTED_AS:
        for field in ("reference", "device_id", "country", "currency", "comment", text):
            run.paste(caller, "POST", "/payments", {**good, field: text})
        for method in ({"token": text}, {"token": "tok_approve", "brand": text}):
            run.paste(caller, "POST", "/payments", {**good, "payment_method": method})
        run.paste(caller, "POST", "/payments", good, key=text)
        run.paste(caller, "POST", "/payments", f'{{"number": {text}'.encode())
        money = {"amount": 5, "currency": "EUR", "reference": text}
        for operation in ("captures", "refunds"):
            run.paste(caller, "POST", f"/payments/{payment_id}/{operation}", money)
        run.paste(caller, "POST", f"/payments/{payment_id}/void", {"reference": text})
        encoded = quote(text)
        for path in (f"/payments/{encoded}", f"/payments?cursor={encoded}", f"/cards/{encoded}"):
            run.paste(caller, "GET", path)
        run.paste(caller, "GET", f"/payments?limit={encoded}")
    run.paste(caller, "POST", "/payments", {**good, "amount": int(PASTED)})
    run.paste(caller, "POST", "/payments", {**good, "payment_method": {"token": f"tok_{PASTED}"}})
    run.paste(caller, "GET", "/payments", merchant_id=f"m_{PASTED}")
    run.paste(caller.with_access(api_key=PASTED), "GET", "/payments")
    run.paste(caller.with_access(access_key_id=PASTED), "GET", "/payments")


def paste_into_headers(run: Run) -> None:
    """Into headers that clients choose: answered as ever, and the number kept nowhere."""
    for caller, path in ((run.payments, "/payments"), (run.dashboard, "/overview")):
        for name in ("User-Agent", "Referer", "X-Forwarded-For", "X-Request-Id", "Cookie"):
            assert caller.send("GET", path, headers={name: PASTED}).status_code == 200, name
        trace = {"X-Amzn-Trace-Id": f"Root={PASTED}"}
        assert caller.send("GET", path, headers=trace).status_code == 200


def paste_into_tokens(run: Run) -> None:
    """Into the one API that takes card numbers, but not so."""
    for text in (*PASTED_AS[1:], PASTED[:-1] + "1", int(PASTED), [PASTED], {"n": PASTED}):
        assert run.token(text).status_code >= 400, text  # type: ignore[arg-type]
    assert run.token(PASTED, cvc="123").status_code >= 400
    assert run.token(PASTED, holder=PASTED).status_code >= 400
    assert run.token(PASTED, expiry_month=int(PASTED)).status_code >= 400
    run.paste(run.payments, "POST", "/tokens", f'{{"card": {{"number": "{PASTED}"'.encode())
    run.paste(run.payments, "POST", "/tokens", {"number": PASTED})


def paste_into_scores(run: Run) -> None:
    """Into every field of the fraud API."""
    good = {"amount": 5, "currency": "EUR", "token": "tok_approve"}
    for text in PASTED_AS:
        for field in ("token", "reference", "device_id", "country", "currency", "payment_id", text):
            run.paste(run.fraud, "POST", "/scores", {**good, field: text})
        run.paste(run.fraud, "POST", "/scores", f"{{{text}".encode())
    run.paste(run.fraud, "POST", "/scores", {**good, "token": f"tok_{PASTED}"})
    run.paste(run.fraud, "GET", f"/scores/{PASTED}")


def look_at_pages(run: Run, payment_id: str) -> None:
    """Open every page, and paste into searches, forms and paths of the dashboard."""
    caller = run.dashboard
    pages = ("overview", "transactions", "exports/transactions", "refunds", "reconciliation")
    for page in (*pages, "webhooks", "usage", f"transactions/{payment_id}"):
        answer = caller.send("GET", f"/{page}")
        assert answer.status_code == 200, (page, answer.text)
    form = form_of(answer.text, "refunds")
    refunds = f"/transactions/{payment_id}/refunds"
    for text in PASTED_AS:
        for field in ("amount", "reference", "csrf", "form_id", "comment"):
            fields = httpx.QueryParams({"amount": "1", **form, field: text})
            run.paste(caller, "POST", refunds, str(fields).encode(), headers=FORM)
        for field in ("q", "state", "brand", "amount_from", "currency", "day_from", "cursor"):
            run.paste(caller, "GET", f"/transactions?{field}={quote(text)}")
        for path in ("transactions", "assets", "pages"):
            run.paste(caller, "GET", f"/{path}/{quote(text)}")
        run.paste(caller, "GET", f"/reconciliation?day={quote(text)}")
    asked = str(httpx.QueryParams({**form, "amount": "1"})).encode()
    assert caller.send("POST", refunds, asked, headers=FORM).status_code == 303


@pytest.fixture(scope="module")
def caught(platform: Platform) -> Iterator[str]:
    """A queue that gets every event of the platform's bus."""
    sqs = platform.aws.client("sqs", platform.account_id)
    events = platform.aws.client("events", platform.account_id)
    buses = events.list_event_buses()["EventBuses"]
    (bus,) = (each["Name"] for each in buses if each["Name"] != "default")
    url = sqs.create_queue(QueueName=CAUGHT)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = json.dumps({"account": [platform.account_id]})
    events.put_rule(Name=CAUGHT, EventBusName=bus, EventPattern=pattern)
    target = {"Id": "queue", "Arn": arn["QueueArn"]}
    events.put_targets(Rule=CAUGHT, EventBusName=bus, Targets=[target])
    yield url
    events.remove_targets(Rule=CAUGHT, EventBusName=bus, Ids=["queue"])
    events.delete_rule(Name=CAUGHT, EventBusName=bus)
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture(scope="module")
def run(platform: Platform, caller: Caller, caught: str) -> Run:  # noqa: ARG001 - catches from now on
    playing = Run(platform, caller)
    payment_id = pay(playing)
    platform.edge.drain(seconds=DRAIN_S)
    paste_into_payments(playing, payment_id)
    paste_into_headers(playing)
    paste_into_tokens(playing)
    paste_into_scores(playing)
    look_at_pages(playing, payment_id)
    platform.edge.drain(seconds=DRAIN_S)
    platform.edge.flush_logs()
    return playing


@pytest.fixture
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Where files of a run lie: Terraform's states and plans, and what is kept of tests."""
    return [tmp_path_factory.getbasetemp(), REPOSITORY / "build", REPOSITORY / "dist"]


def found_in(contents: Iterator[sinks.Content]) -> dict[str, set[str]]:
    """Card numbers by the place that holds them."""
    found: dict[str, set[str]] = {}
    for place, content in contents:
        if numbers := SEARCH.find(content):
            found.setdefault(place, set()).update(numbers)
    return found


@pci("3.4.1", "3.5.1")
def test_no_place_outside_the_vault_holds_a_card_number(
    platform: Platform, run: Run, folders: list[Path]
) -> None:
    places: set[str] = set()

    def everything() -> Iterator[sinks.Content]:
        for place, content in sinks.everything(platform, *folders):
            places.add(place)
            yield place, content
        yield from (("response", answer) for answer in run.answers)

    assert found_in(everything()) == {}
    assert run.pasted > 100
    assert len(run.answers) > run.pasted
    names = " ".join(sorted(places))
    logged = [*(each["log_group"] for each in platform.outputs["services"].values())]
    logged += [
        platform.outputs["functions"][name]["log_group"]
        for name in ("tokenizer", "transaction_gateway", "event_publisher", "dashboard_projector")
    ]
    logged += [each["access_log_group"] for each in platform.outputs["apis"].values()]
    for group in logged:
        assert f"log group {group}" in places
    for table in ("transactions", "dashboard", "vault", "fraud_counters"):
        assert f"table {platform.outputs['tables'][table]['name']}" in places
    assert f"queue {CAUGHT}" in places
    assert re.search(r"object s3://\S+dev\S*tfstate", names)
    assert re.search(r"file \S+/bootstrap/\S*tfstate", names)


@pci("3.5.1")
def test_the_vault_holds_the_cards_as_ciphertext(platform: Platform, run: Run) -> None:  # noqa: ARG001 - ran
    dynamodb = platform.aws.client("dynamodb", platform.account_id)
    items = dynamodb.scan(TableName=platform.outputs["tables"]["vault"]["name"])["Items"]
    last4 = {item["last4"]["S"] for item in items}
    assert {number[-4:] for number in (*APPROVED, REFUND_DECLINED, *DECLINED)} <= last4
    assert all(len(base64.b64decode(item["ciphertext"]["S"])) > 19 for item in items)


def written(number: str) -> list[str | bytes]:
    """The same number as people and programs write it."""
    grouped = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    return [
        f"paid with {number}.",
        grouped,
        grouped.replace(" ", "-"),
        quote(quote(grouped)),
        json.dumps({"card": number, "at": 1764000000123}),
        f"AAAA{base64.b64encode(f'x{number}'.encode()).decode()}",
        base64.urlsafe_b64encode(f"number={grouped}".encode()).decode(),
        number.encode().hex(),
        gzip.compress(number.encode()),
        "".join(f"\\u{ord(digit):04x}" for digit in number),
    ]


@pytest.mark.parametrize("number", [PASTED, UNKNOWN, "378282246310005"])
def test_a_number_is_found_however_it_is_written(number: str) -> None:
    missed = [text for text in written(number) if number not in SEARCH.find(text)]
    assert missed == []


def test_unknown_cards_are_found_by_their_form() -> None:
    assert CardSearch([]).find(f"paid with {UNKNOWN}") == {UNKNOWN}


def test_times_ids_and_digests_are_no_card_numbers() -> None:
    for text in (
        "1764000000123 1764000000123456789 20261122231135 444444444444",
        "7c9e6679-7425-40de-944b-e07fc1f90ae7 1-67891233-abcdef012345678912345678",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "4242424242424241",
    ):
        assert SEARCH.find(text) == set(), text


def test_a_number_planted_in_any_place_is_found(
    platform: Platform, caught: str, tmp_path: Path
) -> None:
    client = {
        name: platform.aws.client(name, platform.account_id)
        for name in ("logs", "dynamodb", "events", "s3", "sqs")
    }
    group = platform.outputs["services"]["fraud_detection"]["log_group"]
    stream = {"logGroupName": group, "logStreamName": "planted"}
    client["logs"].create_log_stream(**stream)
    line = {"timestamp": int(time.time() * 1000), "message": f'{{"card": "{UNKNOWN}"}}'}
    client["logs"].put_log_events(**stream, logEvents=[line])
    table = platform.outputs["tables"]["transactions"]["name"]
    vault = platform.outputs["tables"]["vault"]["name"]
    key = {"pk": {"S": "PLANTED"}, "sk": {"S": "PLANTED"}}
    for name in (table, vault):
        client["dynamodb"].put_item(TableName=name, Item={**key, "number": {"S": UNKNOWN}})
    buses = client["events"].list_event_buses()["EventBuses"]
    (bus,) = (each["Name"] for each in buses if each["Name"] != "default")
    event = {"Source": "planted", "DetailType": "planted", "Detail": f'{{"n": "{UNKNOWN}"}}'}
    client["events"].put_events(Entries=[{**event, "EventBusName": bus}])
    client["s3"].create_bucket(
        Bucket="planted", CreateBucketConfiguration={"LocationConstraint": platform.region}
    )
    client["s3"].put_object(Bucket="planted", Key="a/state", Body=gzip.compress(UNKNOWN.encode()))
    (tmp_path / "page.html").write_text(f"<td>{UNKNOWN}</td>")
    try:
        found = found_in(sinks.everything(platform, tmp_path))
    finally:
        client["logs"].delete_log_stream(**stream)
        for name in (table, vault):
            client["dynamodb"].delete_item(TableName=name, Key=key)
        client["s3"].delete_object(Bucket="planted", Key="a/state")
        client["s3"].delete_bucket(Bucket="planted")
        client["sqs"].purge_queue(QueueUrl=caught)
    assert found.keys() >= {
        f"log group {group}",
        f"table {table}",
        f"table {vault}",
        f"stream of {table}",
        f"queue {CAUGHT}",
        "object s3://planted/a/state",
        f"file {tmp_path / 'page.html'}",
    }
