"""What `make up` reads of the deployed schedule."""

from __future__ import annotations

import pytest

from harness.up import interval_seconds


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200)],
)
def test_rate_is_read(schedule: str, seconds: int) -> None:
    assert interval_seconds(schedule) == seconds


def test_cron_is_refused() -> None:
    with pytest.raises(ValueError, match="isn't a rate"):
        interval_seconds("cron(0 12 * * ? *)")
