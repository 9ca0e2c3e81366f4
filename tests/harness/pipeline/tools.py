"""The tools that builds find on their path: Terraform with its provider, and this Python."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.pipeline import terraform_shim
from harness.terraform import process

if TYPE_CHECKING:
    from harness.terraform import Terraform

PARALLELISM = 40
_SUPERVISOR = Path(process.__file__).with_name("supervisor.py")


def terraform_tools(
    terraform: Terraform, workdir: Path, address: str = ""
) -> tuple[dict[str, str], list[Path]]:
    """Put the Terraform that was found on a path, and say where it finds its provider.

    Args:
        terraform: what was found.
        workdir: where the path's directory is made.
        address: where warm providers are lent; empty for Terraform's own.

    Returns:
        Variables for builds, and directories for their path.
    """
    shims = workdir / "bin"
    shims.mkdir(parents=True, exist_ok=True)
    shim = shims / "terraform"
    command = shlex.join(
        [
            *(sys.executable, "-I", "-S", terraform_shim.__file__),
            *(address, str(_SUPERVISOR), json.dumps(terraform.cli.argv)),
        ]
    )
    shim.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    shim.chmod(0o755)
    # Most of an apply is the provider waiting for states to settle, so waits had better overlap.
    parallel = f"-parallelism={PARALLELISM}"
    variables = {
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_ARGS_apply": parallel,
        "TF_CLI_ARGS_plan": parallel,
        "TF_CLI_CONFIG_FILE": str(terraform.providers.write_cli_config(workdir)),
        "TF_IN_AUTOMATION": "1",
    }
    return variables, [shims, Path(sys.executable).parent]
