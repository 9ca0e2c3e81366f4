"""Keys, canonical hashes, derived ids and what a repetition is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payment_core.idempotency import (
    Decision,
    StoredResponse,
    decide,
    is_valid_key,
    request_hash,
    retry_after,
    scoped_id,
)

if TYPE_CHECKING:
    from random import Random

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcd"), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.dictionaries(st.text("abcdef"), JSON, max_size=4)


@given(BODIES, st.randoms())
def test_the_hash_ignores_order_and_spacing_alone(body: dict[str, object], random: Random) -> None:
    names = list(body)
    random.shuffle(names)
    shuffled = json.loads(json.dumps({name: body[name] for name in names}, indent=3))
    assert request_hash(shuffled) == request_hash(body)


@given(BODIES, BODIES)
def test_different_bodies_have_different_hashes(
    one: dict[str, object], other: dict[str, object]
) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (request_hash(one) == request_hash(other)) == same


SCOPES = st.tuples(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))


@given(SCOPES, SCOPES)
def test_ids_are_as_different_as_their_scopes(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (scoped_id("pay", *one) == scoped_id("pay", *other)) == (one == other)


def test_an_id_has_the_contracts_form() -> None:
    made = scoped_id("pay", "m_shop", "authorizePayment", "key")
    assert made == scoped_id("pay", "m_shop", "authorizePayment", "key")
    assert made.startswith("pay_")
    assert len(made) == 30
    assert set(made[4:]) <= set("abcdefghijklmnopqrstuvwxyz234567")


@pytest.mark.parametrize(
    ("new_hash", "answered", "now", "decision"),
    [
        ("hash", False, 99, Decision.IN_FLIGHT),
        ("hash", False, 100, Decision.RESUME),
        ("hash", True, 50, Decision.REPLAY),
        ("hash", True, 500, Decision.REPLAY),
        ("other", True, 500, Decision.MISMATCH),
        ("other", False, 50, Decision.MISMATCH),
    ],
)
def test_what_a_repetition_is(new_hash: str, answered: bool, now: int, decision: Decision) -> None:
    response = StoredResponse(201, "{}") if answered else None
    made = decide(
        stored_hash="hash", new_hash=new_hash, response=response, lease_until=100, now=now
    )
    assert made is decision


@pytest.mark.parametrize("status", [202, 400, 413, 415, 422, 429, 500, 503])
def test_only_outcomes_are_stored(status: int) -> None:
    with pytest.raises(ValueError, match="must not be stored"):
        StoredResponse(status, "{}")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_retry_after_covers_the_lease_in_whole_seconds(until: int, now: int) -> None:
    seconds = retry_after(until, now)
    assert seconds >= 1
    assert now + seconds * 1000 >= until
    assert seconds == 1 or now + (seconds - 1) * 1000 < until


@pytest.mark.parametrize("key", ["", " ", "a b", "a\n", "é", "x" * 129, "a/b"])
def test_malformed_keys_are_told(key: str) -> None:
    assert not is_valid_key(key)


@pytest.mark.parametrize(
    "key", ["a", "x" * 128, "9f1c2b1e-1d2c-4c57-9d5b-0a4f6a0d8f11", "day.1:2_3"]
)
def test_valid_keys_are_taken(key: str) -> None:
    assert is_valid_key(key)
