"""A seeded generator of synthetic payments with labelled patterns of fraud, and honest noise.

It stands in for data that nobody may publish. What a model learns from it are the patterns that
are written here; figures measured on it say nothing about any merchant's real fraud.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fraud_detection.tallies import DAY, HOUR, MINUTE
from fraud_detection.transaction import Transaction
from payment_core.currencies import EXPONENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SEED = 20_240_607
DAYS = 40
BEGIN = 19_800 * DAY
"""When the first day begins, in epoch seconds."""

UNREPORTED = 0.06
"""Part of the fraud that nobody reports, so that it is labelled as honest."""
FALSE_REPORTS = 0.0002
"""Part of the honest payments that are reported as fraud."""

_FAR = ("BR", "ID", "NG", "PK", "RO", "RU", "TH", "UA", "US", "VN")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A payment, when it came (epoch seconds), its label, and the pattern that made it."""

    at: float
    transaction: Transaction
    fraud: bool
    pattern: str


@dataclass(frozen=True, slots=True)
class Shop:
    """How a merchant sells. ``median`` is in major units; shares are from 0 to 1.

    ``opens`` is the day of the first payment; ``attacked`` multiplies the attacks on it.
    """

    name: str
    currency: str
    a_day: int
    median: float
    spread: float
    countries: tuple[str, ...]
    sends_device: float = 0.95
    sends_country: float = 0.98
    kiosks: int = 0
    batch: int = 0
    opens: int = 0
    attacked: float = 1.0


LARGE_SHOPS = (
    Shop("rivertown", "EUR", 900, 32, 0.28, ("DE", "AT", "NL")),
    Shop("bookbarn", "EUR", 500, 18, 0.22, ("FR", "BE")),
    Shop("kaffeeeck", "EUR", 700, 6, 0.18, ("DE",), kiosks=4),
    Shop("fernweh", "EUR", 160, 420, 0.35, ("DE", "FR", "IT", "ES"), sends_device=0.8),
    Shop("gadgetly", "USD", 800, 95, 0.42, ("US", "CA")),
    Shop("streamo", "USD", 600, 11, 0.08, ("US", "GB", "CA"), batch=140),
    Shop("tokyotools", "JPY", 450, 5200, 0.30, ("JP",)),
    Shop("helpinghand", "GBP", 300, 10, 0.40, ("GB", "IE"), sends_device=0.7),
    Shop("gulfgold", "KWD", 90, 85, 0.45, ("KW", "AE")),
    Shop("topupnow", "EUR", 650, 12, 0.20, ("ES", "PT", "IT"), sends_country=0.85),
    Shop("ticketto", "EUR", 250, 65, 0.30, ("IT", "DE", "CH"), kiosks=6),
    Shop("fashionista", "EUR", 600, 58, 0.33, ("FR", "ES", "IT", "DE")),
)


def small_shops(seed: int, number: int = 40) -> list[Shop]:
    """Make merchants that sell little and began lately: nothing is usual there yet.

    Attackers like them, since nobody is on watch.
    """
    chance = random.Random(f"{seed}/small shops")  # noqa: S311 - reproducible
    return [
        Shop(
            name=f"small{place:02}",
            currency=chance.choice(("EUR", "EUR", "GBP", "USD", "JPY")),
            a_day=chance.choice((2, 5, 10, 20, 40)),
            median=10 ** chance.uniform(0.7, 2.3),
            spread=chance.uniform(0.05, 0.45),
            countries=chance.choice((("DE",), ("FR", "BE"), ("GB", "IE", "US"), ("ES",))),
            sends_device=chance.choice((0.0, 0.9, 1.0)),
            sends_country=chance.choice((0.0, 0.9, 1.0)),
            kiosks=chance.choice((0, 0, 1)),
            opens=chance.randrange(DAYS - 14),
            attacked=4.0,
        )
        for place in range(number)
    ]


@dataclass(slots=True)
class Card:
    """A customer's card, as one merchant's token."""

    token: str
    country: str
    device: str
    abroad_from: float = math.inf
    abroad_in: str = ""

    def place(self, at: float) -> str:
        """Give the country that the customer is in."""
        return self.abroad_in if 0 <= at - self.abroad_from < 6 * DAY else self.country


