"""`make demo`, run as a stranger runs it, and the files it refuses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.demo.merchant_day import COLUMNS, MerchantDayError, read

REPOSITORY = Path(__file__).parents[2]
DAY = REPOSITORY / "examples/merchant-day.csv"
HEADER = ",".join(COLUMNS)
PAYMENTS, REFUSED_FOR_FRAUD = 312, 7
AUTHORIZE = "09:00:00,authorize,P1,10.00,EUR,visa_01,k1,authorized"


def test_demo_says_that_all_is_well_and_leaves_nothing() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "harness", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        children: set[psutil.Process] = set()
        lines = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            children.update(psutil.Process(process.pid).children(recursive=True))
    assert process.returncode == 0, "".join(lines[-40:])
    said = " ".join("".join(lines).split())
    applied = re.search(r"terraform apply environments/dev (\d+) resources", said)
    destroyed = re.search(r"Destroyed (\d+) resources of dev", said)
    assert applied, said
    assert destroyed, said
    assert int(applied[1]) == int(destroyed[1]) > 50
    assert "Second plan empty" in said
    assert "ledger, dashboard and acquirer agree to the minor unit" in said
    assert "its totals are the books'" in said
    for service, path, behind in (
        ("transaction gateway", "payments", "Lambda function"),
        ("tokenizer", "tokens", "Lambda function"),
        ("fraud detection", "scores", "ECS, 1 task"),
        ("merchant dashboard", "overview", "ECS, 1 task"),
    ):
        line = rf"{service} /\w+/live/merchants/{{merchant_id}}/{re.escape(path)} {behind} (\d+)"
        answered = re.search(line, said)
        assert answered, (line, said)
        assert int(answered[1]) > 0
    checked = re.search(r"scored in line .*? unanswered (\d+) \d+ \d+ (\d+) \d+ (\d+)", said)
    assert checked, said
    scored, refused, unanswered = map(int, checked.groups())
    assert scored + unanswered >= PAYMENTS
    assert refused >= REFUSED_FOR_FRAUD
    assert f"{REFUSED_FOR_FRAUD} refused for fraud" in said
    assert re.search(r"Score asked for mastercard_16: \d+, refuse \([a-z_, ]*card_velocity", said)
    assert "3 of 3 attacks with a valid signature stopped (sql-injection," in said
    assert re.search(r"by AWS only: AWS/AWSManagedRules\w+, ", said), said
    for root in ("management", "log-archive", "trail"):
        assert re.search(rf"terraform apply environments/{root} [1-9]\d* resources", said), said
    archived = re.search(r"(\d+) of (\d+) lines of the payments API in payments-logs-nonpro", said)
    assert archived, said
    assert archived[1] == archived[2] != "0"
    assert "to a locked bucket; orphans: none" in said
    attempts = re.search(
        r"(\d+) to be rid of logs: (\d+) seen .*? (\d+) refused .*? (\d+) possible", said
    )
    assert attempts, said
    made, seen, evaluated, possible = map(int, attempts.groups())
    assert made == seen + evaluated + possible > 100
    assert seen > 10
    guarded = re.search(r"all of (\d+) things .* nobody else the (\d+) that end", said)
    assert guarded, said
    assert int(guarded[1]) > 200
    assert int(guarded[2]) >= 4
    assert "✗" not in said
    _, alive = psutil.wait_procs(children, timeout=30)
    assert children, "the demo ran nothing"
    assert not alive


def test_example_is_what_its_generator_writes() -> None:
    script = REPOSITORY / "examples/generate_merchant_day.py"
    written = subprocess.run([sys.executable, script], capture_output=True, check=True).stdout
    assert written == DAY.read_bytes()


def test_example_holds_what_a_day_holds() -> None:
    rows = read(DAY)
    assert {row.currency for row in rows} >= {"EUR", "JPY", "KWD"}
    assert {row.operation for row in rows} == {"authorize", "capture", "void", "refund"}
    assert len({row.payment for row in rows}) == PAYMENTS
    assert sum(row.expect == "suspected_fraud" for row in rows) == REFUSED_FOR_FRAUD
    keys = [row.idempotency_key for row in rows]
    assert len(set(keys)) < len(keys)


@pytest.mark.parametrize(
    ("rows", "place", "reason"),
    [
        ([AUTHORIZE.replace("10.00", "10.005")], "line 2, column amount", "EUR has 2"),
        ([AUTHORIZE.replace("10.00", "0")], "line 2, column amount", "minor units"),
        ([AUTHORIZE.replace("10.00", "1e3")], "line 2, column amount", "isn't a positive decimal"),
        ([AUTHORIZE.replace("EUR", "EUX")], "line 2, column currency", "ISO 4217"),
        ([AUTHORIZE.replace("authorize", "charge", 1)], "line 2, column operation", "isn't one of"),
        ([AUTHORIZE.replace("09:00", "9:00")], "line 2, column time", "HH:MM:SS"),
        ([AUTHORIZE.replace("visa_01", "4242424242424242")], "line 2, column card", "numbers"),
        ([AUTHORIZE.replace("visa_01", "visa_99")], "line 2, column card", "visa_01"),
        ([AUTHORIZE + ",more"], "line 2, column 9", "9 columns"),
        ([AUTHORIZE.rpartition(",")[0]], "line 2, column expect", "7 columns"),
        (
            ["09:00:00,capture,P9,10.00,EUR,,k1,captured"],
            "line 2, column payment",
            "isn't authorized on an earlier line",
        ),
        (
            [AUTHORIZE, "09:00:01,capture,P1,1000,JPY,,k2,captured"],
            "line 3, column currency",
            "in which line 2 authorized it",
        ),
        (
            [AUTHORIZE, AUTHORIZE.replace("10.00", "11.00")],
            "line 3, column idempotency_key",
            "was used on line 2",
        ),
        (
            [AUTHORIZE, AUTHORIZE.replace("k1", "k2").replace("09", "08", 1)],
            "line 3, column time",
            "before 09:00:00",
        ),
        ([], "line 1, column operation", "holds no request"),
    ],
)
def test_wrong_file_is_named_by_line_and_column(
    tmp_path: Path, rows: list[str], place: str, reason: str
) -> None:
    path = tmp_path / "day.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    with pytest.raises(MerchantDayError) as refused:
        read(path)
    assert f"{path}: {place}" in str(refused.value)
    assert reason in str(refused.value)


def test_wrong_file_ends_the_demo_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("payment,amount\n")
    done = subprocess.run(
        [sys.executable, "-m", "harness", "demo", "--input", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the header must be time,operation" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
