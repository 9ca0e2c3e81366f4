"""Plans are remembered between runs, and only as long as nothing that they read has changed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.terraform import Terraform, TerraformError
from harness.terraform.store import Store
from harness.testing.options import Options
from harness.testing.plan_cache import PlanCache, UnknowableError, dependencies
from harness.testing.workbench import Workbench, request_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FILES = {
    "root/main.tf": """
variable "release" {
  type    = string
  default = "../dist"
}

module "child" {
  source  = "../modules/child"
  content = file("${path.module}/../shared/words.txt")
}

resource "terraform_data" "release" {
  input = filesha256("${var.release}/code.zip")
}

output "found" {
  value = fileexists("${path.module}/later.txt") ? "later" : "never"
}
""",
    "root/terraform.tfvars": "",
    "modules/child/main.tf": """
variable "content" {
  type = string
}

resource "terraform_data" "words" {
  input = "${var.content}-${templatefile("${path.module}/templates/page.tpl", {})}"
}
""",
    "modules/child/templates/page.tpl": "page",
    "shared/words.txt": "words",
    "dist/code.zip": "code",
    "other/code.zip": "other code",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


class Bench:
    """Plans the root with a new workbench each time, as a new run does, and counts the plans."""

    def __init__(self, terraform: Terraform, tree: Path) -> None:
        self.terraform = terraform
        self.tree = tree
        self.plans = 0

    def plan(self, options: Options | None = None, **variables: Any) -> Mapping[str, Any]:
        cache = PlanCache(Store(self.tree / "cache"), self.terraform)

        def around(request: Any, make: Callable[[], Any]) -> Any:
            def counted() -> Any:
                self.plans += 1
                return make()

            return cache.around(request, counted)

        folder = self.tree / f"run{time.monotonic_ns()}"
        bench = Workbench(self.terraform, lambda _account: {}, folder, around)
        plan = bench.plan(self.tree / "root", variables, options)
        resources = {
            address: resource.values["input"] for address, resource in plan.resources.items()
        }
        return {**resources, **plan.outputs, "counts": plan.counts, "is_empty": plan.is_empty}


@pytest.fixture
def bench(terraform: Terraform, tree: Path) -> Bench:
    return Bench(terraform, tree)


def test_an_unchanged_plan_is_made_once(bench: Bench) -> None:
    first = bench.plan()
    assert first["module.child.terraform_data.words"] == "words-page"
    assert bench.plan() == first
    assert bench.plans == 1


@pytest.mark.parametrize("name", [name for name in FILES if name != "other/code.zip"])
def test_a_changed_file_is_planned_anew(bench: Bench, tree: Path, name: str) -> None:
    bench.plan()
    comment = "# changed" if name.endswith((".tf", ".tfvars")) else "changed"
    (tree / name).write_text(f"{FILES[name]}{comment}\n")
    changed = bench.plan()
    assert bench.plans == 2
    if name == "shared/words.txt":
        assert changed["module.child.terraform_data.words"] == "wordschanged\n-page"


def test_a_file_that_comes_to_be_is_seen(bench: Bench, tree: Path) -> None:
    assert bench.plan()["found"] == "never"
    (tree / "root/later.txt").write_text("now")
    assert bench.plan()["found"] == "later"


def test_other_variables_and_options_are_other_plans(bench: Bench, tree: Path) -> None:
    bench.plan()
    other = bench.plan(release="../other")
    bench.plan(Options(account_id="111111111111"))
    bench.plan(Options(files={"more.tf": 'output "more" { value = 1 }'}))
    assert bench.plans == 4
    (tree / "other/code.zip").write_text("changed")
    assert bench.plan(release="../other") != other


def test_another_terraform_plans_anew(bench: Bench, terraform: Terraform) -> None:
    from dataclasses import replace

    bench.plan()
    bench.terraform = replace(terraform, cli=replace(terraform.cli, version="1.99.0"))
    bench.plan()
    assert bench.plans == 2


@pytest.mark.parametrize(
    "text",
    [
        'output "now" {\n  value = timestamp()\n}\n',
        'output "id" {\n  value = uuid()\n}\n',
        'output "now" {\n  value = plantimestamp()\n}\n',
        'import {\n  to = terraform_data.release\n  id = "1"\n}\n',
    ],
)
def test_what_depends_on_more_than_files_is_never_remembered(
    bench: Bench, tree: Path, text: str
) -> None:
    (tree / "root/more.tf").write_text(text)
    bench.plan()
    bench.plan()
    assert bench.plans == 2


def test_what_is_looked_up_in_an_account_is_never_remembered(tree: Path) -> None:
    request = request_of(tree / "root", {}, Options())
    assert list(dependencies(request))
    (tree / "root/more.tf").write_text('data "aws_ssm_parameter" "limit" {\n  name = "a"\n}\n')
    with pytest.raises(UnknowableError):
        list(dependencies(request))


def test_a_refusal_is_never_remembered(bench: Bench) -> None:
    for _ in range(2):
        with pytest.raises(TerraformError):
            bench.plan(release="../nowhere")
    assert bench.plans == 2


def test_modules_that_cannot_be_followed_are_never_remembered(bench: Bench, tree: Path) -> None:
    (tree / "root/late.tf").write_text(
        'module "late" {\n  content = "${1}"\n\n  source = "../modules/child"\n}\n'
    )
    bench.plan()
    bench.plan()
    assert bench.plans == 2


def test_folders_behind_links_are_never_remembered(bench: Bench, tree: Path) -> None:
    (tree / "dist/linked").symlink_to(tree / "other", target_is_directory=True)
    bench.plan()
    bench.plan()
    assert bench.plans == 2


def test_a_damaged_entry_is_planned_anew(bench: Bench, tree: Path) -> None:
    first = bench.plan()
    (entry,) = (tree / "cache/plans").iterdir()
    entry.write_bytes(entry.read_bytes()[:-1])
    assert bench.plan() == first
    assert bench.plans == 2


def test_plans_that_nobody_asks_for_make_room(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(5):
        store.put(f"plans/{number}", b"")
        os.utime(tmp_path / f"plans/{number}", (number, number))
    assert store.get("plans/0") == b""
    store.trim("plans", 2)
    assert {path.name for path in (tmp_path / "plans").iterdir()} == {"0", "4"}
