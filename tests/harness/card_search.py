"""Searches texts and bytes for card numbers, however they were written.

Two searches: certain numbers in any formatting, and any number that has a card brand's form and
passes Luhn. What is percent-encoded, escaped, hexadecimal, base64 or gzip is searched as what it
says, too. Pictures aren't read.
"""

from __future__ import annotations

import base64
import gzip
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from payment_core.cards import card_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BETWEEN = r"[^0-9A-Za-z]{0,3}"
_ENOUGH_DIGITS = re.compile(rf"(?:[0-9]{_BETWEEN}){{13}}")
_ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")
_HEXADECIMAL = re.compile(r"(?:3[0-9]){13,}")
# Digits and what stands between them begin their groups of three bytes so; at every alignment.
_BASE64 = re.compile(r"(?=((?:[I-P][A-Za-z0-9+/_-]{3}){3,}))")
_GROUP = re.compile(r"[A-Za-z0-9+/_-]{0,4}")
_GZIP = b"\x1f\x8b"
# EC2's ids, made at random: one in thousands has enough digits in a row to read like a number.
_EC2_ID = re.compile(r"\b[a-z]+-[0-9a-f]{17}\b")


class CardSearch:
    """Looks for the numbers `known` in any formatting, and for any other card number."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = {number: re.compile(_BETWEEN.join(number)) for number in known}

    def find(self, content: str | bytes) -> set[str]:
        """Give the digits of the card numbers in a text or bytes."""
        found: set[str] = set()
        for view in _views(_text(content)):
            if _ENOUGH_DIGITS.search(view):
                found.update(card_numbers(_EC2_ID.sub("", view)))
                found.update(
                    number for number, pattern in self._known.items() if pattern.search(view)
                )
        return found


def _text(content: str | bytes) -> str:
    if isinstance(content, str):
        return content
    # One character a byte: nothing is lost, and digits stay digits.
    return (gzip.decompress(content) if content.startswith(_GZIP) else content).decode("latin-1")


def _views(text: str) -> Iterator[str]:
    """What a text says: as it is, and as others would read it."""
    once = unquote_plus(text)
    views = {
        text,
        once,
        unquote_plus(once),
        html.unescape(text),
        _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text),
    }
    yield from views
    for match in _HEXADECIMAL.finditer(text):
        yield bytes.fromhex(match[0]).decode("latin-1")
    for view in views:
        for match in _BASE64.finditer(view):
            yield _decoded(view, match.start(), match.end(1))


def _decoded(text: str, start: int, end: int) -> str:
    """What base64 says there, with the group before and what is left of one behind."""
    before = text[max(start - 4, 0) : start]
    if _GROUP.fullmatch(before) is None or len(before) < 4:
        before = ""
    behind = _GROUP.match(text, end)
    run = before + text[start:end] + (behind[0] if behind else "")
    whole = run[:-1] if len(run) % 4 == 1 else run + "=" * (-len(run) % 4)
    return base64.b64decode(whole.translate(_URL_SAFE)).decode("latin-1")


_URL_SAFE = str.maketrans("-_", "+/")
