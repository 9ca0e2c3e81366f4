"""A check that passes what is bad turns the self-test red, ours or checkov's; a strict one too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
POLICIES = Path(f"{sys.prefix}-policies/bin/python")
"""Where `make` keeps checkov."""
FUNCTION = "aws_lambda_function"
CASES = {
    "CKV_AWS_115 as it is": (0, "all is well"),
    "CKV_AWS_115 passes everything": (1, "survived: CKV_AWS_115 plan: "),
    "CKV_AWS_115 fails everything": (1, "false positive: CKV_AWS_115 plan: "),
    "PCI_25 as it is": (0, "all is well"),
    "PCI_25 passes everything": (1, "survived: PCI_25 plan: "),
    "PCI_25 fails everything": (1, "false positive: PCI_25 plan: "),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("self-test") / "plan.json"
    path.write_text(json.dumps(functions("pay", "refund", "void")), encoding="utf-8")
    done = subprocess.run(
        [POLICIES, HERE / "weakened_checks.py", path],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1] / "policies")},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def functions(*names: str) -> dict[str, Any]:
    heads = [
        {"address": f"{FUNCTION}.{name}", "mode": "managed", "type": FUNCTION, "name": name}
        for name in names
    ]
    values = {
        "environment": [{"variables": {"LOG_LEVEL": "INFO"}}],
        "reserved_concurrent_executions": 5,
    }
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {
            "root_module": {"resources": [{**head, "values": dict(values)} for head in heads]}
        },
        "configuration": {"root_module": {"resources": [{**h, "expressions": {}} for h in heads]}},
        "resource_changes": [],
    }


@pytest.mark.parametrize("case", CASES)
def test_a_check_out_of_order_is_told_by_the_exit_code_and_by_name(
    told: dict[str, Any], case: str
) -> None:
    code, words = CASES[case]
    assert words in told[case]["printed"]
    assert told[case]["code"] == code, told[case]["printed"]
