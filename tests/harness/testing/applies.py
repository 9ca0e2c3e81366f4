"""The fixture `applied`: applies a configuration once for all tests, and destroys it after them.

def test_retention_is_guarded(applied):
    logs = applied("modules/logs", name="payments")
    logs.assert_idempotent()
    logs.tamper(lambda aws: aws.client("logs").delete_retention_policy(logGroupName="payments"))
    logs.assert_drift("aws_cloudwatch_log_group.journal")

An apply waits more than it works. What is declared as a fixture is applied in the background from
the moment that the first test of its group begins:

table = applied_fixture("modules/data", name="payments", tables={...})

def test_table_is_protected(table):
    table.one("aws_dynamodb_table").expect(deletion_protection_enabled=True)
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing.applied import AppliedRoot, Clients, current_test
from harness.testing.leftovers import Watch, describe
from harness.testing.options import Options
from harness.testing.plans import KEEPER
from harness.testing.workbench import request_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.terraform import Terraform
    from harness.testing.applied import Match
    from harness.testing.workbench import PlanRequest

AT_ONCE = 4
"""How many applies of a process run at the same time."""
PARALLELISM = 40
"""How many resources of an apply are made at the same time; most of that is waiting."""

_DECLARED = "terraform_declared_apply"


@dataclass(frozen=True)
class Declaration:
    """An apply that a fixture will ask for."""

    directory: str | Path
    variables: Mapping[str, Any]
    options: Options | None


@dataclass
class Entry:
    """An apply that was asked for, from then on."""

    root: AppliedRoot
    began: float
    done: Future[None] = field(default_factory=Future)
    ended: float = 0.0
    told: bool = False
    """Whether somebody heard how it ended."""

    @property
    def is_there(self) -> bool:
        """Whether there is something to destroy."""
        return self.done.exception() is None and not self.root.destroyed_by


class Applies:
    """Applies each configuration once, with the same variables and options; the fixture."""

    def __init__(
        self, terraform: Terraform, aws: EmbeddedAWS, rootdir: Path, folder: Path, match: Match
    ) -> None:
        """Apply what lies below `rootdir`, with state and plans in `folder`."""
        self._terraform = terraform
        self._aws = aws
        self._rootdir = rootdir
        self._folder = folder
        self._match = match
        self._numbers = itertools.count(1)
        self._entries: dict[str, Entry] = {}
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._watch = Watch()
        self._before = self._watch.now()

    def __call__(
        self,
        directory: str | Path,
        variables: Mapping[str, Any] | None = None,
        /,
        *,
        options: Options | None = None,
        **more_variables: Any,
    ) -> AppliedRoot:
        """Return the applied root of a directory, which is relative to pytest's rootdir.

        What another test destroyed is applied again, what it tampered with is repaired.

        Raises:
            TerraformError: the apply failed; what it had made was destroyed.
            ValueError: a variable is given that the configuration doesn't declare.
        """
        entry = self._entry(
            Declaration(directory, {**(variables or {}), **more_variables}, options)
        )
        entry.told = True
        entry.done.result()
        if entry.root.destroyed_by or entry.root.tampered_by not in ("", current_test()):
            entry.root.repair()
        return entry.root

    def start(
        self,
        directory: str | Path,
        variables: Mapping[str, Any] | None = None,
        /,
        *,
        options: Options | None = None,
        **more_variables: Any,
    ) -> None:
        """Begin an apply in the background; calling the fixture with the same waits for it."""
        self._entry(Declaration(directory, {**(variables or {}), **more_variables}, options))

    def start_declared(self, declared: Iterable[Declaration]) -> None:
        """Begin what fixtures declare."""
        for declaration in declared:
            with contextlib.suppress(OSError, TypeError, ValueError):  # told to the test that asks
                self._entry(declaration)

    def close(self) -> Iterator[str]:
        """Destroy everything; yield what went wrong, and what is left that wasn't there before."""
        yield from self._unheard()
        while there := [entry for entry in self._entries.values() if entry.is_there]:
            # Nobody can depend on an apply that hadn't ended when they began.
            latest = max(entry.began for entry in there)
            yield from _destroy([entry.root for entry in there if entry.ended > latest])
        if left := self._watch.leftovers(self._before) if self._entries else ():
            yield f"left behind after everything was destroyed:\n{describe(left)}"

    def release(self) -> None:
        """Stop watching the embedded AWS."""
        self._watch.close()

    def _unheard(self) -> Iterator[str]:
        for entry in self._entries.values():
            error = entry.done.exception()
            if error and not entry.told:
                yield f"{entry.root.label}, which no test came to ask for: {error}"

    def _entry(self, declared: Declaration) -> Entry:
        path = self._rootdir / declared.directory
        request = request_of(path, declared.variables, declared.options or Options())
        entry = self._entries.get(request.key)
        if entry is None:
            entry = self._entries[request.key] = Entry(self._root(request), time.monotonic())
            _in_background(lambda: self._apply(entry))
        return entry

    def _apply(self, entry: Entry) -> None:
        try:
            with self._slots:
                entry.root.apply()
        except BaseException as error:  # whoever asks for the root is told
            self._end(entry).set_exception(error)
        else:
            self._end(entry).set_result(None)

    def _end(self, entry: Entry) -> Future[None]:
        entry.ended = time.monotonic()
        return entry.done

    def _root(self, request: PlanRequest) -> AppliedRoot:
        options, name = request.options, request.directory.name
        root = self._terraform.module(
            request.directory,
            workdir=self._folder / f"{name}-{next(self._numbers)}",
            environment=options.environment(self._aws.environment(options.account_id)),
            variables=request.variables,
            providers=options.providers,
            files=options.files,
            parallelism=PARALLELISM,
        )
        clients = Clients(self._aws, options.account_id, options.region or self._aws.region)
        inside = request.directory.is_relative_to(self._rootdir)
        label = request.directory.relative_to(self._rootdir) if inside else request.directory
        return AppliedRoot(root, str(label), clients, self._watch, self._match, self._others)

    def _others(self, root: AppliedRoot) -> list[AppliedRoot]:
        entries = [entry for entry in self._entries.values() if entry.root is not root]
        return [entry.root for entry in entries if entry.is_there]


