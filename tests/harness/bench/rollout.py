"""Adding an API version: an API for each, beside one API for all that is deployed anew.

What changes is measured by plans of modules/api-gateway. Steps, gates and minutes are counted in
`rollout.toml`, which also says what is assumed: they aren't measured.
"""

from __future__ import annotations

import copy
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from harness.aws import EmbeddedAWS
from harness.bench.figures import Figure
from harness.platform import REPOSITORY
from harness.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT = "555555555555"
PROCEDURES = Path(__file__).with_suffix(".toml")
BUDGET = REPOSITORY / ".pipeline/budget.toml"
CONTRACT = REPOSITORY / "lambda_src/transaction_gateway/openapi/v1.yaml"
BY_HAND, BY_PIPELINE, VERSIONED = "shared_by_hand", "shared_by_pipeline", "versioned"
_FUNCTION = "arn:aws:lambda:eu-west-1:555555555555:function:payments:live"


@dataclass(frozen=True)
class Effort:
    """What a procedure takes."""

    steps: int
    """By hand, without gates."""
    gates: int
    waiting: float
    """Minutes in which nobody works."""
    minutes: float
    """All of it, one after the other, under what is assumed."""


def efforts() -> dict[str, Effort]:
    """Count every procedure under the same assumptions."""
    document = _procedures()
    waits = tomllib.loads(BUDGET.read_text(encoding="utf-8"))["shift"]
    return {
        name: _effort(document[name], document["minutes"], waits, len(document["accounts"]))
        for name in (BY_HAND, BY_PIPELINE, VERSIONED)
    }


def _effort(
    steps: list[dict[str, Any]],
    assumed: Mapping[str, float],
    waits: Mapping[str, Any],
    accounts: int,
) -> Effort:
    counted: Counter[str] = Counter()
    minutes = waiting = 0.0
    for step in steps:
        times = step.get("times", 1) * (accounts if step.get("for_each") == "account" else 1)
        counted[step["kind"]] += times
        if step["kind"] == "wait":
            waiting += times * waits[step["minutes_of"]]
        else:
            minutes += times * assumed[step.get("by", "person")]
    return Effort(counted["person"], counted["gate"], waiting, minutes + waiting)


def touched_by_sharing() -> tuple[int, int]:
    """Plan v1's API alone and with v2's paths: how many of its resources change, of how many."""
    alone = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    both = copy.deepcopy(alone)
    for path, item in alone["paths"].items():
        second = copy.deepcopy(item)
        for operation in second.values():
            if isinstance(operation, dict) and "operationId" in operation:
                operation["operationId"] += "V2"
        both["paths"][f"/v2{path}"] = second
    with tempfile.TemporaryDirectory() as workdir, EmbeddedAWS() as aws:
        root = Terraform.discover().module(
            REPOSITORY / "modules/api-gateway",
            workdir=Path(workdir),
            environment=aws.environment(ACCOUNT),
        )
        root.init()
        before, after = (
            root.plan_from_nothing(_variables(contract)).resources for contract in (alone, both)
        )
    changed = [
        address for address, found in before.items() if found.values != after[address].values
    ]
    # The deployment's values are known when it is made: what triggers it is what changed.
    return len(changed), len(before)


def _variables(contract: Mapping[str, Any]) -> dict[str, Any]:
    held = [
        operation["operationId"]
        for item in contract["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        and operation.get("operationId", "").startswith(("capture", "refund", "void"))
    ]
    return {
        "name": "payments-bench-payments",
        "openapi": yaml.safe_dump(contract),
        "integrations": {
            "default": {"function_name": "payments", "invoke_arn": _FUNCTION, "name": "live"}
        },
        "capacity": {"transactions_per_second": 50, "burst": 50, "held_for": held},
        "clients": {"m_bakery": {"rate_per_second": 30, "burst": 30}},
        "kms_key": {"arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/logs"},
        "web_acl": {"arn": f"arn:aws:wafv2:eu-west-1:{ACCOUNT}:regional/webacl/payments/1"},
    }


def rollout_figures() -> list[Figure]:
    """Count and plan; the minutes are assumed."""
    found = efforts()
    hand, pipeline, versioned = (found[name] for name in (BY_HAND, BY_PIPELINE, VERSIONED))
    touched, resources = touched_by_sharing()

    def beside(count: Callable[[Effort], float]) -> str:
        return f"{count(hand):.0f} by hand; {count(pipeline):.0f} by the pipeline"

    return [
        Figure(
            "v2 of an API in four accounts, as an API of its own, promoted by the pipeline; beside "
            "it one API for both versions, deployed by hand or promoted: counted, not timed",
            "",
            "",
            None,
            "",
        ),
        Figure(
            "Resources of v1's API that change in each account, by plans "
            "(ours by tests/platform/test_version_arrives.py)",
            "0",
            f"{touched} of {resources}",
            None,
            "0",
        ),
        Figure(
            "Steps by hand",
            str(versioned.steps),
            beside(lambda effort: effort.steps),
            hand.steps / versioned.steps,
            "",
        ),
        Figure("Gates", str(versioned.gates), beside(lambda effort: effort.gates), None, ""),
        Figure(
            "Minutes of watching v1, where it was replaced",
            f"{versioned.waiting:.0f}",
            beside(lambda effort: effort.waiting),
            None,
            "",
        ),
        Figure(
            f"Minutes in all, if {_assumptions()}",
            f"{versioned.minutes:.0f}",
            beside(lambda effort: effort.minutes),
            hand.minutes / versioned.minutes,
            "",
        ),
        Figure(
            "Minutes in all, if nobody watches v1",
            f"{versioned.minutes - versioned.waiting:.0f}",
            beside(lambda effort: effort.minutes - effort.waiting),
            (hand.minutes - hand.waiting) / (versioned.minutes - versioned.waiting),
            "",
        ),
    ]


def _assumptions() -> str:
    minutes = _procedures()["minutes"]
    return (
        f"a step or gate by hand takes {minutes['person']}, a gate by script {minutes['script']} "
        f"and an approval {minutes['approval']} (tests/harness/bench/rollout.toml)"
    )


def _procedures() -> dict[str, Any]:
    return tomllib.loads(PROCEDURES.read_text(encoding="utf-8"))
