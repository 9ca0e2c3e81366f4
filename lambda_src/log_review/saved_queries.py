"""The queries as people have them too: saved in CloudWatch, and held to what was released.

Whoever may save a query could make a review look away, so each is compared with its digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_logs.client import CloudWatchLogsClient

    from log_review.settings import Wanted

_DIGITS = 16  # of the digest, in hexadecimal: the environment has room for so much


class QueryProblem(Exception):  # noqa: N818 - a finding about the review, not a defect
    """A query gave no result; says why."""


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query with the log groups that it is about."""

    text: str
    log_groups: tuple[str, ...]

    @property
    def digest(self) -> str:
        """What changes when the text or the log groups do."""
        content = "\n".join([self.text, *sorted(self.log_groups)])
        return hashlib.sha256(content.encode()).hexdigest()[:_DIGITS]


def read(
    logs: CloudWatchLogsClient, folder: str, wanted: Mapping[str, Wanted]
) -> dict[str, SavedQuery | QueryProblem]:
    """Give each wanted query as it is saved, or the problem with it. Raises the SDK's errors."""
    saved = {
        each["name"]: SavedQuery(each["queryString"], tuple(each.get("logGroupNames", ())))
        for each in _listed(logs, f"{folder}/")
    }
    return {name: _checked(saved.get(f"{folder}/{name}"), each) for name, each in wanted.items()}


def _checked(query: SavedQuery | None, wanted: Wanted) -> SavedQuery | QueryProblem:
    if query is None:
        return QueryProblem("the saved query is gone: apply the release again")
    if query.digest != wanted.digest:
        return QueryProblem("the saved query isn't the released one: apply the release again")
    return query


def _listed(logs: CloudWatchLogsClient, prefix: str) -> Iterator[Any]:
    more: dict[str, Any] = {}
    while True:
        page = logs.describe_query_definitions(queryDefinitionNamePrefix=prefix, **more)
        yield from page["queryDefinitions"]
        if "nextToken" not in page:
            return
        more = {"nextToken": page["nextToken"]}
