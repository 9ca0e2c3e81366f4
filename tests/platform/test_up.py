"""What `make up` reads of the deployed schedule, and what it pays."""

from __future__ import annotations

import re
import socket
import subprocess
import sys

import pytest

from harness.platform import REPOSITORY
from harness.up import interval_seconds, some_payments

DEV = REPOSITORY / "environments/dev/platform.tf"


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200)],
)
def test_rate_is_read(schedule: str, seconds: int) -> None:
    assert interval_seconds(schedule) == seconds


def test_cron_is_refused() -> None:
    with pytest.raises(ValueError, match="isn't a rate"):
        interval_seconds("cron(0 12 * * ? *)")


def test_some_payments_are_there_for_the_dashboard_to_show() -> None:
    rows = some_payments()
    authorized = {row.payment: row for row in rows if row.operation == "authorize"}
    assert {row.payment for row in rows} == set(authorized)
    assert len(authorized) >= 30
    assert sum(row.expect == "suspected_fraud" for row in rows) > 0
    limit = int(re.findall(r"refund_second_person_above = \{ EUR = (\d+)", DEV.read_text())[0])
    captured = [row.amount for row in rows if row.operation == "capture" and row.currency == "EUR"]
    assert max(amount for amount in captured if amount is not None) > limit


def test_a_taken_port_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "harness", "up", "--dashboard-port", port],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "a port is in use; choose others with --port" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
