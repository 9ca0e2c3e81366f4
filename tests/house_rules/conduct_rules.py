"""Rules about what must not be in a configuration, whatever it is for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from house_rules.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.testing.static import Folder

_EMULATOR_WORDS = re.compile(
    r"\b(localhost|127\.0\.0\.1|moto|localstack|emulator|embedded)\b", re.IGNORECASE
)
_EMULATOR_FLAGS = re.compile(r"^(skip_\w+|s3_use_path_style|use_path_style|force_path_style)$")
OWNED_ELSEWHERE = (
    # Application Auto Scaling, between the bounds that Terraform sets.
    ("aws_ecs_service", ["desired_count"]),
)
"""What is ignored where another than Terraform sets it: type and the attributes, all of them."""

_IMPURE_CALLS = re.compile(r"\b(timestamp|plantimestamp|uuid)\(\s*\)")


def nothing_is_there_for_the_emulators_sake(folder: Folder) -> Iterator[Finding]:
    """What runs on a laptop is what is deployed: environment variables make all the difference."""
    for file in folder.files:
        for number, line in enumerate(file.text.splitlines(), start=1):
            word = _EMULATOR_WORDS.search(line)
            if word:
                yield Finding(file.path, number, f"it speaks of {word[0]}", "take it out")
    for top in folder.blocks("provider", "terraform"):
        for block in top.walk():
            if block.kind == "endpoints" or "endpoints" in block.attributes:
                fix = "take it out: AWS_ENDPOINT_URL directs the provider"
                yield Finding(top.file, block.line, "it overrides endpoints", fix)
            for attribute in block.attributes.values():
                if _EMULATOR_FLAGS.match(attribute.name):
                    problem = f"it sets {attribute.name}"
                    yield Finding(top.file, attribute.line, problem, "take it out")


def drift_is_not_ignored(folder: Folder) -> Iterator[Finding]:
    """What Terraform owns it corrects; `ignore_changes` hides who owns it, unless that is known."""
    for top in folder.blocks():
        for block in top.walk():
            if block.kind == "lifecycle" and "ignore_changes" in block.attributes:
                if (top.labels[0], block.get("ignore_changes")) in OWNED_ELSEWHERE:
                    continue
                line = block.attributes["ignore_changes"].line
                fix = "take it out, and make one owner of the attribute"
                yield Finding(top.file, line, "it ignores changes", fix)


def applies_run_no_programs(folder: Folder) -> Iterator[Finding]:
    """A plan says all that an apply does: no provisioners, no null resources."""
    for top in folder.blocks():
        if top.kind == "resource" and top.labels[0] == "null_resource":
            problem, fix = "null_resource does nothing by itself", "take it out"
            yield Finding(top.file, top.line, problem, fix)
        for block in top.walk():
            if block.kind == "provisioner":
                problem = f"provisioner {' '.join(block.labels)} runs outside the plan"
                yield Finding(top.file, block.line, problem, "do it before the apply, or natively")


def plans_repeat(folder: Folder) -> Iterator[Finding]:
    """The second plan is empty: no value may differ from run to run, but in a refusal's words."""
    for file in folder.files:
        refusals = [
            range(block.line, block.end_line + 1)
            for top in file.blocks
            for block in top.inner("validation")
        ]
        for number, line in enumerate(file.code, start=1):
            call = _IMPURE_CALLS.search(line)
            if call and not any(number in lines for lines in refusals):
                fix = "take it out: redeploy on a hash of the content"
                yield Finding(file.path, number, f"{call[0]} differs at every plan", fix)
