"""Configurations that the rules are tried on: a good one to start from, and ways to break it."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from harness.testing.static import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping

GOOD = {
    "README.md": "# Store\n",
    "versions.tf": """\
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
""",
    "variables.tf": """\
variable "retention_days" {
  description = "How long logs are kept."
  type        = number
  nullable    = false
}

variable "alarm_topic_arn" {
  description = "Where alarms go, if anywhere."
  type        = string
  default     = null
}
""",
    "outputs.tf": """\
output "name" {
  description = "Name of the log group."
  value       = aws_cloudwatch_log_group.journal.name
}
""",
    "logs.tf": """\
# https://docs.aws.amazon.com/ tells more of this; 123456789012 is no account here.
resource "aws_cloudwatch_log_group" "journal" {
  name              = "journal"
  retention_in_days = var.retention_days
}
""",
}


def folder_of(base: Path, name: str, files: Mapping[str, str]) -> Folder:
    """Write files into a folder of that name and read it."""
    path = base / name
    path.mkdir(parents=True)
    for file, text in files.items():
        (path / file).write_text(textwrap.dedent(text).removeprefix("\n"))
    return Folder.read(path)


def variable(text: str) -> dict[str, str]:
    """Make a file of one variable with this body."""
    return {"variables.tf": f'variable "kept" {{\n{text}\n}}\n'}


DEV_ACCOUNT = json.loads(
    (Path(__file__).parents[2] / "environments/organization.json").read_text(encoding="utf-8")
)["accounts"]["dev"]

BACKEND = """\
terraform {
  backend "s3" {
    bucket              = "payments-terraform-state-DEV_ACCOUNT"
    key                 = "dev/terraform.tfstate"
    region              = "eu-west-1"
    use_lockfile        = true
    encrypt             = true
    allowed_account_ids = ["DEV_ACCOUNT"]
    assume_role = {
      role_arn = "arn:aws:iam::DEV_ACCOUNT:role/payments-deploy"
    }
  }
}
""".replace("DEV_ACCOUNT", DEV_ACCOUNT)

MODULE, ROOT = "modules/store", "environments/dev"
