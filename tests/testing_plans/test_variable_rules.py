"""Finding validation rules in HCL, with their lines, variables and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.testing.variable_rules import rules_below, rules_of
from testing_plans.samples import write

if TYPE_CHECKING:
    from pathlib import Path

AWKWARD = """# variable "commented" {
variable "plain" {
  description = "validation { of \\"nothing\\" }"
  type        = string
}

/* variable "out" {
  validation {
*/
variable "help" {
  default = <<-EOT
    validation {
    variable "fake" {
  EOT
  validation {
    condition     = alltrue([for item in [{ a = "{" }] : item.a == "{"])
    error_message = <<-EOT
      Read the help,
      all of it.
    EOT
  }
  # validation {
  validation   {
    error_message = "It says \\"no\\", and goes on for as long as anybody would care to read it."
    condition     = true
  }
}

resource "terraform_data" "other" {
  validation {
  }
}
"""


def test_every_rule_has_line_variable_and_message(tmp_path: Path) -> None:
    write(tmp_path, {"variables.tf": AWKWARD})
    heredoc, quoted = rules_of(tmp_path)
    assert [heredoc.variable, quoted.variable] == ["help", "help"]
    assert [heredoc.line, quoted.line] == [15, 23]
    assert heredoc.message == "Read the help,"
    assert quoted.message.startswith('It says "no", and')
    assert quoted.first_words == 'It says "no", and goes on for as long as anybody would care …'


def test_rules_below_leave_hidden_directories_out(tmp_path: Path) -> None:
    write(tmp_path, {"a/b/variables.tf": AWKWARD, "a/.terraform/variables.tf": AWKWARD})
    assert {rule.file for rule in rules_below(tmp_path)} == {tmp_path / "a/b/variables.tf"}
    assert not rules_of(tmp_path)
