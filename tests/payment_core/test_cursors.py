"""Cursors come back as they were made, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payment_core.cursors import InvalidCursorError, sign, verify

TEXT = st.text(max_size=40)
KEY = b"k" * 32


@given(TEXT, TEXT)
def test_a_cursor_gives_its_position_back(position: str, scope: str) -> None:
    assert verify(sign(position, scope=scope, key=KEY), scope=scope, key=KEY) == position


@given(TEXT, TEXT, TEXT)
def test_a_cursor_is_of_one_listing_and_one_key(position: str, scope: str, other: str) -> None:
    cursor = sign(position, scope=scope, key=KEY)
    with pytest.raises(InvalidCursorError):
        verify(cursor, scope=scope, key=b"another" * 5)
    if other != scope:
        with pytest.raises(InvalidCursorError):
            verify(cursor, scope=other, key=KEY)


@given(st.data())
def test_no_changed_character_is_accepted(data: st.DataObject) -> None:
    cursor = sign("pay_abc", scope="m_shop", key=KEY)
    place = data.draw(st.integers(0, len(cursor) - 2))
    letter = data.draw(
        st.sampled_from("ABCDEFGHabcdefgh0123-_").filter(lambda c: c != cursor[place])
    )
    forged = cursor[:place] + letter + cursor[place + 1 :]
    with pytest.raises(InvalidCursorError):
        verify(forged, scope="m_shop", key=KEY)


@given(TEXT)
def test_any_text_is_refused_cleanly(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        verify(text, scope="m_shop", key=KEY)
