"""Refusals that are expected: which variable, in which words, by which rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.terraform import TerraformError
from harness.testing import rejects
from harness.testing.rejects import recording
from testing_plans.samples import BOX

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.testing import PlannedRoot

    Planned = Callable[..., PlannedRoot]

CALLER = """
variable "title" { type = string }
module "box" {
  source = "./box"
  name   = var.title
}
"""
LIMITED = """
variable "limit" { type = number }
variable "size" {
  type = number
  validation {
    condition     = var.limit >= var.size
    error_message = "It is over its limit."
  }
}
"""
LIMITED_CALLER = """
variable "size" { type = number }
module "box" {
  source = "./box"
  limit  = 1
  size   = var.size
}
"""
BEFORE = """
variable "open" {
  type    = bool
  default = false
}
resource "terraform_data" "door" {
  lifecycle {
    precondition {
      condition     = var.open
      error_message = "The door is shut."
    }
  }
}
"""


def test_the_expected_refusal_passes_and_is_told(planned: Planned) -> None:
    with rejects(variable="name", match="at least three letters") as refused:
        planned(BOX, name="ab")
    (refusal,) = refused.matching
    assert refusal.message == 'Use at least three letters, not "ab".'
    assert isinstance(refused.error, TerraformError)


def test_nothing_refused_fails(planned: Planned) -> None:
    wanted = r"Nothing was refused; expected .*'name'.*'three'"
    with pytest.raises(AssertionError, match=wanted), rejects(variable="name", match="three"):
        planned(BOX, name="abc")


@pytest.mark.parametrize(
    ("variable", "words"), [("size", "at least three"), ("name", "at least four")]
)
def test_another_refusal_fails_and_is_told(planned: Planned, variable: str, words: str) -> None:
    with pytest.raises(AssertionError) as failed, rejects(variable=variable, match=words):
        planned(BOX, name="ab")
    assert "Something else was refused" in str(failed.value)
    assert "variable 'name': Use at least three letters, not \"ab\"." in str(failed.value)


def test_a_refusal_may_be_one_of_several(planned: Planned) -> None:
    with rejects(variable="size", match="has room"):
        planned(BOX, name="ab", size=0)


def test_a_wrong_type_is_a_refusal(planned: Planned) -> None:
    with rejects(variable="size", match="number"):
        planned(BOX, name="abc", size="big")


def test_the_variable_of_a_called_module_is_meant(planned: Planned) -> None:
    with rejects(variable="name", match="three letters"):
        planned(CALLER, files={"box/main.tf": BOX}, title="ab")


def test_the_variable_is_that_of_the_rule_whatever_it_compares(planned: Planned) -> None:
    with rejects(variable="size", match="over its limit"):
        planned(LIMITED_CALLER, files={"box/main.tf": LIMITED}, size=2)


def test_a_precondition_needs_no_variable(planned: Planned) -> None:
    with rejects(match="door is shut"):
        planned(BEFORE)
    with pytest.raises(AssertionError, match="door is shut"), rejects(variable="open", match="."):
        planned(BEFORE)


def test_words_are_needed() -> None:
    with pytest.raises(ValueError, match="needs words to match"), rejects(match=""):
        pass


def test_other_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), rejects(match="zero"):
        raise ZeroDivisionError("zero")


def test_a_misspelt_variable_is_no_refusal(planned: Planned) -> None:
    with pytest.raises(ValueError, match="did you mean 'name'"), rejects(match="."):
        planned(BOX, nmae="ab")


def test_only_the_rule_that_matched_is_recorded(planned: Planned) -> None:
    with recording() as recorder:
        with rejects(variable="size", match="has room"):
            planned(BOX, name="ab", size=0)
        with pytest.raises(AssertionError), rejects(variable="name", match="four"):
            planned(BOX, name="ab")
    (place,) = recorder.triggered
    lines = place.file.read_text().splitlines()
    assert lines[place.line - 1 : place.line + 2] == BOX.splitlines()[15:18]
    assert "has room" in lines[place.line + 1]


def test_a_recording_gets_what_is_triggered_outside_of_an_inner_one(planned: Planned) -> None:
    with recording() as outer:
        with recording():
            pass
        with recording() as inner, rejects(variable="name", match="three"):
            planned(BOX, name="ab")
        assert inner.triggered
        assert not outer.triggered
        with rejects(variable="name", match="three"):
            planned(BOX, name="ab")
        assert outer.triggered == inner.triggered
