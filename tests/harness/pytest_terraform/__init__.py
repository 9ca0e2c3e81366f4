"""pytest-terraform's decorator on this harness: a folder is applied, and a test gets what it made.

from harness.pytest_terraform import terraform

@terraform("queue", scope="session")
def test_queue_keeps_messages_for_a_week(queue):
    assert queue["aws_sqs_queue.payments.message_retention_seconds"] == 604800

Test files for the package pytest-terraform run as they are but for the import. What differs:

- Terraform runs against the embedded AWS, in the account of the fixture `terraform_environment`;
  while such a test runs, boto3 finds it by environment variables.
- A record (`tf_resources.json`) is written with `--tf-record` only, and without sensitive values.
- Nothing else is written beside the configuration.
- Under xdist each process applies folders of its own, to an AWS of its own.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from harness.pytest_terraform import record
from harness.pytest_terraform.applied_module import AppliedModule
from harness.pytest_terraform.decorator import Declaration, teardown, terraform
from harness.terraform import Root, Terraform, TerraformError
from harness.testing import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.aws import EmbeddedAWS

__all__ = ["AppliedModule", "teardown", "terraform"]

ACCOUNT_ID = Options().account_id
RESERVED = frozenset({"aws", "request", "terraform", "terraform_environment", "territory"})
"""Names that a folder's fixture can't have, since it depends on fixtures of these names."""

CLASH = (
    "pytest-terraform is installed beside the harness, and both have --tf-replay and --tf-mod-dir. "
    "Uninstall pytest-terraform, or run pytest with `-p no:terraform`."
)

_REGISTERED = pytest.StashKey[bool]()
_FOLDERS = pytest.StashKey[dict[Path, tuple[Declaration, Path]]]()


class Hooks:
    """The hook that conftests of pytest-terraform's users implement."""

    @pytest.hookspec
    def pytest_terraform_modify_state(self, tfstate: record.RecordText) -> None:
        """Change the record of an applied folder before it is written."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add pytest-terraform's options, unless it is there to do so itself."""
    if _clashes(pluginmanager):
        return
    group = parser.getgroup("terraform")
    group.addoption(
        "--tf-record",
        action="store_true",
        help=f"write what folders made, without what is sensitive, to {record.FILE_NAME} in them",
    )
    group.addoption(
        "--tf-replay",
        action="store_true",
        help=f"take what folders made from {record.FILE_NAME} in them and don't run Terraform",
    )
    group.addoption(
        "--tf-mod-dir", metavar="DIRECTORY", help="look for @terraform's folders here first"
    )
    parser.addini("terraform-mod-dir", "as --tf-mod-dir, relative to this file", type="paths")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Know pytest-terraform's hook, unless it is there to do so itself."""
    if not _clashes(pluginmanager):
        pluginmanager.add_hookspecs(Hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker, and refuse options that exclude each other."""
    config.addinivalue_line("markers", "terraform: tests that use @terraform's folders")
    if config.getoption("tf_record", default=False) and config.getoption("tf_replay"):
        raise pytest.UsageError(
            "--tf-record applies folders and --tf-replay doesn't: choose one of them"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class) -> None:
    """Register the folders' fixtures of a file before the first of its tests looks for them."""
    if not isinstance(collector, pytest.Module) or _REGISTERED in collector.stash:
        return
    collector.stash[_REGISTERED] = True
    declared = terraform.declared(collector.obj)
    if declared and _clashes(collector.config.pluginmanager):
        raise collector.CollectError(CLASH)
    names: dict[str, str] = {}
    for declaration in dict.fromkeys(declared):
        if names.setdefault(declaration.name, declaration.folder) != declaration.folder:
            raise collector.CollectError(
                f"two folders, {names[declaration.name]!r} and {declaration.folder!r}, share the "
                f"fixture {declaration.name!r}: give one of them another name"
            )
        _register(declaration, collector)


@pytest.fixture(scope="session")
def terraform_environment(aws: EmbeddedAWS) -> Mapping[str, str]:
    """Variables of the account in which `@terraform` applies; override it to choose another."""
    return aws.environment(ACCOUNT_ID)


def _clashes(plugins: pytest.PytestPluginManager) -> bool:
    """Tell whether pytest-terraform takes part in this run, or will once it is loaded."""
    return any(
        not plugins.is_blocked(entry.name)
        for entry in importlib.metadata.entry_points(group="pytest11")
        if entry.value.partition(".")[0] == "pytest_terraform"
    )


def _register(declaration: Declaration, module: pytest.Module) -> None:
    """Register the fixture of one declaration: in the file, over one that all files share."""
    name, scope = declaration.name, declaration.scope
    if name in RESERVED:
        raise module.CollectError(
            f"the harness has a fixture {name!r} of its own: give the folder's another one, as in "
            f'@terraform("{declaration.folder}", name="{name}_folder")'
        )
    places = _places(declaration.folder, module)
    directory = next((place.resolve() for place in places if place.is_dir()), None)
    if directory is None:
        looked = "\n".join(f"  - {place}" for place in places)
        message = f"there is no folder {declaration.folder!r} for @terraform; looked for:\n{looked}"
        pytest.register_fixture(name=name, func=_failing(message), node=module, scope=scope)
        return
    shared = f"@terraform {directory}"
    folders = module.session.stash.setdefault(_FOLDERS, {})
    replay = _replays(declaration, module.config)
    if directory not in folders:
        folders[directory] = declaration, module.path
        func = _replayed(directory) if replay else _applied(directory, declaration.teardown)
        pytest.register_fixture(name=shared, func=func, node=module.session, scope=scope)
    first, file = folders[directory]
    if different := declaration.differences(first):
        raise module.CollectError(
            f"the folder {declaration.folder!r} is declared in {file.name} already: {different}; "
            "declare it alike everywhere"
        )
    func = _borrowed_record(shared) if replay else _borrowed(shared)
    pytest.register_fixture(name=name, func=func, node=module, scope=scope)
    if not replay:
        pytest.register_fixture(
            name=f"environment of {name}", func=_directed_here(name), node=module, autouse=True
        )


def _places(folder: str, module: pytest.Module) -> list[Path]:
    """List where a folder may be, in the order of pytest-terraform."""
    config, beside = module.config, module.path.parent
    option = config.getoption("tf_mod_dir")
    chosen = config.getini("terraform-mod-dir")
    if option:
        chosen = [config.invocation_params.dir / option]
    usual = [beside, beside / "terraform", beside.parent, beside.parent / "terraform"]
    return [place / folder for place in [*chosen, *usual]]


def _replays(declaration: Declaration, config: pytest.Config) -> bool:
    by_option: bool = config.getoption("tf_replay")
    return by_option if declaration.replay is None else declaration.replay


def _failing(message: str) -> Callable[[], None]:
    def fail() -> None:
        pytest.fail(message, pytrace=False)

    return fail


def _replayed(directory: Path) -> Callable[[], AppliedModule]:
    def replay() -> AppliedModule:
        try:
            return record.read(directory)
        except record.RecordError as error:
            pytest.fail(str(error), pytrace=False)

    return replay


def _applied(directory: Path, when_done: str) -> Callable[..., Iterator[AppliedModule]]:
    def apply(
        terraform: Terraform,
        terraform_environment: Mapping[str, str],
        tmp_path_factory: pytest.TempPathFactory,
        pytestconfig: pytest.Config,
    ) -> Iterator[AppliedModule]:
        root = terraform.root(
            directory,
            workdir=tmp_path_factory.mktemp(directory.name),
            environment=terraform_environment,
        )
        root.init()
        try:
            root.apply()
            state = root.state()
            if pytestconfig.getoption("tf_record"):
                hook = pytestconfig.hook.pytest_terraform_modify_state
                record.write(directory, state, lambda text: hook(tfstate=text))
            yield AppliedModule.from_state(state, root)
        finally:
            _take_down(root, when_done)

    return apply


def _take_down(root: Root, when_done: str) -> None:
    if when_done == teardown.OFF:
        return
    try:
        root.destroy()
    except TerraformError:
        if when_done != teardown.IGNORE:
            raise


# Each ends with what it depends on by argument; `getfixturevalue` alone wouldn't end it.


def _borrowed(shared: str) -> Callable[..., Any]:
    def borrow(request: pytest.FixtureRequest, terraform_environment: object) -> Any:  # noqa: ARG001
        return request.getfixturevalue(shared)

    return borrow


def _borrowed_record(shared: str) -> Callable[..., Any]:
    def borrow(request: pytest.FixtureRequest) -> Any:
        return request.getfixturevalue(shared)

    return borrow


def _directed_here(name: str) -> Callable[..., None]:
    """Make the fixture that shows boto3 the way in tests that use the folder's fixture."""

    def direct(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        if name in request.fixturenames:
            for variable, value in request.getfixturevalue("terraform_environment").items():
                monkeypatch.setenv(variable, value)
            monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    return direct
