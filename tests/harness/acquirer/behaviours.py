"""What the simulated acquirer does, chosen by the token.

A token is ``tok_<behaviour>`` for authorizations, ``tok_<operation>_<behaviour>`` (capture, void
or refund) for that operation alone, and may end in ``__anything`` to tell payments apart. Every
other token is approved, unless a card is registered under it: see ``harness.acquirer.cards``.

| Behaviour | What happens |
|---|---|
| ``approve`` | approved (as every unknown token is) |
| ``decline_<code>`` | declined with any code: ``decline_insufficient_funds``, ``decline_do_not_honor``, ``decline_expired_card``, ``decline_issuer_unavailable`` |
| ``timeout_never`` | no answer, and nothing is ever booked |
| ``timeout_booked`` | booked at once, and no answer; a repetition is answered |
| ``timeout_late`` | no answer, and booked only later: after ``late_after_s`` or at ``deliver_late()`` |
| ``dropped_booked`` | booked, and the connection is dropped; a repetition is answered |
| ``error_once`` | 503 at the first request, then approved |
| ``error_always`` | 503, and nothing is ever booked |
"""  # noqa: E501  # a table row can't be wrapped

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_OPERATIONS = ("capture", "void", "refund")


class Kind(StrEnum):
    """How a request is dealt with."""

    APPROVE = "approve"
    DECLINE = "decline"
    TIMEOUT_NEVER = "timeout_never"
    TIMEOUT_BOOKED = "timeout_booked"
    TIMEOUT_LATE = "timeout_late"
    DROPPED_BOOKED = "dropped_booked"
    ERROR_ONCE = "error_once"
    ERROR_ALWAYS = "error_always"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A kind, and the code that goes with a decline."""

    kind: Kind
    decline_code: str | None = None


def behaviour_of(token: str, operation: str) -> Behaviour:
    """Read from ``token`` how to deal with ``operation``."""
    name = token.removeprefix("tok_").partition("__")[0]
    target, _, rest = name.partition("_")
    if target in _OPERATIONS:
        name = rest if target == operation else Kind.APPROVE
    elif operation != "authorize":
        name = Kind.APPROVE
    if name.startswith("decline_"):
        return Behaviour(Kind.DECLINE, name.removeprefix("decline_"))
    known = name in set(Kind) - {Kind.DECLINE}
    return Behaviour(Kind(name) if known else Kind.APPROVE)
