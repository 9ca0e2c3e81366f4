"""The dashboard's page time with 100,000 transactions, beside the same pages with 2,000.

The service is its real process; its tables are in the embedded AWS. moto looks at every item of a
table for each query, and 300,000 writes through its API would take an hour. So the read model's
table is filled directly, and kept as sorted lists, as DynamoDB keeps it. What a page takes apart
from its calls to DynamoDB is measured by the service itself, and told with the number of calls:
these are what AWS will see too. Calls take as long as the stand-in takes, so the ratio leaves
them out.
"""

from __future__ import annotations

import bisect
import json
import statistics
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from html import unescape
from re import search
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from dashboard_projector.read_model import contributions, pointers, row, totals_partition
from harness.bench.figures import Figure
from harness.dashboard import person, running_site
from harness.payments import ACCOUNT
from payment_core.acquirer import Answer, Verdict
from payment_core.money import Money
from payment_core.payment import Lease, Operation, concluded, opened
from payment_core.states import OperationType
from transaction_gateway.dynamodb_values import encode_map
from transaction_gateway.times import now_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from harness.dashboard import Site
    from payment_core.payment import Payment

LARGE, SMALL = "m_large01", "m_small01"
MANY, FEW = 100_000, 2_000
"""Transactions of the two merchants; the few fill each page that is compared."""

RUNS = 15
_DAYS_MS = 14 * 86_400_000
_BRANDS = ("visa", "mastercard", "amex")


def page_times() -> list[Figure]:
    """Measure each kind of page with many and with few transactions, in one run."""
    with running_site() as site:
        table: Any = dynamodb_backends[ACCOUNT]["eu-west-1"].tables[site.read_model]
        stored = SortedTable()
        table.query, table.get_item = stored.query, stored.get_item
        for merchant_id, count in ((LARGE, MANY), (SMALL, FEW)):
            site.table.put_profile(merchant_id, f"key-{merchant_id}")
            for item in _read_model(merchant_id, count):
                stored.put(item)
        stored.sort()
        return [_figure(site, name, path) for name, path in _pages().items()]


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of a page: the service's own milliseconds, all milliseconds, calls to AWS."""

    own_ms: float
    whole_ms: float
    calls: str

    @classmethod
    def of(cls, lines: list[dict[str, Any]]) -> Measured:
        """Sum up the service's lines."""
        calls = lines[-1]["AwsCalls"]
        return cls(
            statistics.median(line["PageMs"] - line["AwsMs"] for line in lines),
            statistics.median(line["PageMs"] for line in lines),
            f"{calls} call{'' if calls == 1 else 's'}",
        )


def _pages() -> dict[str, str]:
    return {
        "overview": "overview",
        "newest transactions": "transactions",
        "by state": "transactions?state=failed",
        "by reference": "transactions?q=order-00",
        "by amount": "transactions?amount_from=20&amount_to=30",
    }


def _figure(site: Site, name: str, path: str) -> Figure:
    """Measure a page of both merchants in turns, so that both see the same machine."""
    addresses = {
        merchant_id: _second_page(site, merchant_id, path) for merchant_id in (LARGE, SMALL)
    }
    lines: dict[str, list[dict[str, Any]]] = {LARGE: [], SMALL: []}
    for _ in range(RUNS):
        for merchant_id, address in addresses.items():
            with site.process.client(person(merchant_id)) as browser:
                lines[merchant_id].append(_line(site, browser, address))
    many, few = (Measured.of(lines[merchant_id]) for merchant_id in (LARGE, SMALL))
    return Figure(
        f"Dashboard page, {name}, of {MANY:,} transactions: time without DynamoDB's",
        f"{many.own_ms:.1f} ms, {many.calls}",
        f"{few.own_ms:.1f} ms, {few.calls}, of {FEW:,}; "
        f"{many.whole_ms:.0f} ms of {MANY:,} with the stand-in's time",
        many.own_ms / few.own_ms,
        "near 1",
    )


def _second_page(site: Site, merchant_id: str, path: str) -> str:
    """Give the address of the page after, if there is one: what is before isn't read again."""
    with site.process.client(person(merchant_id)) as browser:
        page = browser.get(f"/merchants/{merchant_id}/{path}")
        page.raise_for_status()
        link = search(r'rel="next" href="([^"]+)"', page.text)
        return str(page.url.join(unescape(link[1])) if link else page.url)


