"""Finding, counting and comparing what a plan holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.testing import AFTER_APPLY, SENSITIVE, ExpectationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.testing import PlannedRoot

    Planned = Callable[..., PlannedRoot]

SHELF = """
variable "secret" {
  type      = string
  default   = "hunter2"
  sensitive = true
}
resource "terraform_data" "book" {
  count = 2
  input = "volume ${count.index}"
}
resource "terraform_data" "label" {
  for_each = toset(["a.b"])
  input    = each.key
}
resource "terraform_data" "safe" {
  input = { code = var.secret, wheels = 3 }
}
resource "terraform_data" "policy" {
  input            = jsonencode({ Statement = [{ Effect = "Allow" }] })
  triggers_replace = [terraform_data.safe.id]
}
output "volumes" {
  value = { first = terraform_data.book[0].input, id = terraform_data.book[0].id }
}
output "later" { value = terraform_data.safe.id }
output "secret" {
  value     = var.secret
  sensitive = true
}
"""


@pytest.fixture
def shelf(planned: Planned) -> PlannedRoot:
    return planned(SHELF)


@pytest.mark.parametrize(
    "what",
    ["terraform_data.book[0]", "terraform_data.safe", 'terraform_data.label["a.b"]'],
)
def test_one_is_found_by_address(shelf: PlannedRoot, what: str) -> None:
    assert shelf.one(what).address == what


def test_one_is_found_by_name_without_its_instance(shelf: PlannedRoot) -> None:
    assert shelf.one("terraform_data.label").address == 'terraform_data.label["a.b"]'


def test_several_are_not_one_and_are_listed(shelf: PlannedRoot) -> None:
    with pytest.raises(
        ExpectationError, match=r"2 resources are 'terraform_data\.book'"
    ) as refused:
        shelf.one("terraform_data.book")
    assert "terraform_data.book[1]" in str(refused.value)


def test_none_is_told_with_what_may_be_meant(shelf: PlannedRoot) -> None:
    with pytest.raises(ExpectationError, match=r"did you mean .*terraform_data\.safe"):
        shelf.one("terraform_data.save")
    with pytest.raises(ExpectationError, match="it has: terraform_data"):
        shelf.one("aws_kms_key")


def test_all_gives_every_one_and_never_nothing(shelf: PlannedRoot) -> None:
    assert [item["input"] for item in shelf.all("terraform_data.book")] == ["volume 0", "volume 1"]
    assert len(shelf.all("terraform_data")) == 5
    with pytest.raises(ExpectationError, match=r"expect_counts\(aws_kms_key=0\)"):
        shelf.all("aws_kms_key")


def test_unknown_values_are_known_as_such(shelf: PlannedRoot) -> None:
    shelf.one("terraform_data.policy").expect(id=AFTER_APPLY, triggers_replace=[AFTER_APPLY])
    with pytest.raises(ExpectationError, match=r"found: +\(known after apply\)"):
        shelf.one("terraform_data.policy").expect(id="1")


def test_policies_are_compared_as_documents(shelf: PlannedRoot) -> None:
    policy = shelf.one("terraform_data.policy")
    assert policy.expect(input={"Statement": {"Effect": "Allow"}}) is policy
    assert policy.json("input") == {"Statement": [{"Effect": "Allow"}]}
    with pytest.raises(ExpectationError, match=r"input\.Statement\[0\]\.Effect"):
        policy.expect(input={"Statement": [{"Effect": "Deny"}]})
    with pytest.raises(ExpectationError, match="a JSON document"):
        policy.json("id")


def test_unlike_attributes_are_told_with_address_and_path(shelf: PlannedRoot) -> None:
    with pytest.raises(ExpectationError) as refused:
        shelf.one("terraform_data.safe").expect(input={"wheels": 4}, inptu=1)
    assert str(refused.value).splitlines() == [
        "the configuration: terraform_data.safe isn't as expected",
        "  input.wheels",
        "    expected: 4",
        "    found:    3",
        "  inptu",
        "    expected: 1",
        "    found:    nothing of that name; there is input",
    ]


def test_an_unknown_attribute_is_told_with_what_may_be_meant(shelf: PlannedRoot) -> None:
    with pytest.raises(KeyError, match="no attribute 'inptu'; did you mean input"):
        shelf.one("terraform_data.safe")["inptu"]


def test_sensitive_values_are_compared_and_never_shown(shelf: PlannedRoot) -> None:
    safe = shelf.one("terraform_data.safe").expect(input={"code": "hunter2"})
    safe.expect(input={"code": SENSITIVE})
    shelf.expect_outputs(secret="hunter2")
    said = [repr(safe), repr(shelf), repr(shelf.outputs), str(safe.values)]
    with pytest.raises(ExpectationError) as refused:
        safe.expect(input={"code": "hunter3"})
    said.append(str(refused.value))
    with pytest.raises(ExpectationError) as refused:
        shelf.expect_outputs(secret="hunter3")
    said.append(str(refused.value))
    assert "hunter" not in "".join(said)


def test_outputs_say_what_is_unknown(shelf: PlannedRoot) -> None:
    assert shelf.outputs["later"] == AFTER_APPLY
    shelf.expect_outputs(volumes={"first": "volume 0", "id": AFTER_APPLY})
    with pytest.raises(ExpectationError, match=r"volumes\.first"):
        shelf.expect_outputs(volumes={"first": "volume 1"})


def test_counts_are_those_of_the_plan(shelf: PlannedRoot) -> None:
    shelf.expect_counts(terraform_data=5, resources=5, modules=0, aws_kms_key=0)
    shelf.expect_counts(terraform_data=5, exhaustive=True)
    with pytest.raises(ExpectationError, match=r"terraform_data\.safe") as refused:
        shelf.expect_counts(terraform_data=4, modules=1, terraform_date=1)
    assert [item.path for item in refused.value.differences] == [
        "terraform_data",
        "modules",
        "terraform_date",
    ]
    assert "did you mean terraform_data?" in str(refused.value)


def test_exhaustive_counts_leave_no_type_out(shelf: PlannedRoot) -> None:
    with pytest.raises(ExpectationError, match="terraform_data"):
        shelf.expect_counts(exhaustive=True)


def test_modules_are_counted_with_what_is_in_them(planned: Planned) -> None:
    root = planned(
        'module "inner" {\n  source = "./inner"\n  count  = 2\n}\n',
        files={"inner/main.tf": 'resource "terraform_data" "it" {}\n'},
    )
    root.expect_counts(modules=2, terraform_data=2)
    assert root.one("module.inner[1].terraform_data.it").module == "module.inner[1]"
