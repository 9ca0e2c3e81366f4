"""What log records must not show: a web ACL's data protection, and its logging's redaction."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Hide = Callable[[str], str]

REDACTED = "REDACTED"
_LOCATIONS = {
    "ALL_QUERY_ARGS": "QUERY_STRING",
    "BODY": "BODY",
    "COOKIE": "SINGLE_COOKIE",
    "HEADER": "SINGLE_HEADER",
    "QUERY_STRING": "QUERY_STRING",
    "SINGLE_QUERY_ARG": "SINGLE_QUERY_ARGUMENT",
}
_REDACTABLE = {
    "Method": "METHOD",
    "QueryString": "QUERY_STRING",
    "SingleHeader": "SINGLE_HEADER",
    "UriPath": "URI_PATH",
}
_RATE_KEYS = {"HEADER": "SINGLE_HEADER", "QUERY_STRING": "QUERY_STRING"}


def _substitute(_: str) -> str:
    return REDACTED


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


class Protection:
    """Hides values of headers, query strings and bodies in log records.

    Args:
        protected: ``DataProtections`` of a web ACL.
        redacted: ``RedactedFields`` of its logging configuration. They leave what rules quote.
    """

    def __init__(
        self, protected: Iterable[Mapping[str, Any]], redacted: Iterable[Mapping[str, Any]]
    ) -> None:
        self._anywhere: dict[tuple[str, str], Hide] = {}
        self._details: dict[tuple[str, str], Hide] = {}
        self._rates: dict[tuple[str, str], Hide] = {}
        for each in protected:
            hide = _hash if each["Action"] == "HASH" else _substitute
            for key in each["Field"].get("FieldKeys") or [""]:
                field = each["Field"]["FieldType"], key.lower()
                self._anywhere[field] = hide
                if not each.get("ExcludeRuleMatchDetails"):
                    self._details[field] = hide
                if not each.get("ExcludeRateBasedDetails"):
                    self._rates[field] = hide
        for each in redacted:
            ((name, settings),) = each.items()
            header = settings["Name"].lower() if name == "SingleHeader" else ""
            self._anywhere.setdefault((_REDACTABLE[name], header), _substitute)

    def value(self, field: str, value: str, name: str = "") -> str:
        """A value of the request: ``field`` as in the API's FieldType, or URI_PATH or METHOD."""
        hide = self._anywhere.get((field, name))
        return hide(value) if hide else value

    def details(self, details: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What rules quote of what they matched."""
        return [self._detail(each) for each in details]

    def _detail(self, detail: dict[str, Any]) -> dict[str, Any]:
        field = _LOCATIONS.get(detail["location"], "")
        hide = self._details.get((field, detail.get("matchedFieldName", "").lower()))
        if hide is None:
            return detail
        return {**detail, "matchedData": [hide(each) for each in detail["matchedData"]]}

    def rates(self, rates: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The keys that rates were counted by."""
        return [{**rate, "customValues": self._keys(rate["customValues"])} for rate in rates]

    def _keys(self, keys: list[dict[str, str]]) -> list[dict[str, str]]:
        shown = []
        for key in keys:
            field = _RATE_KEYS.get(key["key"], ""), key.get("name", "").lower()
            hide = self._rates.get(field)
            shown.append({**key, "value": hide(key["value"])} if hide else key)
        return shown
