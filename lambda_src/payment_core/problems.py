"""Problem documents (RFC 9457) and the one catalogue of what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

CONTENT_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:payment-api:problem:"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """An entry of the catalogue: HTTP status, title, and whether repeating can help."""

    status: int
    title: str
    retryable: bool = False


CATALOGUE: dict[str, ProblemType] = {
    # Answered by the services.
    "acquirer_unavailable": ProblemType(503, "The acquirer can't be reached", retryable=True),
    "amount_exceeds_remaining": ProblemType(422, "The amount is more than remains"),
    "api_key_mismatch": ProblemType(403, "The API key isn't this merchant's"),
    "body_too_large": ProblemType(413, "The body is too large"),
    "card_number_refused": ProblemType(400, "Card numbers are refused here"),
    "card_unsupported": ProblemType(422, "The card isn't supported"),
    "currency_mismatch": ProblemType(422, "The currency isn't the payment's"),
    "fraud_check_unavailable": ProblemType(503, "The fraud check can't be reached", retryable=True),
    "idempotency_key_malformed": ProblemType(400, "The Idempotency-Key is malformed"),
    "idempotency_key_missing": ProblemType(400, "The Idempotency-Key is missing"),
    "idempotency_key_reused": ProblemType(422, "The key was used with another request"),
    "internal_error": ProblemType(500, "Something failed on our side", retryable=True),
    "invalid_cursor": ProblemType(400, "The cursor is invalid"),
    "invalid_request": ProblemType(400, "The request is invalid"),
    "invalid_state": ProblemType(409, "The payment's state doesn't allow this"),
    "merchant_mismatch": ProblemType(403, "The caller isn't this merchant"),
    "not_found": ProblemType(404, "There is no such resource"),
    "operation_declined": ProblemType(402, "The acquirer declined the operation"),
    "out_of_time": ProblemType(503, "Too little time is left", retryable=True),
    "payment_busy": ProblemType(409, "Another operation is in progress", retryable=True),
    "payment_declined": ProblemType(402, "The payment was declined"),
    "payment_not_found": ProblemType(404, "There is no such payment"),
    "request_in_progress": ProblemType(409, "The request is in progress", retryable=True),
    "security_code_refused": ProblemType(400, "Security codes are refused"),
    "storage_unavailable": ProblemType(503, "The store can't be reached", retryable=True),
    "too_many_operations": ProblemType(409, "The payment has too many operations"),
    "unsupported_media_type": ProblemType(415, "The body must be application/json"),
    # Answered by API Gateway before a service sees the request.
    "access_denied": ProblemType(403, "The caller may not do this"),
    "api_key_invalid": ProblemType(403, "The API key is missing or unknown"),
    "authentication_missing": ProblemType(403, "The request isn't signed"),
    "integration_failed": ProblemType(502, "The service failed to answer", retryable=True),
    "integration_timeout": ProblemType(504, "The service didn't answer in time", retryable=True),
    "quota_exceeded": ProblemType(429, "The quota is used up", retryable=True),
    "request_blocked": ProblemType(403, "The firewall blocked the request"),
    "signature_invalid": ProblemType(403, "The signature is wrong or expired"),
    "throttled": ProblemType(429, "Too many requests", retryable=True),
}
"""Every problem by its code."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field, named by its path in the body."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem to answer. ``code`` is of the catalogue; ``retry_after`` is in seconds.

    ``retryable`` overrides the catalogue: a decline may be worth another attempt.
    """

    code: str
    detail: str
    decline_code: str | None = None
    payment_id: str | None = None
    retry_after: int | None = None
    retryable: bool | None = None
    errors: tuple[FieldError, ...] = field(default=())

    @property
    def status(self) -> int:
        """The HTTP status."""
        return CATALOGUE[self.code].status

    def document(self, request_id: str) -> dict[str, object]:
        """Give the members of the problem document for one request."""
        kind = CATALOGUE[self.code]
        document: dict[str, object] = {
            "type": _TYPE_PREFIX + self.code,
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
            "retryable": kind.retryable if self.retryable is None else self.retryable,
            "request_id": request_id,
        }
        if self.decline_code is not None:
            document["decline_code"] = self.decline_code
        if self.payment_id is not None:
            document["payment_id"] = self.payment_id
        if self.errors:
            document["errors"] = [
                {"field": error.field, "message": error.message} for error in self.errors
            ]
        return document


class ProblemError(Exception):
    """Ends the handling of a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem


def refuse(code: str, detail: str) -> ProblemError:
    """Make the error that ends a request with the problem ``code``."""
    return ProblemError(Problem(code, detail))
