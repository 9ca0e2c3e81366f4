"""Attacks and payments as requests, from attacks.yaml, payments.yaml and misses.yaml."""

from __future__ import annotations

import functools
import json
import random
import string
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
CONTRACTS = {
    "payments": REPOSITORY / "lambda_src/transaction_gateway/openapi/v1.yaml",
    "fraud": REPOSITORY / "ecs_src/fraud_detection/openapi/v1.yaml",
    "dashboard": REPOSITORY / "ecs_src/merchant_dashboard/openapi/v1.yaml",
}
MERCHANT = "m_rivertown"
PAYMENT = "pay_" + "a" * 26
HANDLER = "<handler>"
GENERATED = 300
_VERBS = ("get", "post", "put", "patch", "delete")
_PARAMETERS = {
    "merchant_id": MERCHANT,
    "payment_id": PAYMENT,
    "refund_id": "rfd_" + "a" * 26,
    "file": "style.0123abcd.css",
    "limit": "25",
    "cursor": "bm90IGEgY3Vyc29y",
    "q": "Order",
    "state": "captured",
    "brand": "visa",
    "amount_from": "12.50",
    "amount_to": "99",
    "currency": "EUR",
    "day": "2024-05-31",
    "day_from": "2024-05-01",
    "day_to": "2024-05-31",
    "Idempotency-Key": "8d7f8e5a-5f0c-4b51-9a6e-3f0d3f4b7a10",
}
_AUTHORIZE: dict[str, Any] = {
    "amount": 1250,
    "currency": "EUR",
    "payment_method": {"token": "tok_approve"},
    "reference": "Order 1001",
}
_MONEY = {"amount": 1250, "currency": "EUR"}
_BODIES: Mapping[str, Any] = {
    "createToken": {
        "card": {"number": "4111111111111111", "expiry_month": 12, "expiry_year": 2030}
    },
    "authorizePayment": _AUTHORIZE,
    "capturePayment": _MONEY,
    "refundPayment": _MONEY,
    "voidPayment": {"reference": "Order 1001"},
    "createScore": {**_MONEY, "token": "tok_approve", "reference": "Order 1001"},
    "askRefund": {"csrf": "0" * 64, "form_id": "1" * 26, "amount": "12.50", "reference": "x"},
    "confirmRefund": {"csrf": "0" * 64},
    "refuseRefund": {"csrf": "0" * 64},
}
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


@dataclass(frozen=True)
class Sent:
    """A request below a stage: ``path`` and ``query`` as they go over the wire."""

    api: str = "payments"
    method: str = "GET"
    path: str = f"/merchants/{MERCHANT}/payments"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source: str = "192.0.2.7"


@dataclass(frozen=True)
class Attack:
    """A request, and who must stop it: a rule's name, or a stage in angle brackets.

    ``place`` is how misses.yaml calls it. ``at_edge`` is who stops it there; None where it can't
    be sent.
    """

    name: str
    kind: str
    place: str
    sent: Sent
    stopped_by: str
    at_edge: str | None

    @property
    def rule(self) -> str | None:
        """The rule of the web ACL that must match, if one must."""
        return None if self.stopped_by.startswith("<") else self.stopped_by


@dataclass(frozen=True)
class Payment:
    """A request that must reach the handler."""

    name: str
    sent: Sent


def attacks() -> list[Attack]:
    """Every single attack, the families spelled out."""
    document = _read("attacks.yaml")
    return [*_families(document["families"]), *map(_single, document["single"])]


def floods() -> list[dict[str, Any]]:
    """Attacks that consist in their number."""
    return list(_read("attacks.yaml")["floods"])


def raw_attacks() -> dict[str, str]:
    """Attacks on the reading of requests, as text with ``{path}`` and ``{host}``."""
    return dict(_read("attacks.yaml")["raw"])


def misses() -> dict[tuple[str, str], str]:
    """Who is left for what reaches the handler, by kind and place (or name)."""
    document = _read("misses.yaml")
    return {
        (kind, place): who for kind, places in document.items() for place, who in places.items()
    }


def payments() -> list[Payment]:
    """Every legitimate request."""
    document = _read("payments.yaml")
    return [
        *_operations(),
        *_references(document["references"]),
        *_texts(document["texts"]),
        *_sized(),
        *_generated(),
    ]


def _families(families: list[dict[str, Any]]) -> Iterator[Attack]:
    for family in families:
        for place, stopped_by in family["stopped_by"].items():
            but = family.get("but", {}).get(place, {})
            for name, text in family["texts"].items():
                sent, full = _PLACES[place](text), f"{family['kind']}/{name}@{place}"
                by = but.get(name, stopped_by)
                listed = f"{place}:{name}" if name in but else place
                yield Attack(full, family["kind"], listed, sent, by, by)


def _single(entry: dict[str, Any]) -> Attack:
    wanted = dict(entry["request"])
    text = wanted.get("text", "Order 1001") * wanted.get("times", 1)
    sent = _PLACES[wanted["place"]](text)
    changes: dict[str, Any] = {}
    if "padded_to" in wanted:  # spaces between JSON's tokens mean nothing, so it stays legal
        changes["body"] = b" " * (wanted["padded_to"] - len(sent.body)) + sent.body
    if "source" in wanted:
        changes["source"] = wanted["source"]
    if "content_type" in wanted:
        changes["headers"] = {**sent.headers, "content-type": wanted["content_type"]}
    sent = Sent(**{**vars(sent), **changes})
    name = f"{entry['kind']}/{entry['name']}"
    stopped_by = entry["stopped_by"]
    return Attack(
        name, entry["kind"], entry["name"], sent, stopped_by, entry.get("edge", stopped_by)
    )


