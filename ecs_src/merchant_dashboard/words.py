"""Codes in plain words, and days as people read them."""

from __future__ import annotations

import datetime

from payment_core.states import State

SERIES: dict[str, tuple[State, ...]] = {
    "captured": (State.CAPTURED, State.PARTIALLY_CAPTURED),
    "authorized": (State.AUTHORIZED,),
    "refunded": (State.REFUNDED, State.PARTIALLY_REFUNDED),
    "voided": (State.VOIDED,),
    "failed": (State.FAILED,),
    "open": (State.PENDING, State.UNKNOWN),
}
"""The nine states in six groups: what a chart can show apart."""

_SERIES_NAMES = {"failed": "Declined", "open": "In progress"}
_CODES = {
    "amount_exceeds_remaining": "more than was left to refund",
    "by_person": "refused by a person",
    "failed": "declined",
    "gateway_answer_unreadable": "the payment service gave an unknown answer",
    "gateway_failed": "the payment service failed",
    "gateway_unreachable": "the payment service didn't answer in time",
    "invalid_state": "the payment's state doesn't allow it",
    "outcome_unknown": "the acquirer didn't answer yet",
    "payment_busy": "another operation of the payment is in progress",
    "request_in_progress": "the refund is being carried out",
    "too_many_operations": "the payment has too many operations",
}


def series(name: str) -> str:
    """Name a series of a chart."""
    return _SERIES_NAMES.get(name, name.capitalize())


def of_code(code: str) -> str:
    """Say a code in words."""
    return _CODES.get(code, code.replace("_", " "))


def state_class(state: str) -> str:
    """Give the group of a state, which has a colour."""
    return next((name for name, states in SERIES.items() if state in states), "open")


def day(text: str) -> str:
    """Write a day for people, like Fri 31 May 2024."""
    return datetime.date.fromisoformat(text).strftime("%a %-d %b %Y")
