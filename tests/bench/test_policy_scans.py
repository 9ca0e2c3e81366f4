"""What counts as the same finding of ours and of checkov's command line."""

from __future__ import annotations

from typing import Any

import pytest

from harness.bench.policies import differences

RULE = ("dev", "PCI_3", "aws_vpc_security_group_egress_rule.out")


def finding(status: str, *reasons: str) -> dict[str, Any]:
    environment, check, subject = RULE
    return {
        "environment": environment,
        "check": check,
        "subject": subject,
        "status": status,
        "reasons": reasons,
    }


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([finding("FAIL", "every protocol may leave")], {RULE: "FAIL"}),
        ([finding("PASS")], {RULE: "PASS"}),
        ([finding("NOT-EVALUATED", "ip_protocol isn't known")], {}),
        ([finding("NOT-EVALUATED", "checkov says PASS, but policy isn't known")], {RULE: "PASS"}),
    ],
)
def test_the_same_is_no_difference(ours: list[Any], theirs: Any) -> None:
    assert differences(ours, theirs) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ([finding("FAIL")], {RULE: "PASS"}, "FAIL here, PASS there"),
        ([finding("FAIL")], {}, "FAIL here, nothing there"),
        ([], {RULE: "FAIL"}, "nothing here, FAIL there"),
        ([finding("NOT-EVALUATED", "it isn't known")], {RULE: "PASS"}, "nothing here, PASS there"),
        (
            [finding("NOT-EVALUATED", "checkov says PASS, but it isn't known")],
            {RULE: "FAIL"},
            "PASS here, FAIL there",
        ),
    ],
)
def test_anything_else_is(ours: list[Any], theirs: Any, said: str) -> None:
    assert differences(ours, theirs) == [f"{' '.join(RULE)}: {said}"]
