"""The trace in which an invocation runs, as Lambda tells it."""

from __future__ import annotations

import os

_VARIABLE = "_X_AMZN_TRACE_ID"


def trace_id() -> str | None:
    """Give the id that API Gateway's log and every part of the request share."""
    fields = os.environ.get(_VARIABLE, "").split(";")
    roots = [field.removeprefix("Root=") for field in fields if field.startswith("Root=")]
    return roots[0] if roots else None
