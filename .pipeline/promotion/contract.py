"""What a merchant may rely on, tried with the deployed API: what is paid, and what is refused.

The same for every version of the payments API that isn't gone; what one version has authorized, the
others have to know.
"""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from promotion.errors import Refused
from promotion.merchant import SERVICE, Merchant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from promotion.merchant import Answer
    from promotion.stage import Stage

_GONE = ("retired", "sunset")
_LOAD_THREADS = 8
_UNKNOWN_AT_MOST = 0.05
_FIX = "find the request in the API's access log by its time; mend the release, and promote that"


def versions_of(outputs: Mapping[str, Any]) -> list[str]:
    """Return the versions of the payments API that answer, the earliest first."""
    answering = (
        path.partition("/")[0]
        for path, api in outputs["apis"].items()
        if path.endswith(f"/{SERVICE}") and api["state"] not in _GONE
    )
    return sorted(answering, key=lambda version: int(version.removeprefix("v")))


def look(stage: Stage, outputs: Mapping[str, Any], load: int) -> Iterator[str]:
    """Try everything in an environment; yields what was found, as sentences.

    Args:
        stage: of an environment whose merchants trust the tooling account.
        outputs: of the environment's root.
        load: how many payments to send at once with each version in the end; 0 for none.

    Raises:
        Refused: something isn't as merchants rely on; says what was sent and answered.
    """
    first, *others = sorted(outputs["merchants"])
    versions = versions_of(outputs)
    callers = [Merchant.of(stage, first, outputs, version) for version in versions]
    for version, merchant in zip(versions, callers, strict=True):
        tried = list(keeps(merchant, stranger=others[-1] if others else "m_nobody"))
        yield f"{version}: {len(tried)} promises kept: {', '.join(tried)}"
    yield _read_by_all(versions, callers)
    if load:
        for version, merchant in zip(versions, callers, strict=True):
            yield f"{version}: {under_load(merchant, load)}"


def keeps(merchant: Merchant, *, stranger: str) -> Iterator[str]:
    """Try each promise; yields the name of those that hold.

    Raises:
        Refused: one doesn't.
    """
    unsigned = merchant.send("GET", "/payments", signs=False)
    yield _expect("an unsigned request is refused", unsigned, 403, "authentication_missing")
    forged = merchant.send("POST", "/payments", {"amount": 1}, sends_instead=b'{"amount":9}')
    yield _expect("a forged body is refused", forged, 403, "signature_invalid")
    foreign = merchant.send("GET", "/payments", merchant_id=stranger)
    yield _expect("another merchant's payments are closed", foreign, 403, "access_denied")
    broken = merchant.send("POST", "/payments", b'{"amount": 1250,')
    yield _expect("malformed JSON is a problem", broken, 400, "invalid_request")
    negative = merchant.send("POST", "/payments", {"amount": -1})
    yield _expect("a negative amount is a problem", negative, 400, "invalid_request")
    unknown = merchant.send("GET", f"/payments/pay_{'a' * 26}")
    yield _expect("an unknown payment isn't found", unknown, 404, "payment_not_found")

    key = secrets.token_hex(16)
    paid, repeated = (merchant.authorize(1000, key=key) for _ in range(2))
    yield _expect("a payment is authorized", paid, 201)
    if repeated.body != paid.body or repeated.headers.get("Idempotency-Replayed") != "true":
        raise _broken("a repetition is replayed", repeated)
    yield "a repetition is replayed"
    reused = merchant.authorize(2000, key=key)
    yield _expect("a key isn't used twice", reused, 422, "idempotency_key_reused")
    place = f"/payments/{paid.body['payment_id']}"
    above = merchant.send("POST", f"{place}/captures", {"amount": 1001, "currency": "EUR"})
    yield _expect("no more is captured than authorized", above, 422, "amount_exceeds_remaining")
    captured = merchant.send("POST", f"{place}/captures", {"amount": 1000, "currency": "EUR"})
    yield _expect("what was authorized is captured", captured, 200)


def under_load(merchant: Merchant, number: int) -> str:
    """Send payments at once, and tell how long they took.

    One whose outcome the acquirer doesn't tell in time is answered with 202 and settled later, as
    is promised; more than a few aren't.

    Raises:
        Refused: one of them was answered in another way, or too many have an unknown outcome.
    """

    def pay(_: int) -> tuple[Answer, float]:
        began = time.monotonic()
        return merchant.authorize(), time.monotonic() - began

    with ThreadPoolExecutor(_LOAD_THREADS) as pool:
        answers = list(pool.map(pay, range(number)))
    failed = [answer for answer, _ in answers if answer.status not in (201, 202)]
    if failed:
        raise _broken(f"{number} payments at once are authorized ({len(failed)} not)", failed[0])
    unknown = [answer for answer, _ in answers if answer.status == 202]
    if len(unknown) > _UNKNOWN_AT_MOST * number:
        promise = f"of {number} payments at once few have an unknown outcome ({len(unknown)} have)"
        raise _broken(promise, unknown[0])
    times = _times([took for _, took in answers])
    return f"{number} payments, {_LOAD_THREADS} at a time, {len(unknown)} unknown: {times}"


def _times(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    half, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    return f"half within {half * 1000:.0f} ms, 95 % within {most * 1000:.0f} ms"


def _read_by_all(versions: Sequence[str], callers: Sequence[Merchant]) -> str:
    paid = callers[0].authorize()
    _expect(f"{versions[0]} authorizes", paid, 201)
    payment_id = paid.body["payment_id"]
    for version, other in zip(versions[1:], callers[1:], strict=True):
        found = other.send("GET", f"/payments/{payment_id}")
        _expect(f"{version} knows what {versions[0]} authorized", found, 200)
    if len(versions) == 1:
        return f"{versions[0]} is the only version that answers"
    return f"{', '.join(versions[1:])}: what {versions[0]} authorized is known"


def _expect(promise: str, answer: Answer, status: int, code: str = "") -> str:
    if (answer.status, answer.code) != (status, code):
        raise _broken(promise, answer)
    return promise


def _broken(promise: str, answer: Answer) -> Refused:
    return Refused(
        rule="contract",
        evidence=f"{promise}: the answer was {answer}",
        fix=_FIX,
        override="nobody: merchants rely on it",
    )
