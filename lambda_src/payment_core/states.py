"""The life of a payment as an explicit table: what may follow what, and what may be asked when."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a payment stands. ``UNKNOWN``: the acquirer was asked and its answer isn't known."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    FAILED = "failed"
    UNKNOWN = "unknown"


class OperationType(StrEnum):
    """What can be asked of the acquirer."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class InvalidTransitionError(ValueError):
    """A state was to follow another that it can't follow."""


_CAPTURED = {State.PARTIALLY_CAPTURED, State.CAPTURED}
_REFUNDED = {State.PARTIALLY_REFUNDED, State.REFUNDED}

TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.AUTHORIZED, State.FAILED, State.UNKNOWN}),
    State.AUTHORIZED: frozenset({*_CAPTURED, State.VOIDED, State.UNKNOWN}),
    State.PARTIALLY_CAPTURED: frozenset({*_CAPTURED, *_REFUNDED, State.UNKNOWN}),
    State.CAPTURED: frozenset({*_REFUNDED, State.UNKNOWN}),
    # A capture after a refund: the second parcel is sent after the first came back.
    State.PARTIALLY_REFUNDED: frozenset({*_REFUNDED, State.UNKNOWN}),
    State.REFUNDED: frozenset({State.PARTIALLY_REFUNDED, State.UNKNOWN}),
    State.VOIDED: frozenset(),
    State.FAILED: frozenset(),
    # Whatever was asked for may have happened, or the payment goes back to where it stood.
    State.UNKNOWN: frozenset(set(State) - {State.PENDING}),
}
"""Every state with the states that may follow it."""

ALLOWED_FROM: dict[OperationType, frozenset[State]] = {
    OperationType.AUTHORIZE: frozenset({State.PENDING}),
    OperationType.CAPTURE: frozenset({State.AUTHORIZED, State.PARTIALLY_CAPTURED, *_REFUNDED}),
    OperationType.VOID: frozenset({State.AUTHORIZED}),
    OperationType.REFUND: frozenset({*_CAPTURED, State.PARTIALLY_REFUNDED}),
}
"""Every operation with the states in which it may begin."""


def check_transition(current: State, following: State) -> None:
    """Raise ``InvalidTransitionError`` unless ``following`` may follow ``current``."""
    if following not in TRANSITIONS[current]:
        raise InvalidTransitionError(f"a payment that is {current} can't become {following}")


def state_of_amounts(authorized: int, captured: int, refunded: int) -> State:
    """Name the state of an authorized payment by its amounts, all in minor units.

    Raises ``ValueError`` unless ``0 <= refunded <= captured <= authorized``.
    """
    if not 0 <= refunded <= captured <= authorized:
        raise ValueError(
            f"amounts must keep 0 <= refunded <= captured <= authorized, "
            f"got {refunded}, {captured}, {authorized}"
        )
    if refunded:
        return State.REFUNDED if refunded == captured else State.PARTIALLY_REFUNDED
    if captured:
        return State.CAPTURED if captured == authorized else State.PARTIALLY_CAPTURED
    return State.AUTHORIZED
