"""The keys of the objects that a delivery stream writes.

Source: "Understand custom prefixes for Amazon S3 objects" in the Firehose guide.
"""

from __future__ import annotations

import datetime
import re
import secrets
import string
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_DATES = "!{timestamp:yyyy/MM/dd/HH/}"

_EXPRESSION = re.compile(r"!\{(\w+):([^}]*)\}")
_LETTERS = re.compile(r"'([^']*)'|([A-Za-z])\2*")
_DATES = {
    "yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S",
    "DDD": "%j", "MMM": "%b", "EEE": "%a", "a": "%p", "hh": "%I",
}  # fmt: skip
_RANDOM = string.ascii_letters + string.digits


class PrefixError(ValueError):
    """A prefix says something that Firehose, or this part of it, doesn't know."""


def evaluate(
    prefix: str,
    at: datetime.datetime,
    *,
    error_type: str | None = None,
    partitions: Mapping[str, str] | None = None,
) -> str:
    """Fill in a prefix; one without a date gets the default one appended.

    Args:
        prefix: as configured.
        at: when the oldest record of the object arrived, in the stream's time zone.
        error_type: why records failed, for an error prefix.
        partitions: values of ``partitionKeyFromQuery``.

    Raises:
        PrefixError: an expression isn't known.
    """

    def value_of(match: re.Match[str]) -> str:
        namespace, what = match.groups()
        if namespace == "timestamp":
            return _date(what, at)
        if namespace == "partitionKeyFromQuery" and what in (partitions or {}):
            return (partitions or {})[what]
        if (namespace, what) == ("firehose", "random-string"):
            return "".join(secrets.choice(_RANDOM) for _ in range(11))
        if (namespace, what) == ("firehose", "error-output-type") and error_type:
            return error_type
        raise PrefixError(f"{match[0]} in the prefix {prefix} isn't known")

    dated = prefix if "!{timestamp:" in prefix else prefix + DEFAULT_DATES
    return _EXPRESSION.sub(value_of, dated)


def check(prefix: str, error_prefix: str, partition_keys: Iterable[str] = ()) -> None:
    """See that a stream's prefixes can be filled in, as Firehose does when it is configured.

    Raises:
        PrefixError: they can't.
    """
    now = datetime.datetime.now(datetime.UTC)
    evaluate(prefix, now, partitions=dict.fromkeys(partition_keys, ""))
    if _EXPRESSION.search(prefix) and not error_prefix:
        raise PrefixError("a prefix with expressions needs an error prefix too")
    if _EXPRESSION.search(error_prefix) and "!{firehose:error-output-type}" not in error_prefix:
        raise PrefixError(
            "an error prefix with expressions must hold !{firehose:error-output-type}"
        )
    evaluate(error_prefix, now, error_type="failed")


def object_name(stream: str, version: str, at: datetime.datetime, extension: str) -> str:
    """Name an object, without its prefix."""
    moment = at.strftime("%Y-%m-%d-%H-%M-%S")
    return f"{stream}-{version}-{moment}-{uuid.uuid4()}{extension}"


def _date(pattern: str, at: datetime.datetime) -> str:
    def value_of(match: re.Match[str]) -> str:
        quoted, _ = match.groups()
        if quoted is not None:
            return quoted or "'"
        if match[0] not in _DATES:
            raise PrefixError(f"{match[0]} in the date {pattern} isn't known")
        return at.strftime(_DATES[match[0]])

    return _LETTERS.sub(value_of, pattern)
