"""What a person reads of a run: a line for each stage, and why it ended."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from rich.console import Console

from harness.aws.pipelines import FAILED, SUCCEEDED
from harness.pipeline.released import Released, released
from harness.pipeline.report import Report, digest_of, reasons
from pipeline.small import NAME, approval, entered_if, rule

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS
    from harness.pipeline.assembled import Assembly
    from pipeline.small import Small

DIGEST = "0123456789abcdef" * 4
BUILD = f"""\
version: 0.2
env:
  exported-variables: [RELEASE_DIGEST]
phases:
  build:
    commands: ["export RELEASE_DIGEST={DIGEST}"]
"""
REFUSE = """\
version: 0.2
phases:
  build:
    commands:
      - echo looking
      - |
        echo "REFUSED plan-expired: it was made five hours ago"
        echo "    at noon"
        echo "  fix: retry prod-plan"
        echo "  may override: nobody"
        echo "the build goes on about something else"
        exit 3
"""


def printed(assembly: Assembly) -> io.StringIO:
    """Have a report print to a text."""
    text = io.StringIO()
    report = Report(Console(file=text, width=120))
    assembly.listener, assembly.on_line = report, report.line
    return text


def test_each_stage_has_a_line_with_time_digest_and_approvals(
    small: Small, assembly: Assembly
) -> None:
    check = rule("changes", "VariableCheck", Variable="1", Value="1")
    skipped = rule("never", "VariableCheck", Variable="1", Value="2")
    small.stage("build", small.build("build", BUILD))
    small.stage("approve", approval("first"), approval("second"), **entered_if(check))
    small.stage("extra", approval("third"), **entered_if(skipped, result="SKIP"))
    small.create()
    text = printed(assembly)
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert execution.status == SUCCEEDED
    lines = [re.sub(r"[0-9.]+ s", "T s", line) for line in text.getvalue().splitlines()]
    assert [re.sub(" +", " ", line) for line in lines if line.strip()] == [
        "✓ source T s",
        "✓ build T s release 0123456789ab",
        "✓ approve T s release 0123456789ab approved: first by alice, second by bob",
        " '1' EQ '1'",
        "- extra T s release 0123456789ab skipped",
        " '1' EQ '2'",
    ]
    assert digest_of(execution) == DIGEST


def test_a_refusal_is_printed_and_nothing_else_of_the_build(
    small: Small, assembly: Assembly
) -> None:
    small.stage("prod-deploy", small.build("prod-deploy", REFUSE))
    small.create()
    text = printed(assembly)
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert execution.status == FAILED
    assert "✗ prod-deploy" in text.getvalue()
    summary, *said = reasons(execution, runner.actions.builds)
    assert summary.endswith("ended with status 3")
    assert said == [
        "    REFUSED plan-expired: it was made five hours ago",
        "        at noon",
        "      fix: retry prod-plan",
        "      may override: nobody",
    ]


def test_releases_are_read_back_from_each_account(aws: EmbeddedAWS) -> None:
    accounts = {"dev": "444444444444", "production": "777777777777"}
    aws.client("ssm", accounts["dev"]).put_parameter(
        Name="/payments/release", Type="SecureString", Value=f'{{"digest": "{DIGEST}"}}'
    )
    assert released(aws, accounts) == [
        Released("dev", accounts["dev"], DIGEST),
        Released("production", accounts["production"], None),
    ]
