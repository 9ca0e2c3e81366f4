"""A configuration that needs no provider, and a conftest for projects that need no AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BOX = """
variable "name" {
  type     = string
  nullable = false

  validation {
    condition     = length(var.name) > 2
    error_message = "Use at least three letters, not \\"${var.name}\\"."
  }
}

variable "size" {
  type    = number
  default = 1

  validation {
    condition     = var.size > 0
    error_message = "A box has room."
  }

  validation {
    condition     = var.size < 9
    error_message = "No box is that big."
  }
}

resource "terraform_data" "box" {
  input = { name = var.name, sizes = [var.size, 2], lid = { open = false } }
}
"""
WITHOUT_AWS = """
import pytest

class NoAws:
    def environment(self, account_id):
        return {}

@pytest.fixture(scope="session")
def aws():
    return NoAws()
"""


def write(directory: Path, files: Mapping[str, str]) -> None:
    """Write files by their paths below a directory."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
