"""Plans, module suites and applies of the harness beside tftest, pytest-terraform and mocks.

All contestants use one embedded AWS through AWS_ENDPOINT_URL, one mirror of the provider, copies
of the same modules, and the same assertions (`plan_cases.py`). They take turns.
"""

from __future__ import annotations

import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.aws import EmbeddedAWS
from harness.bench.contestants import Contestant, ContestantError, each_further, suite
from harness.bench.figures import Figure
from harness.bench.plan_cases import ACCOUNT, CASES, SUITE, TINY_HCL, as_terraform_test
from harness.mutants import copy_tree
from harness.platform import REPOSITORY
from harness.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BLOCKS = 3
PLANS = 200
MODULES = ("api-gateway", "data")
PACKAGES = Path(__file__).resolve().parents[2]
NO_YARDSTICK = "no yardstick: run `make bench`"

APPLIED_HCL = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

resource "aws_sns_topic" "notices" {
  name = "bench-notices"
}

resource "aws_ssm_parameter" "room" {
  name  = "/bench/room"
  type  = "String"
  value = "quiet"
}
"""
APPLIED_TEST = """
from {package} import terraform

@terraform("desk", scope="session")
def test_desk(desk):
    assert desk["aws_sns_topic.notices.name"] == "bench-notices"
    assert desk["aws_ssm_parameter.room.value"] == "quiet"
"""
SAME_AWS = """
import os, pytest

@pytest.fixture(scope="session")
def terraform_environment():
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
"""


def one_plan(yardstick: Path | None) -> list[Figure]:
    """Seconds of a plan that is read and checked, once the module is initialised."""
    names = {"tiny": "Plan of a tiny root", "data: plain table": "Plan of modules/data"}
    if yardstick is None:
        return [_not_measured(name, "20 times") for name in names.values()]
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    with _arena() as arena, ExitStack() as stack:
        contestants = {
            "ours": stack.enter_context(Contestant(arena.ours(), arena.environment)),
            "tftest": stack.enter_context(Contestant(arena.tftest(yardstick), arena.environment)),
        }
        for block in range(BLOCKS + 1):
            for case in names:
                for who, contestant in contestants.items():
                    took = contestant.plan(case, block)
                    if block:  # the first one initialises
                        seconds[who, case].append(took)
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    return [
        _beside(
            f"{name}, checked",
            medians["ours", case],
            medians["tftest", case],
            "stock CLI by tftest",
            "20 times",
        )
        for case, name in names.items()
    ]


def module_suite(yardstick: Path | None) -> list[Figure]:
    """Seconds of a suite, from a cold start to the end of the last process."""
    checks = sum(len(CASES[case].checks) for case in SUITE)
    name = f"Suite of {len(SUITE)} plans and {checks} assertions, cold: data and api-gateway"
    if yardstick is None:
        return [_not_measured(name, "5 times")]
    seconds: dict[str, list[float]] = defaultdict(list)
    with _arena() as arena:
        for _ in range(BLOCKS):
            seconds["ours"].append(suite(arena.ours(), arena.environment, SUITE))
            seconds["tftest"].append(suite(arena.tftest(yardstick), arena.environment, SUITE))
            seconds["mocks"].append(arena.terraform_test())
    ours, tftest, mocks = (statistics.median(seconds[who]) for who in ("ours", "tftest", "mocks"))
    return [
        _beside(name, ours, tftest, "stock CLI by tftest", "5 times"),
        _beside("The same suite", ours, mocks, "`terraform test`, mock provider", ""),
    ]


def further_plans() -> list[Figure]:
    """Seconds of each further plan with other variables, after a few plans and after many."""
    with _arena() as arena, Contestant(arena.ours(), arena.environment) as contestant:
        seconds = [contestant.plan("data: plain table", number) for number in range(PLANS)]
    few, many = each_further(seconds, 10), each_further(seconds, PLANS)
    name = f"Each further plan of modules/data: at {PLANS} plans beside at 10"
    return [Figure(name, f"{many:.2f} s", f"{few:.2f} s", many / few, "under 0.3 s")]


def memory(yardstick: Path | None) -> list[Figure]:
    """Memory of a worker that keeps providers of two modules warm, and of a stock plan's peak."""
    with _arena() as arena:
        with Contestant([*arena.ours(), "--own-aws"], arena.environment) as contestant:
            for case in SUITE:
                contestant.plan(case)
            idle = contestant.memory()
            ours = contestant.peak(lambda: contestant.plan(SUITE[0], 1))
        beside = [
            f"{_mb(idle.private)} idle (RSS {_mb(idle.resident)})",
            f"{_mb(idle.providers_private)} of it in {idle.providers} providers",
        ]
        if yardstick is not None:
            with Contestant(arena.tftest(yardstick), arena.environment) as contestant:
                contestant.plan(SUITE[0])
                theirs = contestant.peak(lambda: contestant.plan(SUITE[0], 1))
            beside.append(f"tftest without an AWS: {_mb(theirs.private)} at its peak")
    name = "Private memory of a worker while it plans: embedded AWS, providers of two modules"
    return [Figure(name, _mb(ours.private), "; ".join(beside), None, "")]


def apply_and_destroy(yardstick: Path | None) -> list[Figure]:
    """Seconds of a pytest run that applies a small root, checks it and destroys it."""
    name = "pytest run: apply by @terraform, checks, destroy"
    if yardstick is None:
        return [_not_measured(name, "")]
    seconds: dict[str, list[float]] = defaultdict(list)
    with _arena() as arena:
        ours = arena.applied_test("ours", "harness.pytest_terraform", SAME_AWS)
        theirs = arena.applied_test("theirs", "pytest_terraform", "")
        for _ in range(BLOCKS):
            seconds["ours"].append(arena.pytest(ours, sys.executable, "-pharness.plugin"))
            plugins = ["-pxdist.plugin", "-ppytest_terraform.plugin"]
            binary = f"--tf-binary={arena.terraform_binary}"
            seconds["theirs"].append(arena.pytest(theirs, str(yardstick), *plugins, binary))
    mine, other = (statistics.median(seconds[who]) for who in ("ours", "theirs"))
    return [_beside(name, mine, other, "pytest-terraform", "")]


