"""What a person is told when something is wrong; mostly on roots that need no provider."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.terraform import Root, Terraform, TerraformError, TerraformTimeoutError
from harness.terraform.providers import ProviderSource, Rejected

VARIABLES = """\
variable "retention_days" {
  type = number

  validation {
    condition     = var.retention_days >= 365
    error_message = "Logs are kept for at least 365 days."
  }
}

variable "password" {
  type      = string
  sensitive = true
  default   = "correct horse"
}

resource "terraform_data" "journal" {
  input = var.retention_days
}

output "password" {
  value     = var.password
  sensitive = true
}
"""

Write = Callable[[str], Path]
Start = Callable[..., Root]


@pytest.fixture
def start(terraform: Terraform, configuration: Write, tmp_path: Path) -> Start:
    """Write a root and initialize it."""

    def start(text: str, **variables: Any) -> Root:
        root = terraform.root(
            configuration(text), workdir=tmp_path / "work", environment={}, variables=variables
        )
        root.init()
        return root

    return start


def test_a_broken_validation_names_variable_message_and_place(start: Start) -> None:
    root = start(VARIABLES, retention_days=30, password="battery staple")
    with pytest.raises(TerraformError) as caught:
        root.plan()
    (error,) = caught.value.errors
    assert error.variable == "retention_days"
    assert error.message == "Logs are kept for at least 365 days."
    assert error.values == ("var.retention_days is 30",)
    assert error.file == root.directory / "main.tf"
    assert error.line == 1
    told = str(caught.value)
    assert told.startswith(f"terraform plan failed in {root.directory} (1 error)")
    assert "Logs are kept for at least 365 days." in told
    assert "battery staple" not in told, "the line of the values' file is not shown"


def test_a_wrong_type_names_the_variable(start: Start) -> None:
    with pytest.raises(TerraformError) as caught:
        start(VARIABLES, retention_days="a year").plan()
    (error,) = caught.value.errors
    assert error.variable == "retention_days"
    assert "number is required" in error.message


def test_a_missing_value_names_the_variable(start: Start) -> None:
    with pytest.raises(TerraformError) as caught:
        start(VARIABLES).plan()
    assert [error.variable for error in caught.value.errors] == ["retention_days"]


def test_an_unknown_variable_is_refused_with_a_guess(start: Start) -> None:
    with pytest.raises(ValueError, match="no variable 'retention_day'") as caught:
        start(VARIABLES, retention_day=400)
    assert "did you mean 'retention_days'?" in str(caught.value)
    assert "it declares: password, retention_days" in str(caught.value)


def test_a_directory_without_terraform_is_refused(terraform: Terraform, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no Terraform files"):
        terraform.root(tmp_path, workdir=tmp_path / "work", environment={})


def test_a_syntax_error_shows_the_line(start: Start) -> None:
    with pytest.raises(TerraformError) as caught:
        start('resource "terraform_data" {\n}\n')
    assert "main.tf:1" in str(caught.value)
    assert '1 | resource "terraform_data" {' in str(caught.value)
    assert caught.value.exit_code == 1


def test_warnings_come_with_the_plan(start: Start) -> None:
    dry = """
    check "dry" {
      assert {
        condition     = var.password == "dry"
        error_message = "It is wet."
      }
    }
    """
    plan = start(VARIABLES + dry, retention_days=400).plan()
    (warning,) = plan.warnings
    assert warning.severity == "warning"
    assert warning.message == "It is wet."


def test_a_timeout_says_what_was_waited_for(start: Start) -> None:
    root = start(
        'resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n'
        '    command = "exec sleep 60"\n  }\n}\n'
    )
    with pytest.raises(TerraformTimeoutError) as caught:
        root.apply(timeout_seconds=2)
    told = str(caught.value)
    assert "stopped after 2 seconds, the time that its caller allowed" in told
    assert "It was waiting for: terraform_data.slow (" in told


def test_without_any_provider_the_error_lists_where_it_was_looked_for(
    terraform: Terraform, configuration: Write, tmp_path: Path
) -> None:
    passed_over = Rejected("an add-on directory (/opt/x)", "it holds nothing")
    registry = ProviderSource(
        "registry", tmp_path / "cache", "the public registry", rejected=(passed_over,)
    )
    root = Terraform(terraform.cli, registry).root(
        configuration(
            'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n'
        ),
        workdir=tmp_path / "work",
        environment={"HTTPS_PROXY": "http://127.0.0.1:9"},  # nobody listens: as without a network
    )
    with pytest.raises(TerraformError) as caught:
        root.init()
    told = str(caught.value)
    assert "could not connect to registry.terraform.io" in told
    assert "The AWS provider was to come from the public registry" in told
    assert "an add-on directory (/opt/x): it holds nothing" in told
    assert "Set HARNESS_PROVIDER_MIRROR to a directory" in told


def test_nothing_of_the_callers_account_reaches_terraform(
    terraform: Terraform, configuration: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("TF_VAR_retention_days", "7")
    root = terraform.root(
        configuration(VARIABLES),
        workdir=tmp_path / "work",
        environment={"AWS_REGION": "eu-west-1", "TF_REATTACH_PROVIDERS": "{}"},
    )
    assert "AWS_PROFILE" not in root.environment
    assert "TF_VAR_retention_days" not in root.environment
    assert root.environment["AWS_REGION"] == "eu-west-1"
    assert root.environment["TF_REATTACH_PROVIDERS"] == "{}"
    assert root.environment["PATH"] == os.environ["PATH"]


def test_values_are_kept_from_other_users(start: Start) -> None:
    root = start(VARIABLES, retention_days=400)
    root.plan()
    assert root.variables.path.stat().st_mode & 0o077 == 0
    assert json.loads(root.variables.path.read_text()) == {"retention_days": 400}


def test_a_git_work_tree_stays_clean(terraform: Terraform, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "environments/dev").mkdir(parents=True)
    (tree / "modules/journal").mkdir(parents=True)
    (tree / "environments/dev/main.tf").write_text(
        'module "journal" {\n  source = "../../modules/journal"\n  retention_days = 400\n}\n'
    )
    (tree / "modules/journal/main.tf").write_text(VARIABLES)
    git = ["git", "-C", str(tree)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    before = subprocess.check_output([*git, "status", "--short"])
    root = terraform.root(tree / "environments/dev", workdir=tmp_path / "work", environment={})
    root.init()
    plan = root.plan()
    root.apply(plan)
    assert root.plan().is_empty
    assert list(plan.resources) == ["module.journal.terraform_data.journal"]
    assert subprocess.check_output([*git, "status", "--short"]) == before


def test_a_module_runs_as_a_root_with_providers_of_its_own(
    terraform: Terraform, configuration: Write, tmp_path: Path
) -> None:
    module = configuration(
        "terraform {\n  required_providers {\n    aws = {\n"
        '      source                = "hashicorp/aws"\n'
        "      configuration_aliases = [aws.archive]\n    }\n  }\n}\n"
        'variable "name" {\n  type = string\n}\n'
        'data "aws_service" "keys" {\n  provider   = aws.archive\n  service_id = var.name\n}\n'
        'resource "terraform_data" "host" {\n  input = data.aws_service.keys.dns_name\n}\n'
        'output "host" {\n  value = terraform_data.host.input\n}\n'
    )
    offline = {"skip_credentials_validation": True, "skip_requesting_account_id": True}
    root = terraform.module(
        module,
        workdir=tmp_path / "work",
        environment={"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
        variables={"name": "dynamodb"},
        providers={
            "": {"region": "eu-west-1", **offline},
            "archive": {"region": "eu-central-1", **offline},
        },
    )
    root.init()
    plan = root.plan()
    assert list(plan.resources) == ["terraform_data.host"]
    assert plan.outputs["host"] == "dynamodb.eu-central-1.amazonaws.com"
