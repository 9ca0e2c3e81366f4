"""Answers one request whatever happens, and logs it without what it held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as SdkConnectionError

from api_functions.api_event import ApiEvent, Reply, problem_reply
from payment_core.cards import holds_card_number
from payment_core.lifecycle import headers_of_stage
from payment_core.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from api_functions.logs import Logger

_UNAVAILABLE = frozenset(
    {
        "InternalServerError",
        "KMSInternalException",
        "DependencyTimeoutException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)


class LambdaContext(Protocol):
    """What we use of Lambda's context."""

    @property
    def aws_request_id(self) -> str:
        """Lambda's name of the invocation."""
        ...

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds until Lambda ends the worker."""
        ...


def respond(
    event: Mapping[str, Any],
    context: LambdaContext,
    *,
    route: Callable[[ApiEvent, int], Reply],
    advice: str,
    logger: Logger,
    clock: Callable[[], int],
) -> dict[str, object]:
    """Answer an event by ``route``, which gets the deadline in epoch milliseconds.

    Nothing is raised: a fault is a problem document that ends in ``advice``, what to do about it.
    """
    started = clock()
    request = ApiEvent.read(event)
    code = None
    try:
        reply = route(request, started + context.get_remaining_time_in_millis())
    except ProblemError as error:
        code = error.problem.code
        reply = problem_reply(error.problem, request.request_id)
    except Exception as error:
        problem = _fault(error, advice)
        code = problem.code
        reply = problem_reply(problem, request.request_id)
        logger.exception(
            "request failed", error, request_id=request.request_id, aws_code=_aws_code(error)
        )
    logger.info(
        "request",
        request_id=request.request_id,
        method=request.route[0],
        resource=request.route[1],
        merchant_id=_loggable(request.path.get("merchant_id", "")),
        payment_id=_loggable(request.path.get("payment_id", "")),
        status=reply.status,
        code=code,
        replayed="Idempotency-Replayed" in reply.headers or None,
        duration_ms=clock() - started,
    )
    return reply.to_answer(headers_of_stage(event.get("stageVariables") or {}))


def _loggable(name: str) -> str | None:
    """Give a part of the path, as the client wrote it, unless it mustn't be logged."""
    return name if name and not holds_card_number(name) else None


def _fault(error: Exception, advice: str) -> Problem:
    """Describe an error of ours; what was begun is finished by a repetition or the sweeper."""
    if isinstance(error, HTTPClientError | SdkConnectionError) or _aws_code(error) in _UNAVAILABLE:
        return Problem("storage_unavailable", advice, retry_after=1)
    return Problem("internal_error", advice)


def _aws_code(error: Exception) -> str | None:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else None