@dataclass(slots=True)
class Market:
    """A shop with its customers: makes honest payments, and carries out fraud."""

    shop: Shop
    chance: random.Random
    cards: list[Card] = field(default_factory=list)
    _names: int = 0

    def __post_init__(self) -> None:
        self.cards = [self.new_card() for _ in range(self.shop.a_day * 6)]

    def name(self, kind: str) -> str:
        """Make a name that was not used before."""
        self._names += 1
        return f"{kind}_{self.shop.name}_{self._names}"

    def new_card(self) -> Card:
        """Make a customer; some of them travel once."""
        countries = self.shop.countries
        # The first country is the home of most.
        country = self.chance.choice([*countries, *[countries[0]] * len(countries)])
        card = Card(self.name("tok"), country, self.name("dev"))
        if self.chance.random() < 0.15:
            card.abroad_from = BEGIN + self.chance.random() * DAYS * DAY
            card.abroad_in = self.chance.choice((*_FAR, "FR", "IT", "ES", "GB"))
        return card

    def amount(self, factor: float = 1.0, spread: float | None = None) -> int:
        """Draw an amount in minor units around the shop's median times a factor."""
        spread = self.shop.spread if spread is None else spread
        size = math.log10(self.shop.median * factor) + self.chance.gauss(0, spread)
        return max(1, round(10 ** (size + EXPONENTS[self.shop.currency])))

    def regular(self) -> Card:
        """Draw a customer; a few come often."""
        return self.cards[int(len(self.cards) * self.chance.random() ** 2)]

    def device_of(self, card: Card) -> str:
        """Give the device that a customer uses now: theirs, a new one, or a kiosk of the shop."""
        draw = self.chance.random()
        if self.shop.kiosks and draw < 0.35:
            return f"kiosk_{self.shop.name}_{self.chance.randrange(self.shop.kiosks)}"
        if draw > 0.96:
            card.device = self.name("dev")
        return card.device

    def payment(
        self,
        at: float,
        card: Card,
        *,
        amount: int,
        pattern: str,
        device: str | None = None,
        country: str | None = None,
        fraud: bool = False,
    ) -> Labelled:
        """Make one payment; some merchants don't send device or country every time."""
        shop, chance = self.shop, self.chance
        transaction = Transaction(
            merchant_id=f"m_{shop.name}",
            amount=amount,
            currency=shop.currency,
            token=card.token,
            device_id=device if chance.random() < shop.sends_device else None,
            country=country if chance.random() < shop.sends_country else None,
        )
        # Draws even where it can't matter, so that one setting changes nothing else.
        wrong = chance.random() < (UNREPORTED if fraud else FALSE_REPORTS)
        return Labelled(at, transaction, fraud != wrong, pattern)


def generate(seed: int = SEED, days: int = DAYS) -> list[Labelled]:
    """Make all payments of all shops, in the order of time. The same seed makes the same."""
    payments: list[Labelled] = []
    for shop in (*LARGE_SHOPS, *small_shops(seed)):
        # One stream of chance for each shop: a change of one leaves the others as they are.
        market = Market(shop, random.Random(f"{seed}/{shop.name}"))  # noqa: S311 - reproducible
        for day in range(shop.opens, days):
            payments += _honest_day(market, BEGIN + day * DAY)
            payments += _fraud_of_day(market, BEGIN + day * DAY)
    payments.sort(key=lambda payment: (payment.at, payment.transaction.token))
    return payments


