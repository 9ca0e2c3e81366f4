"""Signatures: what the sender writes, the merchants' helper accepts, and nothing near it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_sender.signing import signature

if TYPE_CHECKING:
    from types import ModuleType

NOW_S = 1_767_225_600
SECRET = "a" * 40
OTHER = "b" * 40


def _load() -> ModuleType:
    path = Path(__file__).parents[2] / "examples" / "webhook_receiver" / "verify.py"
    spec = importlib.util.spec_from_file_location("webhook_verify", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verify = _load()
bodies = st.dictionaries(st.text(), st.integers() | st.text()).map(
    lambda members: json.dumps({**members, "id": "evt_1"}).encode()
)


def test_the_header_is_what_the_contract_says() -> None:
    # The digest is of `printf '1767225600.{}' | openssl dgst -sha256 -hmac aaaa...`.
    assert signature(b"{}", [SECRET], NOW_S) == (
        "t=1767225600,v1=a348958344fcf53b90172394d79003e034c4f42420b13b9babbef565b1e15d66"
    )


@given(bodies, st.text(min_size=32))
def test_a_signature_verifies_for_any_body_and_secret(body: bytes, secret: str) -> None:
    header = signature(body, [secret], NOW_S)
    assert verify.receive(body, header, [secret], set(), NOW_S) == json.loads(body)


@given(bodies, st.data())
def test_one_flipped_bit_anywhere_is_refused(body: bytes, data: st.DataObject) -> None:
    header = signature(body, [SECRET], NOW_S).encode()
    whole = bytearray(body + header)
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    body, header = bytes(whole[: len(body)]), bytes(whole[len(body) :])
    with pytest.raises(verify.SignatureError):
        # As servers decode header lines.
        verify.receive(body, header.decode("latin-1"), [SECRET], set(), NOW_S)


def test_another_secret_is_refused() -> None:
    header = signature(b"{}", [SECRET], NOW_S)
    with pytest.raises(verify.SignatureError, match="no signature matches"):
        verify.receive(b"{}", header, [OTHER], set(), NOW_S)


@pytest.mark.parametrize("header", ["", "t=1", "v1=", "t=,v1=", "v1=é", "=,=", "t=x,v1=x"])
def test_a_malformed_header_is_refused(header: str) -> None:
    with pytest.raises(verify.SignatureError):
        verify.receive(b"{}", header, [SECRET], set(), NOW_S)


@pytest.mark.parametrize("known", [[SECRET], [OTHER], [OTHER, SECRET]])
def test_during_a_rotation_either_secret_suffices(known: list[str]) -> None:
    body = b'{"id":"evt_1"}'
    header = signature(body, [SECRET, OTHER], NOW_S)
    assert header.count("v1=") == 2
    assert verify.receive(body, header, known, set(), NOW_S) == {"id": "evt_1"}


@pytest.mark.parametrize(
    ("late_s", "accepted"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)]
)
def test_a_signature_is_good_for_five_minutes(late_s: int, *, accepted: bool) -> None:
    body = b'{"id":"evt_1"}'
    header = signature(body, [SECRET], NOW_S)
    if accepted:
        assert verify.receive(body, header, [SECRET], set(), NOW_S + late_s)
        return
    with pytest.raises(verify.SignatureError, match="too old"):
        verify.receive(body, header, [SECRET], set(), NOW_S + late_s)


def test_an_event_is_acted_on_once_however_often_it_is_signed() -> None:
    body = b'{"id":"evt_1"}'
    seen: set[str] = set()
    first, again = (signature(body, [SECRET], NOW_S + late_s) for late_s in (0, 60))
    assert verify.receive(body, first, [SECRET], seen, NOW_S) == {"id": "evt_1"}
    assert verify.receive(body, first, [SECRET], seen, NOW_S) is None
    assert verify.receive(body, again, [SECRET], seen, NOW_S + 60) is None
