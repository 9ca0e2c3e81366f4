"""One root for a directory and options, one plan for a request, and local backends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.terraform import Root, Terraform, TerraformError
from harness.testing import Options
from harness.testing.workbench import BACKEND_OVERRIDE, Workbench, request_of
from testing_plans.samples import BOX, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.terraform import Plan
    from harness.testing.workbench import PlanRequest

S3 = """
terraform {
  backend "s3" {
    bucket = "b"
    key    = "k"
    region = "r"
  }
}
"""
CLOUD = """
terraform {
  cloud {
    organization = "o"
    workspaces { name = "n" }
  }
}
"""
S3_JSON = '{"terraform": {"backend": {"s3": {"bucket": "b", "key": "k", "region": "r"}}}}'


@pytest.fixture
def box(tmp_path: Path) -> Path:
    write(tmp_path / "box", {"main.tf": BOX})
    return tmp_path / "box"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that roots run."""
    commands: list[str] = []

    def watch(name: str) -> None:
        original = getattr(Root, name)

        def call(root: Root, *arguments: Any) -> Any:
            commands.append(name)
            return original(root, *arguments)

        monkeypatch.setattr(Root, name, call)

    watch("init")
    watch("plan_from_nothing")
    return commands


def test_a_root_is_initialised_once_and_a_plan_made_once(
    workbench: Workbench, box: Path, counted: list[str]
) -> None:
    first = workbench.plan(box, {"name": "abc", "size": 2})
    assert workbench.plan(box, {"size": 2, "name": "abc"}) is first
    assert workbench.plan(box, {"name": "other"}) is not first
    assert counted == ["init", "plan_from_nothing", "plan_from_nothing"]


def test_a_refusal_is_answered_once_too(
    workbench: Workbench, box: Path, counted: list[str]
) -> None:
    for _ in range(2):
        with pytest.raises(TerraformError, match="three letters"):
            workbench.plan(box, {"name": "ab"})
    assert counted == ["init", "plan_from_nothing"]


def test_threads_share_roots_and_plans(workbench: Workbench, box: Path, counted: list[str]) -> None:
    names = ["ada", "bob", "ada", "bob", "ada", "bob"]
    with ThreadPoolExecutor(6) as threads:
        plans = [*threads.map(lambda name: workbench.plan(box, {"name": name}), names)]
    assert [plan.resources["terraform_data.box"].values["input"]["name"] for plan in plans] == names
    assert sorted(counted) == ["init", "plan_from_nothing", "plan_from_nothing"]


def test_other_options_are_another_root(
    workbench: Workbench, box: Path, counted: list[str]
) -> None:
    extra = Options(files={"more.tf": 'resource "terraform_data" "more" {}\n'})
    assert len(workbench.plan(box, {"name": "abc"}).resources) == 1
    assert len(workbench.plan(box, {"name": "abc"}, extra).resources) == 2
    assert workbench.root(box, extra) is workbench.root(box, extra)
    assert counted.count("init") == 2


def test_an_interrupted_plan_is_asked_again(
    workbench: Workbench, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Root, "plan_from_nothing", interrupt)
        with pytest.raises(KeyboardInterrupt):
            workbench.plan(box, {"name": "abc"})
    assert workbench.plan(box, {"name": "abc"}).resources


@pytest.mark.parametrize(
    "backend", [{"backend.tf": S3}, {"backend.tf": CLOUD}, {"backend.tf.json": S3_JSON}]
)
def test_a_remote_backend_becomes_a_local_one(
    workbench: Workbench, box: Path, backend: dict[str, str]
) -> None:
    write(box, backend)
    assert workbench.plan(box, {"name": "abc"}).resources
    assert sorted(path.name for path in box.iterdir()) == sorted(["main.tf", *backend])


def test_a_local_backend_is_left_alone(box: Path) -> None:
    write(box, {"backend.tf": 'terraform {\n  backend "local" {}\n}\n# backend "s3" {\n'})
    assert request_of(box, {}, Options()).options.files is None
    write(box, {"backend.tf": S3})
    assert set(request_of(box, {}, Options()).options.files or {}) == {BACKEND_OVERRIDE}


def test_a_cache_stands_before_init_and_plan(
    tmp_path: Path, box: Path, counted: list[str], workbench: Workbench
) -> None:
    known = workbench.plan(box, {"name": "abc"})
    counted.clear()
    asked: list[PlanRequest] = []

    def remember(request: PlanRequest, make: Callable[[], Plan]) -> Plan:
        asked.append(request)
        return known if request.variables == {"name": "abc"} else make()

    cached = Workbench(Terraform.discover(), lambda _: {}, tmp_path / "work", remember)
    assert cached.plan(box, {"name": "abc"}) is known
    assert not counted
    assert cached.plan(box, {"name": "other"}) is not known
    assert counted == ["init", "plan_from_nothing"]
    assert [request.directory for request in asked] == [box, box]


def test_accounts_and_regions_reach_terraform(tmp_path: Path, box: Path) -> None:
    def environment(account_id: str) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": account_id, "AWS_REGION": "eu-west-1"}

    bench = Workbench(Terraform.discover(), environment, tmp_path / "work")
    there = bench.root(box, Options(account_id="666666666666", region="eu-central-1"))
    assert there.environment["AWS_ACCESS_KEY_ID"] == "666666666666"
    assert there.environment["AWS_REGION"] == there.environment["AWS_DEFAULT_REGION"]
    assert there.environment["AWS_REGION"] == "eu-central-1"
    assert bench.root(box).environment["AWS_REGION"] == "eu-west-1"


def test_values_become_plain_json(box: Path) -> None:
    given = {"path": Path("a/b"), "ids": {"y", "x"}, "pair": (1, 2)}
    request = request_of(box, given, Options())
    assert request.variables == {"path": "a/b", "ids": ["x", "y"], "pair": [1, 2]}
    with pytest.raises(TypeError, match="JSON, which has no _Lock"):
        request_of(box, {"lock": _Lock()}, Options())


def test_a_missing_directory_is_named(box: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        request_of(box / "nowhere", {}, Options())


class _Lock:
    """Nothing that JSON knows."""
