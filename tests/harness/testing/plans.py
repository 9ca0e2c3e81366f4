"""The fixture `plan`, inventories of what it returns, and the markers of Terraform tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from harness.terraform import store
from harness.terraform.store import Store
from harness.testing import inventory
from harness.testing.differences import ExpectationError
from harness.testing.plan_cache import PlanCache
from harness.testing.planned import PlannedRoot
from harness.testing.workbench import Planner, Workbench

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.terraform import Terraform
    from harness.testing.options import Options

UPDATE = "--tf-update-inventory"
NO_CACHE = "--tf-no-plan-cache"

_MARKERS = (
    "static: reads files and runs no Terraform",
    "plan: plans, and applies nothing; set on every test that uses the fixture `plan`",
    "apply: applies to the embedded AWS",
    "policy: checks policies",
    "slow: takes longer than a test should",
)
_TRAVELS_AS = "tf_inventories"


@dataclass
class InventoryKeeper:
    """Compares plans with inventories of the running test, or writes these anew."""

    update: bool
    places: tuple[str, ...]
    """Directories of this machine, which no inventory may name."""
    test: pytest.Item | None = None
    written: list[str] = field(default_factory=list)

    def match(self, planned: PlannedRoot, path: str | Path) -> None:
        """Compare a plan with an inventory whose path is relative to the test's file."""
        __tracebackhide__ = True
        if self.test is None:
            raise RuntimeError("a plan is compared with an inventory only while a test runs")
        file = (self.test.path.parent / path).resolve()
        shown = _shortest(file, self.test.config.rootpath)
        if self.update:
            self._write(file, shown, planned, self.test)
            return
        advice = (
            f"If the plan is right, write it with: python -m pytest '{self.test.nodeid}' {UPDATE}"
        )
        if not file.exists():
            raise ExpectationError(f"There is no inventory {shown}.", (), advice)
        found = [*inventory.differences(inventory.read(file), planned)]
        if found:
            raise ExpectationError(f"{planned.label} isn't as {shown} has it", found, advice)

    def _write(self, file: Path, shown: str, planned: PlannedRoot, test: pytest.Item) -> None:
        previous = inventory.read(file) if file.exists() else None
        text = inventory.describe(planned, places=self.places, previous=previous)
        if previous is None or file.read_text(encoding="utf-8") != text:
            inventory.write(file, text)
            self.written.append(f"{shown} by {test.nodeid}")


KEEPER = pytest.StashKey[InventoryKeeper]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes inventories."""
    group = parser.getgroup("terraform")
    group.addoption(
        UPDATE,
        action="store_true",
        help="write inventories as the plans are, and list those that changed",
    )
    group.addoption(
        NO_CACHE,
        action="store_true",
        help="plan anew what was planned in an earlier run and hasn't changed since",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and keep inventories."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    config.stash[KEEPER] = InventoryKeeper(config.getoption(UPDATE), (str(config.rootpath),))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Mark what plans, so that `-m plan` chooses it."""
    for item in items:
        if {"plan", "plan_example"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("plan")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Remember the running test: inventories lie beside it."""
    keeper = item.config.stash[KEEPER]
    keeper.test = item
    try:
        return (yield)
    finally:
        keeper.test = None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the list of a worker's inventories to the process that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_TRAVELS_AS] = session.config.stash[KEEPER].written


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over a worker's list."""
    output = getattr(node, "workeroutput", {})
    node.config.stash[KEEPER].written.extend(output.get(_TRAVELS_AS, ()))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """List the inventories that were written: their tests passed without comparing anything."""
    written = config.stash[KEEPER].written
    if config.getoption(UPDATE):
        terminalreporter.section("inventories written")
        for line in sorted(written) or ["none: all are as the plans are"]:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def workbench(
    terraform: Terraform,
    aws: EmbeddedAWS,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Workbench:
    """The initialised configurations of this process."""
    folder = tmp_path_factory.mktemp("plans")
    if pytestconfig.getoption(NO_CACHE):
        return Workbench(terraform, aws.environment, folder)
    cache = PlanCache(Store(store.folder()), terraform)
    return Workbench(terraform, aws.environment, folder, cache.around)


@pytest.fixture(scope="session")
def plan(
    workbench: Workbench, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Planner:
    """Plan a directory's configuration from nothing: `plan("modules/data", name="payments")`."""
    keeper = pytestconfig.stash[KEEPER]
    keeper.places = (str(pytestconfig.rootpath), str(tmp_path_factory.getbasetemp()))

    def plan(
        directory: str | Path,
        variables: Mapping[str, Any] | None = None,
        /,
        *,
        options: Options | None = None,
        **more_variables: Any,
    ) -> PlannedRoot:
        path = pytestconfig.rootpath / directory
        planned = workbench.plan(path, {**(variables or {}), **more_variables}, options)
        return PlannedRoot(planned, _shortest(path, pytestconfig.rootpath), keeper.match)

    return plan


def _shortest(path: Path, start: Path) -> str:
    return str(path.relative_to(start)) if path.is_relative_to(start) else str(path)
