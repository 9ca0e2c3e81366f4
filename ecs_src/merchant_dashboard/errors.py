"""What a person is told when a page can't be shown, and a program as problem+json."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """``code`` is stable; ``text`` says what to do and never repeats what was sent."""

    status: int
    code: str
    title: str
    text: str
    retryable: bool = False


class PageError(Exception):
    """Ends the handling of a request with a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


NOT_FOUND = Failure(
    404,
    "not_found",
    "There is no such page",
    "The address leads nowhere, or not for you. Go back, or start from the overview.",
)
"""The same for what doesn't exist and for what belongs to another merchant."""

NO_IDENTITY = Failure(
    403,
    "merchant_mismatch",
    "Who is calling isn't known",
    "This page is reached through API Gateway, signed with a role merchant-<merchant_id>.",
)
WRONG_KEY = Failure(
    403,
    "api_key_mismatch",
    "The API key isn't this merchant's",
    "Send the merchant's own key in x-api-key.",
)
CARD_NUMBER = Failure(
    400,
    "card_number_refused",
    "That looks like a card number",
    "Card numbers are refused here, and what you entered was not kept. Search by payment id or "
    "reference instead. If it is no card number, write it with letters between the digits.",
)
INVALID_CURSOR = Failure(
    400,
    "invalid_cursor",
    "This page of the list is gone",
    "The link belongs to another list. Start again from the first page.",
)
FORM_EXPIRED = Failure(
    403,
    "form_expired",
    "The form is no longer valid",
    "It is over an hour old, or was made for someone or something else. Nothing was done. "
    "Open the page again and repeat the step.",
)
FOREIGN_FORM = Failure(
    403,
    "foreign_form",
    "The form came from another site",
    "Nothing was done. Open the page here and repeat the step.",
)
TOO_LARGE = Failure(413, "body_too_large", "The form is too large", "Send a shorter form.")
NOT_A_FORM = Failure(
    415,
    "unsupported_media_type",
    "That isn't a form",
    "Send the fields as application/x-www-form-urlencoded.",
)
METHOD = Failure(
    405, "method_not_allowed", "That can't be done here", "Use the buttons of the page."
)
STORAGE = Failure(
    503,
    "storage_unavailable",
    "The data can't be reached",
    "Try again in a moment. Nothing was charged twice.",
    retryable=True,
)
INTERNAL = Failure(
    500,
    "internal_error",
    "Something failed on our side",
    "Try again. If it stays, report the request number below.",
    retryable=True,
)
SECOND_PERSON = Failure(
    403,
    "second_person_needed",
    "Another person must confirm",
    "You asked for this refund, and it is above what one person may refund of a payment. "
    "Nothing was done. Someone else of your team can confirm it on the refund's page.",
)
REFUND_DECIDED = Failure(
    409,
    "refund_decided",
    "This refund was decided already",
    "Someone was faster. Nothing was done twice; the refund's page shows what happened.",
)
REFUND_FORM_USED = Failure(
    409,
    "refund_form_used",
    "This form was used before",
    "It asked for another refund then. Nothing was done; open the transaction and ask again.",
)


def invalid(text: str) -> PageError:
    """Refuse what was entered; ``text`` says what the field needs, without its value."""
    return PageError(Failure(400, "invalid_request", "Something entered isn't right", text))
