"""AWS WAF's text transformations, by the names that they have in its API.

What they do: "Using text transformations" in the AWS WAF guide, which describes them as those of
ModSecurity. Each takes and returns bytes, and leaves alone what it doesn't understand.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    Transformation = Callable[[bytes], bytes]

_SPACES = re.compile(rb"[ \t\n\r\f\v\xa0]+")
_COMMENT = re.compile(rb"/\*.*?(?:\*/|\Z)", re.DOTALL)
_COMMAND_LINE_DELETED = re.compile(rb"[\\\"'^]")
_COMMAND_LINE_SPACES = re.compile(rb"[\s,;]+")
_COMMAND_LINE_BEFORE = re.compile(rb"\s+(?=[/(])")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_SQL_HEX = re.compile(rb"0x((?:[0-9a-fA-F]{2})+)")
_UNICODE_ESCAPE = re.compile(rb"%u([0-9a-fA-F]{4})")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_CSS_ESCAPE = re.compile(rb"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_JS_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_ANSI_C = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))
_FULL_WIDTH = range(0xFF01, 0xFF5F)  # ! to ~, twice as wide


def _nothing(text: bytes) -> bytes:
    return text


def _url_decode(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _url_decode_unicode(text: bytes) -> bytes:
    return _url_decode(_UNICODE_ESCAPE.sub(lambda found: _narrow(found[1]), text))


def _html_entities(text: bytes) -> bytes:
    return html.unescape(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _compress_white_space(text: bytes) -> bytes:
    return _SPACES.sub(b" ", text)


def _command_line(text: bytes) -> bytes:
    without = _COMMAND_LINE_DELETED.sub(b"", text)
    return _COMMAND_LINE_BEFORE.sub(b"", _COMMAND_LINE_SPACES.sub(b" ", without)).lower()


def _replace_comments(text: bytes) -> bytes:
    return _COMMENT.sub(b" ", text)


def _hex_decode(text: bytes) -> bytes:
    try:
        return binascii.unhexlify(text)
    except binascii.Error:
        return text


def _base64_decode(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return text


def _base64_decode_forgiving(text: bytes) -> bytes:
    kept = _NOT_BASE64.sub(b"", text)
    try:
        return base64.b64decode(kept[: len(kept) // 4 * 4 or None] + b"")
    except binascii.Error:
        return text


def _sql_hex_decode(text: bytes) -> bytes:
    return _SQL_HEX.sub(lambda found: binascii.unhexlify(found[1]), text)


def _escapes(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: _escaped(found[1], found[2], found[3]), text)


def _escaped(digits: bytes | None, octal: bytes | None, letter: bytes | None) -> bytes:
    if digits:
        return binascii.unhexlify(digits)
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    return bytes([_ANSI_C.get((letter or b"\\")[0], (letter or b"\\")[0])])


def _css_decode(text: bytes) -> bytes:
    return _CSS_ESCAPE.sub(lambda found: _narrow(found[1]) if found[1] else found[2], text)


def _js_decode(text: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        return _narrow(found[1]) if found[1] else _escaped(found[2], found[3], found[4])

    return _JS_ESCAPE.sub(plain, text)


def _narrow(digits: bytes) -> bytes:
    """A code point as one byte; full-width letters become plain ones, as ModSecurity has it."""
    code = int(digits, 16)
    return bytes([(code - 0xFEE0 if code in _FULL_WIDTH else code) & 0xFF])


def _normalize_path(text: bytes) -> bytes:
    if not text:
        return text
    normal = posixpath.normpath(text).replace(b"//", b"/")
    return normal + b"/" if text.endswith(b"/") and not normal.endswith(b"/") else normal


def _utf8_to_unicode(text: bytes) -> bytes:
    decoded = text.decode("utf-8", "replace")
    return "".join(c if ord(c) < 0x80 else f"%u{ord(c):04x}" for c in decoded).encode()


BY_NAME: dict[str, Transformation] = {
    "BASE64_DECODE": _base64_decode,
    "BASE64_DECODE_EXT": _base64_decode_forgiving,
    "CMD_LINE": _command_line,
    "COMPRESS_WHITE_SPACE": _compress_white_space,
    "CSS_DECODE": _css_decode,
    "ESCAPE_SEQ_DECODE": _escapes,
    "HEX_DECODE": _hex_decode,
    "HTML_ENTITY_DECODE": _html_entities,
    "JS_DECODE": _js_decode,
    "LOWERCASE": bytes.lower,
    "MD5": lambda text: hashlib.md5(text, usedforsecurity=False).digest(),
    "NONE": _nothing,
    "NORMALIZE_PATH": _normalize_path,
    "NORMALIZE_PATH_WIN": lambda text: _normalize_path(text.replace(b"\\", b"/")),
    "REMOVE_NULLS": lambda text: text.replace(b"\0", b""),
    "REPLACE_COMMENTS": _replace_comments,
    "REPLACE_NULLS": lambda text: text.replace(b"\0", b" "),
    "SQL_HEX_DECODE": _sql_hex_decode,
    "URL_DECODE": _url_decode,
    "URL_DECODE_UNI": _url_decode_unicode,
    "UTF8_TO_UNICODE": _utf8_to_unicode,
}