def _line(site: Site, browser: httpx.Client, address: str) -> dict[str, Any]:
    """Get a page, and give the service's own line about it."""
    request_id, seen = str(uuid.uuid4()), len(site.process.lines)
    browser.get(address, headers={"x-request-id": request_id}).raise_for_status()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for line in site.process.lines[seen:]:
            if line["message"] == "request" and line["request_id"] == request_id:
                return line
        time.sleep(0.001)
    raise TimeoutError(f"the service didn't log {address}")


class SortedTable:
    """Items by partition and by the index's partition, sorted, and built when they are read."""

    def __init__(self) -> None:
        self._partitions: defaultdict[str, list[tuple[str, bytes]]] = defaultdict(list)

    def put(self, item: dict[str, Any]) -> None:
        """Add an item in DynamoDB's form."""
        content = json.dumps(item).encode()
        for names in (("pk", "sk"), ("gsi1pk", "gsi1sk")):
            if names[0] in item:
                keys = [str(item[name]["S"]) for name in names]
                self._partitions[keys[0]].append((keys[1], content))

    def sort(self) -> None:
        """Sort what was added."""
        for partition in self._partitions.values():
            partition.sort()

    def get_item(
        self, hash_key: DynamoType, range_key: DynamoType, *_: object, **__: object
    ) -> Item | None:
        """Stand in for moto's method."""
        partition = self._partitions.get(hash_key.value, [])
        place = bisect.bisect_left(partition, (range_key.value, b""))
        if place < len(partition) and partition[place][0] == range_key.value:
            return _item(partition[place][1])
        return None

    def query(
        self,
        hash_key: DynamoType | None,
        range_comparison: str | None,
        range_values: list[DynamoType],
        limit: int | None,
        start: dict[str, Any] | None,
        forward: bool,
        *_: object,
        hash_key_conditions: list[tuple[str, DynamoType]],
        **__: object,
    ) -> tuple[list[Item], int, dict[str, Any] | None]:
        """Stand in for moto's method, for BETWEEN and for whole partitions."""
        name = hash_key_conditions[0][0] if hash_key_conditions else "pk"
        key = hash_key_conditions[0][1] if hash_key_conditions else hash_key
        partition = self._partitions.get(key.value if key else "", [])
        low, high = 0, len(partition)
        if range_comparison is not None:
            first, last = (value.value for value in range_values)
            low = bisect.bisect_left(partition, (first, b""))
            high = bisect.bisect_right(partition, (last, b"\xff"))
        if start is not None:
            high = min(high, bisect.bisect_left(partition, (start[name[:-2] + "sk"]["S"], b"")))
        count = high - low if limit is None else min(limit, high - low)
        found = partition[low : low + count] if forward else partition[high - count : high][::-1]
        items = [_item(content) for _, content in found]
        if count == high - low:
            return items, count, None
        names = {"pk", "sk", name, name[:-2] + "sk"}
        return items, count, {n: items[-1].attrs[n] for n in names}


def _item(content: bytes) -> Item:
    attributes = json.loads(content)
    return Item(DynamoType(attributes["pk"]), DynamoType(attributes["sk"]), attributes)


def _read_model(merchant_id: str, count: int) -> Iterator[dict[str, Any]]:
    """Lay out what the projector makes of payments spread evenly over two weeks."""
    now, totals = now_ms(), defaultdict[str, defaultdict[str, int]](lambda: defaultdict(int))
    for n in range(count):
        payment = _payment(merchant_id, n, now - _DAYS_MS + (n + 1) * _DAYS_MS // count - 60_000)
        yield encode_map(row(payment))
        for pointer in pointers(payment):
            yield encode_map(pointer)
        for key, members in contributions(payment).items():
            for name, value in members.items():
                totals[key][name] += value
    for key, sums in totals.items():
        yield encode_map({"pk": totals_partition(merchant_id), "sk": key, **sums})


def _payment(merchant_id: str, n: int, created_at: int) -> Payment:
    """Make a payment; one in twenty is declined."""
    money = Money(1000 + n * 7919 % 9000, "EUR")
    digits = "".join("abcdefghij"[int(digit)] for digit in f"{n:06d}")
    payment_id = f"pay_{digits:a>26}"
    operation = Operation(payment_id, OperationType.AUTHORIZE, money, "", created_at)
    payment = opened(
        operation,
        Lease("0" * 16, created_at),
        merchant_id=merchant_id,
        reference=f"order-{n:06d}",
        token="tok_bench",  # noqa: S106 - no secret
        brand=_BRANDS[n % 3],
    )
    declined = n % 20 == 7
    answer = Answer(Verdict.DECLINED, "do_not_honor") if declined else Answer(Verdict.APPROVED)
    return concluded(payment, answer, created_at + 80)
