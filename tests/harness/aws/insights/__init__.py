"""A part of the query language of CloudWatch Logs Insights, over log events.

Commands: fields, display, filter, parse, stats, sort, dedup, limit. What isn't known here is an
error that names it, never an empty result.
"""

from harness.aws.insights.query import Query, Row
from harness.aws.insights.records import Record, record_of
from harness.aws.insights.tokens import QueryError

__all__ = ["Query", "QueryError", "Record", "Row", "record_of"]