def _honest_day(market: Market, begin: float) -> Iterator[Labelled]:
    chance, shop = market.chance, market.shop
    for _ in range(max(0, round(chance.gauss(shop.a_day, 1 + shop.a_day * 0.08)))):
        # More in the evening than at night.
        at = begin + (chance.gauss(17, 4.5) % 24) * HOUR
        yield from _purchase(market, at)
    if chance.random() < 0.06:
        sale = begin + chance.uniform(9, 20) * HOUR
        for _ in range(shop.a_day // 3):
            yield from _purchase(market, sale + chance.expovariate(1) * 25 * MINUTE)
    if shop.batch:
        yield from _subscriptions(market, begin + 2 * HOUR)
    opening = begin == BEGIN + shop.opens * DAY
    if chance.random() < (0.6 if opening else 0.08):
        yield from _rush(market, begin + chance.uniform(6, 23) * HOUR)


def _purchase(market: Market, at: float) -> Iterator[Labelled]:
    """One purchase, and sometimes its repetitions: a split basket, a second try."""
    chance = market.chance
    card = market.regular() if chance.random() < 0.8 else market.new_card()
    device = market.device_of(card)
    unusual = chance.random() < 0.015
    factor = chance.uniform(4, 12) if unusual else 1.0
    for _ in range(1 + (chance.random() < 0.05) * chance.randint(1, 4)):
        yield market.payment(
            at,
            card,
            amount=market.amount(factor),
            device=device,
            country=card.place(at),
            pattern="honest",
        )
        at += chance.expovariate(1) * 3 * MINUTE


def _subscriptions(market: Market, at: float) -> Iterator[Labelled]:
    """Honest payments that look like card testing: many cards, one machine, no country."""
    for _ in range(market.shop.batch):
        at += market.chance.expovariate(1) * 4
        yield market.payment(
            at,
            market.regular(),
            amount=market.amount(spread=0.02),
            device=f"billing_{market.shop.name}",
            pattern="honest",
        )


def _rush(market: Market, at: float) -> Iterator[Labelled]:
    """Honest payments that come all at once: a launch, or tills that were offline until now.

    Without them a burst at a merchant would speak against all of its customers.
    """
    chance, shop = market.chance, market.shop
    tills = [market.name("till") for _ in range(chance.randint(1, 3))]
    from_tills, tells_country = chance.random() < 0.2, chance.random() < 0.7
    pause = chance.choice((0.05, 0.3, 2, 10))
    for _ in range(chance.randint(15, 40 + min(shop.a_day, 260))):
        at += chance.expovariate(1) * pause
        # A shop with few customers would see each of them many times.
        known = len(market.cards) > 1000 and chance.random() < 0.7
        card = market.regular() if known else market.new_card()
        yield market.payment(
            at,
            card,
            amount=market.amount(spread=shop.spread * 1.3),
            device=chance.choice(tills) if from_tills else market.device_of(card),
            country=card.place(at) if tells_country else None,
            pattern="honest",
        )


def _fraud_of_day(market: Market, begin: float) -> Iterator[Labelled]:
    chance = market.chance
    for pattern, a_day in _PATTERNS:
        # A shop that sells more is attacked more often, though not as much more.
        expected = a_day * math.sqrt(market.shop.a_day / 500) * market.shop.attacked
        for _ in range(int(expected) + (chance.random() < expected % 1)):
            yield from pattern(market, begin + chance.random() * DAY)


def _card_testing(market: Market, at: float) -> Iterator[Labelled]:
    """A machine tries many stolen cards with small amounts."""
    chance = market.chance
    devices = [market.name("bot") for _ in range(chance.choice((1, 1, 1, 3, 8)))]
    country = chance.choice((*_FAR, *market.shop.countries * 2))
    pause = chance.choice((3, 10, 30, 90))
    for _ in range(chance.randint(12, 60)):
        at += chance.expovariate(1) * pause
        yield market.payment(
            at,
            market.new_card(),
            amount=market.amount(chance.choice((0.05, 0.15, 0.5)), 0.12),
            device=chance.choice(devices),
            country=country,
            pattern="card_testing",
            fraud=True,
        )


def _velocity_burst(market: Market, at: float) -> Iterator[Labelled]:
    """One stolen card is used up within the hour."""
    chance = market.chance
    card = market.regular() if chance.random() < 0.5 else market.new_card()
    device = market.name("bot")
    country = card.country if chance.random() < 0.6 else chance.choice(_FAR)
    for _ in range(chance.randint(4, 11)):
        yield market.payment(
            at,
            card,
            amount=market.amount(chance.uniform(0.8, 3)),
            device=device,
            country=country,
            pattern="velocity_burst",
            fraud=True,
        )
        at += chance.expovariate(1) * 6 * MINUTE


def _stolen_abroad(market: Market, at: float) -> Iterator[Labelled]:
    """A regular customer's card appears in a far country, on an unknown device."""
    chance = market.chance
    card = market.regular()
    device, country = market.name("bot"), chance.choice(_FAR)
    for _ in range(chance.choice((1, 1, 2, 3))):
        yield market.payment(
            at,
            card,
            amount=market.amount(chance.uniform(1.5, 5)),
            device=device,
            country=country,
            pattern="stolen_abroad",
            fraud=True,
        )
        at += chance.expovariate(1) * 40 * MINUTE


def _unusual_amount(market: Market, at: float) -> Iterator[Labelled]:
    """An unknown card buys for far more than is usual at the merchant."""
    chance = market.chance
    card = market.new_card()
    yield market.payment(
        at,
        card,
        amount=market.amount(chance.uniform(7, 25), 0.1),
        device=card.device,
        country=card.country if chance.random() < 0.5 else chance.choice(_FAR),
        pattern="unusual_amount",
        fraud=True,
    )


def _quiet(market: Market, at: float) -> Iterator[Labelled]:
    """Fraud that looks like any other purchase: nothing in the data gives it away."""
    card = market.regular()
    yield market.payment(
        at,
        card,
        amount=market.amount(),
        device=market.device_of(card),
        country=card.place(at),
        pattern="quiet",
        fraud=True,
    )


_PATTERNS: Sequence[tuple[Callable[[Market, float], Iterator[Labelled]], float]] = (
    (_card_testing, 0.06),
    (_velocity_burst, 0.12),
    (_stolen_abroad, 0.5),
    (_unusual_amount, 0.4),
    (_quiet, 0.4),
)