def _query(arguments: Mapping[str, str]) -> str:
    return urlencode(arguments, quote_via=quote)


def _authorize(body: Any, content_type: str = _JSON) -> Sent:
    encoded = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    key = _PARAMETERS["Idempotency-Key"]
    headers = {"content-type": content_type, "idempotency-key": key}
    return Sent(method="POST", headers=headers, body=encoded)


def _form(text: str) -> Sent:
    return Sent(
        api="dashboard",
        method="POST",
        path=f"/merchants/{MERCHANT}/transactions/{PAYMENT}/refunds",
        headers={"content-type": _FORM},
        body=urlencode({**_BODIES["askRefund"], "reference": text}).encode(),
    )


def _below_payments(text: str) -> Sent:
    return Sent(path=f"/merchants/{MERCHANT}/payments/{quote(text, safe='')}")


_PLACES: Mapping[str, Callable[[str], Sent]] = {
    "query": lambda text: Sent(query=_query({"cursor": text})),
    "path": _below_payments,
    "encoded-path": _below_payments,
    "whole-path": lambda text: Sent(path=text),
    "body": lambda text: _authorize({**_AUTHORIZE, "reference": text}),
    "whole-body": lambda text: _authorize(text.encode()),
    "json-key": lambda text: _authorize({**_AUTHORIZE, text: 1}),
    "form": _form,
    "user-agent": lambda text: Sent(headers={"user-agent": text}),
}


def _operations() -> Iterator[Payment]:
    """Every operation of the contracts, with all of its parameters."""
    for api, path in CONTRACTS.items():
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
        for template, item in contract["paths"].items():
            for verb in _VERBS & item.keys():
                yield Payment(item[verb]["operationId"], _call(api, template, verb, item[verb]))


def _call(api: str, template: str, verb: str, operation: Mapping[str, Any]) -> Sent:
    given: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
    for parameter in operation.get("parameters", ()):
        given[parameter["in"]][parameter["name"]] = _PARAMETERS[parameter["name"]]
    body = b""
    if "requestBody" in operation:
        (media_type,) = operation["requestBody"]["content"]
        content = _BODIES[operation["operationId"]]
        body = (urlencode(content) if media_type == _FORM else json.dumps(content)).encode()
        given["header"]["content-type"] = media_type
    return Sent(
        api=api,
        method=verb.upper(),
        path=template.format(**given["path"]),
        query=_query(given["query"]),
        headers=given["header"],
        body=body,
    )


def _references(references: list[str]) -> Iterator[Payment]:
    for text in references:
        legal = text if text[0].isalnum() else f"A {text}"
        yield Payment(f"reference: {text}", _authorize({**_AUTHORIZE, "reference": legal}))
        yield Payment(f"reference in a form: {text}", _form(legal))


def _texts(texts: list[str]) -> Iterator[Payment]:
    for text in texts:
        search = f"/merchants/{MERCHANT}/transactions"
        yield Payment(f"search: {text}", Sent("dashboard", path=search, query=_query({"q": text})))
        yield Payment(f"form: {text}", _form(text))


def _sized() -> Iterator[Payment]:
    """Bodies as large as they may be, and headers as systems send them."""
    body = json.dumps({**_AUTHORIZE, "device_id": "d" * 128, "country": "NL"})
    yield Payment("as large as the limit", _authorize(b" " * (8192 - len(body)) + body.encode()))
    yield Payment("pretty", _authorize(json.dumps(json.loads(body), indent=8).encode()))
    yield Payment(
        "escaped", _authorize(json.dumps({**_AUTHORIZE}).replace("O", "\\u004f").encode())
    )
    agents = ("python-requests/2.32.3", "Java/21.0.1", "curl/8.9.1", "ShopSystem/7 (O'Brien)")
    for agent in agents:
        yield Payment(f"agent: {agent}", Sent(headers={"user-agent": agent}))
    forwarded = {"x-forwarded-for": "198.51.100.7, 192.0.2.1", "accept-language": "nl,en;q=0.8"}
    yield Payment("through a proxy", Sent(headers=forwarded))


def _generated() -> Iterator[Payment]:
    """Payments of a seeded generator, within the contract's patterns."""
    chance = random.Random(20240531)  # noqa: S311 - repeatable, no secret
    letters = string.ascii_letters + string.digits
    for number in range(GENERATED):
        reference = chance.choice(letters) + "".join(
            chance.choices(letters + " ._:/#-" * 4, k=chance.randrange(64))
        )
        body = {
            **_AUTHORIZE,
            "amount": chance.randrange(1, 99_999_999_999),
            "currency": chance.choice(("EUR", "USD", "GBP", "JPY", "KWD")),
            "reference": reference,
            "device_id": "".join(chance.choices(letters + "._:-", k=40)).lstrip("._:-"),
        }
        yield Payment(f"generated {number}: {reference}", _authorize(body))


@functools.cache
def _read(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
