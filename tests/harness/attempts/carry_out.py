"""Makes the attempts: what the embedded AWS itself refuses is sent, the rest only evaluated."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from harness.attempts.attempt import ALLOWED, DENIED, Record
from harness.attempts.table import ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from harness.attempts.attempt import Attempt, Send, Who
    from harness.attempts.targets import Deployed
    from harness.iam import Snapshot, Verdict

# Services with one endpoint for all regions.
_GLOBAL = ("iam", "organizations")


def carry_out(
    deployed: Deployed,
    attempts: Sequence[Attempt] = ATTEMPTS,
    *,
    enforcing: Callable[[], AbstractContextManager[None]] | None = None,
) -> list[Record]:
    """Make every attempt by everyone that it lists, in the order of the table.

    Args:
        deployed: what the attempts are made on.
        attempts: the table.
        enforcing: has S3 enforce bucket policies for a while; without it, what only these refuse
            is evaluated and not sent.
    """
    with enforcing() if enforcing else nullcontext():
        return [
            _record(deployed, attempt, who, verdict, enforced=enforcing is not None)
            for attempt, who, verdict in evaluate(deployed, deployed.snapshot, attempts)
        ]


def evaluate(
    deployed: Deployed, snapshot: Snapshot, attempts: Sequence[Attempt] = ATTEMPTS
) -> Iterator[tuple[Attempt, Who, Verdict]]:
    """Decide every attempt by the policies of a snapshot; nothing is sent."""
    for attempt in attempts:
        target = deployed.targets[attempt.target]
        service = attempt.action.partition(":")[0]
        region = target.arn.split(":")[3:4] or [""]
        asked = region[0] or ("us-east-1" if service in _GLOBAL else deployed.region)
        conditions = {"aws:RequestedRegion": asked, **attempt.conditions}
        for who in attempt.by:
            verdict = snapshot.decide(
                deployed.arn_of(who),
                attempt.action,
                target.arn,
                target.account,
                conditions=conditions,
            )
            yield attempt, who, verdict


def _record(
    deployed: Deployed, attempt: Attempt, who: Who, verdict: Verdict, *, enforced: bool
) -> Record:
    target = deployed.targets[attempt.target]
    is_sent = who in attempt.sent_by and (enforced or not attempt.by_policy)
    sends = attempt.send if is_sent else None
    if sends is None:
        answer = ALLOWED if verdict.allowed else DENIED
    else:
        answer = _answer(deployed, who, sends)
    return Record(
        what=attempt.what,
        who=str(who),
        account_id=deployed.accounts[who.account],
        action=attempt.action,
        resource=target.arn,
        owner=deployed.name_of(target.account),
        requirements=attempt.requirements,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        how="evaluated" if sends is None else "seen",
        answer=answer,
        decided_by=str(verdict),
        possible=attempt.possible.get(who, ""),
    )


def _answer(deployed: Deployed, who: Who, send: Send) -> str:
    session = deployed.enter(deployed.accounts[who.account], who.role)
    try:
        send(session, deployed)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ALLOWED