def edit_and_test() -> list[Figure]:
    """Seconds of pytest on a module's tests after an edit of it, in a copy of the tree."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        tree = Path(directory) / "tree"
        copy_tree(REPOSITORY, tree)
        packages = os.pathsep.join(str(tree / path) for path in ("lambda_src", "ecs_src", "tests"))
        command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider"]
        command.append("tests/modules/test_data_module.py")
        environment = {**os.environ, "PYTHONPATH": packages}
        planned: list[float] = []
        applied: list[float] = []
        for block in range(BLOCKS):
            for seconds, chosen in ((planned, ["-m", "not apply"]), (applied, [])):
                with (tree / "modules/data/tables.tf").open("a", encoding="utf-8") as file:
                    file.write(f"\n# edit {block} {chosen}\n")
                seconds.append(_timed([*command, *chosen], tree, environment))
    name = "Edit modules/data, run its tests: the whole of pytest"
    return [
        Figure(
            f"{name}, what plans", f"{statistics.median(planned):.1f} s", "", None, "under 10 s"
        ),
        Figure(
            f"{name}, what applies too",
            f"{statistics.median(applied):.1f} s",
            "of which the provider waits about 12 s for a key",
            None,
            "",
        ),
    ]


@dataclass(frozen=True)
class _Arena:
    """An embedded AWS, the environment that leads there, and a folder."""

    folder: Path
    environment: Mapping[str, str]
    terraform_binary: str

    def ours(self) -> list[str]:
        modules = self.folder / "ours"
        self._copy_modules(modules)
        return [sys.executable, "-m", "harness.bench.plan_with_harness", str(modules)]

    def tftest(self, yardstick: Path) -> list[str]:
        modules = self.folder / "tftest"
        self._copy_modules(modules)
        module = "harness.bench.plan_with_tftest"
        return [str(yardstick), "-m", module, str(modules), self.terraform_binary]

    def terraform_test(self) -> float:
        """Run the suite's assertions with Terraform's own tests and mocks, `init` included."""
        modules = self.folder / "mocks"
        self._copy_modules(modules)
        for module in MODULES:
            tests = modules / module / "tests"
            tests.mkdir()
            cases = [CASES[name] for name in SUITE if CASES[name].module == module]
            (tests / "bench.tftest.hcl").write_text(as_terraform_test(cases), encoding="utf-8")
        started = time.perf_counter()
        for module in MODULES:
            for command in ("init", "test"):
                _timed([self.terraform_binary, command], modules / module, self.environment)
        return time.perf_counter() - started

    def applied_test(self, name: str, package: str, conftest: str) -> Path:
        """Write one test of an applied folder; only the import tells the contestants apart."""
        folder = self.folder / name
        (folder / "desk").mkdir(parents=True)
        (folder / "desk/main.tf").write_text(APPLIED_HCL, encoding="utf-8")
        test = APPLIED_TEST.format(package=package)
        (folder / "test_desk.py").write_text(test, encoding="utf-8")
        (folder / "conftest.py").write_text(conftest, encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        return folder

    def pytest(self, folder: Path, python: str, *plugins: str) -> float:
        """Run pytest in a folder with no plugins but those."""
        environment = {**self.environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        command = [python, "-m", "pytest", "-q", "-pno:cacheprovider", *plugins]
        return _timed(command, folder, environment)

    def _copy_modules(self, target: Path) -> None:
        """Give a contestant modules of its own, since some write beside them."""
        shutil.rmtree(target, ignore_errors=True)
        for module in MODULES:
            shutil.copytree(
                REPOSITORY / "modules" / module, target / module, ignore=_what_terraform_left
            )
        (target / "tiny").mkdir()
        (target / "tiny/main.tf").write_text(TINY_HCL, encoding="utf-8")


@contextmanager
def _arena() -> Iterator[_Arena]:
    terraform = Terraform.discover()
    with EmbeddedAWS() as aws, tempfile.TemporaryDirectory(prefix="bench-") as directory:
        folder = Path(directory)
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TF_"))
        }
        environment = {
            **inherited,
            **aws.environment(ACCOUNT),
            "CHECKPOINT_DISABLE": "1",
            "PYTHONPATH": str(PACKAGES),
            "TF_CLI_CONFIG_FILE": str(terraform.providers.write_cli_config(folder)),
        }
        yield _Arena(folder, environment, _binary(terraform.cli.argv, folder))


def _binary(argv: Sequence[str], folder: Path) -> str:
    """Give one executable, as the yardsticks want it."""
    if len(argv) == 1:
        return argv[0]
    script = folder / "terraform"
    script.write_text("#!/bin/sh\nexec " + " ".join(map(shlex.quote, argv)) + ' "$@"\n')
    script.chmod(0o755)
    return str(script)


def _what_terraform_left(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(".terraform") or ".tfstate" in name]


def _timed(command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> float:
    """Run a command that must succeed, and give the seconds that it took."""
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own commands
        command, cwd=cwd, env=dict(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ContestantError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def _beside(name: str, ours: float, theirs: float, whose: str, aim: str) -> Figure:
    return Figure(name, f"{ours:.2f} s", f"{theirs:.1f} s, {whose}", theirs / ours, aim)


def _not_measured(name: str, aim: str) -> Figure:
    return Figure(name, "not measured", NO_YARDSTICK, None, aim)


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
