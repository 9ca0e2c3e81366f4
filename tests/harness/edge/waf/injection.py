"""What counts as SQL injection or cross-site scripting here.

What AWS WAF's own two statements detect isn't published, so this is a model: constructs that only
an attack has, seen in texts after a statement's transformations. It is meant to miss rather than
to accuse: O'Brien, "select" in a reference and a "Western Union" pass. A match therefore says
that AWS should match too; none says little. Why no library does this: docs/decisions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLAGS = re.IGNORECASE | re.DOTALL
_OPERAND = rb"(?:\d+|'[^']{0,40}'?|\"[^\"]{0,40}\"?|[a-z_@][\w.@]{0,40}(?:\([^)]{0,40}\))?)"
_COMPARISON = rb"(?:=|<>|!=|<=>|>=|<=|<|>|\blike\b|\brlike\b|\bregexp\b|\bbetween\b|\bin\s*\()"
_SPACE = rb"(?:\s|/\*.{0,40}?\*/|\+)"
_CONDITION = rb"\(*" + _OPERAND + rb"\)*" + _SPACE + rb"*" + _COMPARISON
_BOOLEAN = rb"(?:\b(?:or|and|xor|having)\b|\|\||&&)"
_VERB = (
    rb"(?:drop|delete|insert|update|alter|create|truncate|exec(?:ute)?|shutdown|declare|grant|"
    rb"merge|replace|select)"
)
_OBJECT = (
    rb"(?:table|database|from|into|user|view|index|procedure|function|schema|role|@\w|xp_\w|"
    rb"sp_\w|master|all|\w+\s+set\s+\w+\s*=|pg_\w|with\s+nowait|\*)"
)

_SQL = [
    # A text is closed, and a condition follows: ' or '1'='1, ") and sleep(5)=0
    rb"['\"`]" + _SPACE + rb"*\)*" + _SPACE + rb"*" + _BOOLEAN + _SPACE + rb"*" + _CONDITION,
    # A text is closed, and the rest of the statement is a comment: admin'--, x'/*
    rb"['\"`]" + _SPACE + rb"*[);]*" + _SPACE + rb"*(?:--(?:\s|-|\+|$)|#\s*$|/\*)",
    # A number is given more than one value: 1 or 1=1, 1) and 2>1
    rb"(?:^|=)\s*-?\d+" + _SPACE + rb"*\)*" + _SPACE + rb"*" + _BOOLEAN + _SPACE + rb"*\(*"
    rb"(?:\d+|'[^']*')" + _SPACE + rb"*" + _COMPARISON,
    rb"\bunion\b" + _SPACE + rb"+(?:(?:all|distinct)" + _SPACE + rb"+)?select\b" + _SPACE + rb"*"
    rb"(?:[*@'\"(]|null\b|\d+\s*,|[\w.]+\s*\(|[\w.`]+"
    + _SPACE
    + rb"*,|[\w.`]+"
    + _SPACE
    + rb"+from\b)",
    rb";" + _SPACE + rb"*" + _VERB + _SPACE + rb"+" + _OBJECT,
    rb"\(" + _SPACE + rb"*select\b.{1,200}?(?:\bfrom\b|@@|\()",
    rb"\bselect\b.{1,200}?\bfrom\b.{0,40}?\b(?:information_schema|pg_catalog|sysobjects|"
    rb"sqlite_master|mysql\.user|all_tables|dual)\b",
    rb"\b(?:sleep|benchmark|pg_sleep|load_file|extractvalue|updatexml|xp_cmdshell|"
    rb"dbms_pipe\.receive_message|utl_http\.request)\s*\(",
    rb"\bwaitfor\b\s+\bdelay\b\s*['\"(]",
    rb"\binto\s+(?:out|dump)file\b",
    rb"['\"]\s*(?:\|\||\+)\s*(?:\(|chr\s*\(|char\s*\()",
    rb"\border\s+by\s+\d+\s*(?:--|#|/\*)",
    rb"/\*!\d{0,5}\s*\w+",
]
_HANDLER = rb"on[a-z]{3,24}\s*="
_SCHEME = rb"(?:j\s*a\s*v\s*a|v\s*b)\s*s\s*c\s*r\s*i\s*p\s*t\s*:"
_SITE = [
    rb"<\s*/?\s*(?:script|iframe|frame|frameset|object|embed|applet|meta|base|link|style|svg|math|"
    rb"template|marquee|isindex|xss|form|bgsound)(?:[\s/>:]|$)",
    rb"<[a-z!?/][^>]{0,300}?[\s/\"']" + _HANDLER,
    rb"(?:[\"']\s*|^\s*)" + _HANDLER + rb"\s*[\"']?[^\"'>]{0,60}[(`]",
    rb"(?:^|[=\"'(\s])" + _SCHEME,
    rb"data:\s*text/html",
    rb"<!(?:doctype|entity|\[cdata)",
    rb"<\?xml",
    rb"\bexpression\s*\(.{0,40}\)",
]
# One search for each kind: trying one expression after the other costs as many passes.
_SQL_INJECTION = re.compile(rb"|".join(rb"(?:%s)" % each for each in _SQL), _FLAGS)
_CROSS_SITE_SCRIPTING = re.compile(rb"|".join(rb"(?:%s)" % each for each in _SITE), _FLAGS)
# Without one of these a text holds neither; most texts of a payment don't.
_SQL_NEEDS = re.compile(rb"['\"`;=(<>#]|--|/\*|\b(?:select|union|like|between|into)\b", _FLAGS)
_SITE_NEEDS = re.compile(rb"[<:(`]")


class Detector:
    """Finds one kind of attack in texts.

    Args:
        needs: what some part of every such attack matches.
        attack: the attack.
    """

    __slots__ = ("_attack", "_needs")

    def __init__(self, needs: re.Pattern[bytes], attack: re.Pattern[bytes]) -> None:
        self._needs = needs.search
        self._attack = attack.search

    def __call__(self, texts: Sequence[bytes]) -> bytes | None:
        """The part of a text that is an attack, if one is."""
        # A body has many short texts, mostly harmless: they are looked through together first.
        if not self._needs(texts[0] if len(texts) == 1 else b"\n".join(texts)):
            return None
        found = next(filter(None, map(self._attack, texts)), None)
        return found[0] if found else None


sql_injection = Detector(_SQL_NEEDS, _SQL_INJECTION)
cross_site_scripting = Detector(_SITE_NEEDS, _CROSS_SITE_SCRIPTING)
