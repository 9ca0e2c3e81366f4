"""The Terraform of a build: the one that the harness found, with its providers, stopped gently."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from harness.aws.pipelines import FAILED, SUCCEEDED
from harness.pipeline.tools import terraform_tools
from harness.pipeline.warm_terraform import WarmTerraform
from harness.terraform import Terraform
from pipeline.small import NAME, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.pipeline.assembled import Assembly
    from pipeline.small import Folder, Small

ROOT = f"""
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}

provider "aws" {{
  region = "{REGION}"
}}

data "aws_caller_identity" "current" {{}}

output "arn" {{
  value = data.aws_caller_identity.current.arn
}}
"""
APPLY = """\
version: 0.2
phases:
  build:
    commands:
      - terraform init -input=false >/dev/null
      - terraform plan -input=false -out=plan >/dev/null
      - terraform apply -input=false plan >/dev/null
      - terraform output -raw arn
"""


@pytest.fixture
def lent(assembly: Assembly, tmp_path: Path) -> Iterator[WarmTerraform]:
    terraform = Terraform.discover()
    with WarmTerraform(terraform, tmp_path / "t.sock") as lender:
        assembly.tools, assembly.path = terraform_tools(
            terraform, tmp_path / "tools", lender.address
        )
        yield lender


@pytest.mark.usefixtures("lent")
def test_a_build_applies_as_its_role(
    small: Small, assembly: Assembly, source: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    (source.directory / "main.tf").write_text(ROOT)
    lines: list[str] = []
    assembly.on_line = lambda _, line: lines.append(line)
    small.stage("apply", small.build("apply", APPLY))
    small.create()
    runner = assembly.runner(NAME)
    execution = runner.run(runner.start())
    assert execution.status == SUCCEEDED, lines
    assert ":assumed-role/build-apply/AWSCodeBuild-" in lines[-1]
    assert not caplog.records, "it had to do without a warm provider"


SLOW = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch started; sleep 3"
  }
}
"""


@pytest.mark.usefixtures("lent")
def test_a_stopped_build_leaves_a_state_and_no_lock(
    small: Small, assembly: Assembly, source: Folder, tmp_path: Path
) -> None:
    (source.directory / "main.tf").write_text(SLOW)
    small.stage(
        "apply",
        small.build(
            "apply",
            "version: 0.2\nphases:\n  build:\n    commands:\n"
            "      - terraform init -input=false >/dev/null\n"
            "      - terraform apply -input=false -auto-approve\n",
        ),
    )
    small.create()
    runner = assembly.runner(NAME)
    assembly.stopping = threading.Event()
    runner = assembly.runner(NAME)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner.run, runner.start())
        builds = tmp_path / "builds"
        until = time.monotonic() + 120
        while not list(builds.glob("*/src/source/started")) and time.monotonic() < until:
            time.sleep(0.1)
        assembly.stopping.set()
        execution = running.result()
    assert (execution.status, execution.status_summary) == (FAILED, "apply: it was stopped")
    (directory,) = builds.glob("*/src/source")
    assert '"terraform_data"' in (directory / "terraform.tfstate").read_text()
    assert not (directory / ".terraform.tfstate.lock.info").exists()
