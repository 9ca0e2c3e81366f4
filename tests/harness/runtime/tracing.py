"""Ids of X-Ray traces.

Letters stand between the digits, of which many in a row would look like a card number to whoever
searches logs for some.
"""

from __future__ import annotations


def new_root(epoch: float, identifier: str) -> str:
    """The id of a new trace, from the id of what begins it: a UUID, or one like it."""
    digits = identifier.replace("-", "")
    unique = "e".join((digits[:9], digits[-12:-8], digits[-8:-4], digits[-4:]))
    return f"1-{int(epoch):08x}-{unique}"


def segment(identifier: str) -> str:
    """The id of one part of a trace."""
    digits = identifier.replace("-", "")
    return f"{digits[:7]}e{digits[-8:]}"
