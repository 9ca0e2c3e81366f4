"""Applies of a test's own, and configurations that are quick to apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.testing import Applies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.terraform import Terraform

JOURNAL = """\
variable "name" {
  type = string
}

variable "days" {
  type    = number
  default = 7
}

variable "secret" {
  type      = string
  default   = "first"
  sensitive = true
}

resource "aws_cloudwatch_log_group" "journal" {
  name              = var.name
  retention_in_days = var.days
}

resource "aws_sns_topic" "alarms" {
  name = var.name
  tags = { owner = "payments" }
}

resource "aws_ssm_parameter" "secret" {
  name  = "/${var.name}/secret"
  type  = "SecureString"
  value = var.secret
}

output "topic_arn" {
  value = aws_sns_topic.alarms.arn
}
"""


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration of a log group, a topic and a secret."""
    directory = tmp_path_factory.mktemp("configurations") / "journal"
    directory.mkdir()
    (directory / "main.tf").write_text(JOURNAL)
    return directory


@pytest.fixture
def configuration(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration and return its directory."""

    def write(text: str, name: str = "configuration") -> Path:
        directory = tmp_path / name
        directory.mkdir()
        (directory / "main.tf").write_text(text)
        return directory

    return write


@pytest.fixture
def applies(terraform: Terraform, aws: EmbeddedAWS, tmp_path: Path) -> Iterator[Applies]:
    """What the fixture `applied` gives, for one test; the test may close it."""

    def match(*_: object) -> None:
        raise NotImplementedError

    applies = Applies(terraform, aws, tmp_path, tmp_path / "runs", match)
    yield applies
    problems = [*applies.close()]
    applies.release()
    aws.reset()
    assert not problems, "\n\n".join(problems)


@pytest.fixture
def lean() -> tuple[str, ...]:
    """Options of a run in another process, without plugins that take seconds to import."""
    return ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")
