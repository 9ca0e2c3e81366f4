"""The sweeper's Lambda function: finishes what a worker or the acquirer left open.

Each payment is leased on the version that was found, so of the sweeper, another sweeper and a
client's repetition only one gets to finish it.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

from payment_core.acquirer import Verdict
from payment_core.payment import Lease
from transaction_gateway.application import deployed
from transaction_gateway.service import WRITE_RESERVE_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api_functions.answering import LambdaContext
    from payment_core.payment import Payment
    from transaction_gateway.application import Application

_RESULTS = ("resolved", "unknown", "raced", "failed")


def handle(_event: Mapping[str, Any], context: LambdaContext) -> dict[str, int]:
    """Sweep once; see ``sweep``."""
    return sweep(deployed(), context)


def sweep(application: Application, context: LambdaContext) -> dict[str, int]:
    """Finish payments due for a check while time is left; count what came of them.

    ``resolved`` have their outcome, ``unknown`` are asked again later, ``raced`` were taken by
    another worker, ``failed`` raised or can't be read, and are logged; ``left`` is 1 when time
    ran out.
    """
    now = application.clock()
    deadline = now + context.get_remaining_time_in_millis()
    needed = application.settings.acquirer_timeout_ms + 2 * WRITE_RESERVE_MS
    counts = Counter(dict.fromkeys((*_RESULTS, "left"), 0))

    def pass_over(payment_id: str, error: Exception) -> None:
        _log_failure(application, payment_id, error, context.aws_request_id)
        counts["failed"] += 1

    for payment in application.store.unresolved(now, pass_over):
        if deadline - application.clock() < needed:
            counts["left"] = 1
            break
        counts[_finish_safely(application, payment, context.aws_request_id)] += 1
    application.logger.info("sweep", request_id=context.aws_request_id, **counts)
    return dict(counts)


def _finish_safely(application: Application, payment: Payment, request_id: str) -> str:
    """Finish one payment; one that can't be must not keep the others waiting."""
    try:
        return _finish(application, payment, request_id)
    except Exception as error:
        _log_failure(application, payment.payment_id, error, request_id)
        return "failed"


def _log_failure(
    application: Application, payment_id: str, error: Exception, request_id: str
) -> None:
    application.logger.exception(  # noqa: LOG004 - this logger is handed the error
        "sweep failed", error, request_id=request_id, payment_id=payment_id
    )


def _finish(application: Application, payment: Payment, request_id: str) -> str:
    timeout = application.settings.acquirer_timeout_ms
    until = application.clock() + timeout + 2 * WRITE_RESERVE_MS
    attempt = application.store.take_over(payment, Lease(secrets.token_hex(8), until))
    if not attempt.done or attempt.payment is None:
        return "raced"
    reference = attempt.payment.current.operation_id
    answer = application.acquirer.resolve(reference, timeout_ms=timeout)
    after = application.service.conclude(attempt.payment, answer, request_id)
    if after is None:
        return "raced"
    application.logger.info(
        "swept", request_id=request_id, payment_id=after.payment_id, state=after.state
    )
    return "unknown" if answer.verdict is Verdict.UNKNOWN else "resolved"
