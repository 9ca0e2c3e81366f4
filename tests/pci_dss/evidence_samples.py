"""Small evidence, and rows of it, for tests of its forms."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from pci_dss.evidence.model import Basis, Evidence, Responsibility, Row, Source, Status
from pci_dss.exceptions import Exemption

LOGS = 'module.archive["eu"].aws_s3_bucket.logs'
EXEMPTION = Exemption(
    id="EX-1",
    check="PCI_4",
    environment="environments/log-archive",
    address=LOGS,
    requirement="10.3.2",
    owner="logging",
    approver="CISO",
    approved=datetime.date(2026, 11, 1),
    expires=datetime.date(2027, 10, 1),
    constraint="c",
    objective="o",
    risk="r",
    control="a second copy",
    validation="v",
    maintenance="m",
)


def row(requirement: str = "10.3.2", subject: str = LOGS, **others: Any) -> Row:
    """Make a row; it passes unless told otherwise."""
    usual = Row(
        requirement,
        subject,
        "PCI_4",
        Status.PASS,
        Basis.EXAMINED,
        Responsibility.MODULE,
        "environments/log-archive",
        title="The archive is locked",
    )
    return replace(usual, **others)


def evidence(*rows: Row, commit: str = "1f" * 20) -> Evidence:
    """Make evidence of some rows."""
    return Evidence(
        commit=commit,
        created="2026-11-23T10:00:00Z",
        versions={"terraform": "1.15.5", "checkov": "3.3.30"},
        sources=[Source("environments/log-archive", "plan after apply", "ab" * 32)],
        rows=list(rows),
    )


def one_of_each() -> Evidence:
    """Make evidence with every status, basis and responsibility, and texts that are hard to write.

    One check serves two requirements.
    """
    return evidence(
        row(evaluated={f"{LOGS}: rule.0.mode": "COMPLIANCE", "b": {"x": [1, "*"], "y": None}}),
        row("10.5.1", evaluated={f"{LOGS}: rule.0.mode": "COMPLIANCE"}),
        row("10.3.4", evaluated={f"{LOGS}: rule.0.mode": "COMPLIANCE"}),
        row(
            "10.5.1",
            "module.a.aws_s3_bucket_lifecycle_configuration.logs",
            check="PCI_31",
            status=Status.FAIL,
            responsibility=Responsibility.CONSUMER,
            title="Kept as\nlong as locked",
            reasons=["kept 30 days", "ü ☃ \u2028 `code` <b>"],
            fix="Keep 365 days.",
            file="modules/org logging/life#cycle.tf",
            line=12,
        ),
        row(
            "3.5.1",
            "aws_sqs_queue.a",
            check="CKV_AWS_27",
            status=Status.EXCEPTION,
            reasons=["no CMK"],
            exception="EX-1",
        ),
        row(
            "7.2.5",
            "who may assume what",
            check="graph",
            status=Status.NOT_EVALUATED,
            basis=Basis.EVALUATED,
            reasons=["aws_iam_role.a: policy isn't known"],
        ),
        row("10.3.2", "delete a locked object", check="attempt", basis=Basis.OBSERVED),
        row("10.3.2", "tests/a.py::test_b[1]", check="test", basis=Basis.TESTED, environment=""),
        row(
            "9.1.1",
            "keep doors locked",
            check="manual",
            status=Status.MANUAL,
            basis=Basis.NONE,
            responsibility=Responsibility.MANUAL,
            environment="",
            title="",
        ),
        row(
            "9.2.1",
            "",
            check="",
            status=Status.NOT_EVALUATED,
            basis=Basis.NONE,
            responsibility=Responsibility.AWS,
            reasons=["nobody looked"],
            environment="",
            title="",
        ),
    )