def _destroy(roots: list[AppliedRoot]) -> Iterator[str]:
    """Destroy roots at once; yield what went wrong."""
    ends = [(root, _in_background(root.destroy)) for root in roots]
    for root, end in ends:
        if error := end.exception():
            root.destroyed_by = "its failed destroy"
            yield f"{root.label} couldn't be destroyed: {error}"


def _in_background(work: Callable[[], None]) -> Future[None]:
    """Run in a thread that ends with the process: Ctrl-C needn't wait for an apply."""
    end: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # handed to whoever waits
            end.set_exception(error)
        else:
            end.set_result(None)

    threading.Thread(target=run, daemon=True).start()
    return end


def applied_fixture(
    directory: str | Path,
    variables: Mapping[str, Any] | None = None,
    /,
    *,
    options: Options | None = None,
    before_destroy: Callable[[Clients], object] | None = None,
    **more_variables: Any,
) -> Any:
    """Declare a fixture that gives the applied root, and is applied ahead of its tests.

    `before_destroy` is as in `AppliedRoot.before_destroy`.
    """
    declaration = Declaration(directory, {**(variables or {}), **more_variables}, options)

    def give(applied: Applies) -> AppliedRoot:
        root = applied(directory, declaration.variables, options=options)
        if before_destroy:
            root.before_destroy(before_destroy)
        return root

    setattr(give, _DECLARED, declaration)
    return pytest.fixture(give)


class Hooks:
    """What a conftest may say about applies."""

    @pytest.hookspec(firstresult=True)
    def pytest_terraform_group(self, item: pytest.Item) -> str | None:
        """Name the group of a test: tests of a group run in one process, one after the other.

        When the first of them begins, what they declare is applied. A group is a file, or what
        `xdist_group` says.
        """


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add our hook."""
    pluginmanager.add_hookspecs(Hooks)


@pytest.hookimpl(trylast=True)
def pytest_terraform_group(item: pytest.Item) -> str:
    """Name the group of a test for which no conftest does."""
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark and mark.args else str(item.path)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what applies, so that `-m apply` chooses it."""
    if "applied" in getattr(item, "fixturenames", ()):
        item.add_marker("apply")


@pytest.fixture(scope="session")
def applied(
    request: pytest.FixtureRequest,
    terraform: Terraform,
    aws: EmbeddedAWS,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Applies]:
    """Apply a directory's configuration once: `applied("modules/data", name="payments")`."""
    config = request.config
    folder = tmp_path_factory.mktemp("applies")
    applies = Applies(terraform, aws, config.rootpath, folder, config.stash[KEEPER].match)
    try:
        yield applies
        if request.session.exitstatus != pytest.ExitCode.INTERRUPTED:
            problems = [*applies.close()]
            if problems:
                pytest.fail("\n\n".join(problems), pytrace=False)
    finally:
        applies.release()


@pytest.fixture(scope="module", autouse=True)
def _declared_applies(request: pytest.FixtureRequest) -> None:
    """Begin the applies that tests of this group declare."""
    items = request.session.items
    group_of = request.config.hook.pytest_terraform_group
    groups = {group_of(item=item) for item in items if item.path == request.path}
    declared = [
        declaration
        for item in items
        if group_of(item=item) in groups
        for declaration in _declarations(item)
    ]
    if declared:
        request.getfixturevalue("applied").start_declared(declared)


def _declarations(item: pytest.Item) -> Iterator[Declaration]:
    """Yield what the fixtures of a test declare."""
    # pytest tells nowhere else which function of a name a test will get.
    fixtures = getattr(item, "_fixtureinfo", None)
    for definitions in fixtures.name2fixturedefs.values() if fixtures else ():
        declaration = getattr(definitions[-1].func, _DECLARED, None)
        if declaration:
            yield declaration
