"""Which resources count as production's."""

from __future__ import annotations

from typing import Any

import pytest

from pci_dss.production import is_production
from pci_dss.subject import Subject, UndecidedError

from .documents import planned


def subject(values: dict[str, Any], unknown: dict[str, Any] | None = None) -> Subject:
    resources = planned({"aws_s3_bucket.a": values}, unknown={"aws_s3_bucket.a": unknown or {}})
    return Subject(resources.all["aws_s3_bucket.a"], resources)


@pytest.mark.parametrize(
    ("values", "production"),
    [
        ({}, True),
        ({"bucket": "payments-logs"}, True),
        ({"bucket": "device-logs"}, True),
        ({"bucket": "payments-integration-queue"}, True),
        ({"bucket": "payments-logs-nonproduction-222222222222"}, False),
        ({"bucket": "dev.payments"}, False),
        ({"bucket": "payments-pre-prod"}, False),
        ({"tags_all": {"environment": "log-archive"}}, True),
        ({"tags_all": {"environment": "log-archive"}, "bucket": "logs-nonproduction"}, False),
        ({"tags_all": {"environment": "dev"}}, False),
        ({"tags": {"Environment": "Integration"}}, False),
        ({"tags_all": {"env": "test"}}, False),
        ({"tags_all": {"Stage": "PaymentsQa"}}, False),
        ({"tags_all": {"environment": "production"}, "bucket": "logs-dev"}, True),
        ({"tags_all": {"owner": "dev"}}, True),
    ],
)
def test_tags_then_names_tell_production(values: dict[str, Any], production: bool) -> None:
    assert is_production(subject(values)) is production


def test_unknown_tags_tell_nothing() -> None:
    with pytest.raises(UndecidedError, match="tags_all"):
        is_production(subject({"bucket": "logs"}, unknown={"tags_all": True}))


def test_unknown_names_leave_it_to_production() -> None:
    assert is_production(subject({}, unknown={"bucket": True}))
