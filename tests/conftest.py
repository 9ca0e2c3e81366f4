"""What all tests share: repeatable examples, and one folder's AWS at a time in a process."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

pytest_plugins = ("pytester",)

HERE = Path(__file__).parent
# Folders whose files share something that takes long to apply.
SHARED = ("delivery", "log_archive", "modules", "organization", "platform", "waf")
# These run platforms of their own, one after the other: three at once are enough for a laptop.
ON_THEIR_OWN = ("platform/test_demo.py", "platform/test_readme.py")
# Long waits come first, so that the rest runs beside them.
FIRST = (
    "platform/test_worker_death.py",
    "embedded_aws/test_terraform_round.py",
    "modules",
    *ON_THEIR_OWN,
    "platform",
    "terraform",
)

# The same examples in every run: a red test stays red until it is mended.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="run what `make test-all` adds, alone")


def pytest_configure() -> None:
    # A job in the background is started with SIGINT ignored, and tests of Ctrl-C need it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def territory(request: pytest.FixtureRequest) -> str:
    """Name the folder whose tests run, and end with it.

    moto's state is global, so a process runs one embedded AWS. What a folder keeps for all of its
    tests depends on this fixture, and so is taken down before another folder begins.
    """
    return str(getattr(request, "param", ""))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    folder = metafunc.definition.path.relative_to(HERE).parts[0]
    metafunc.parametrize(
        "territory", [folder], ids=[pytest.HIDDEN_PARAM], indirect=True, scope="session"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    is_asked_for = config.getoption("--thorough")
    left_out: list[pytest.Item] = []
    kept: list[pytest.Item] = []
    for item in items:
        is_thorough = item.get_closest_marker("thorough") is not None
        (kept if is_thorough == is_asked_for else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
    items.sort(key=lambda item: _place(item.path.relative_to(HERE).as_posix()))


def _place(path: str) -> int:
    return next((place for place, start in enumerate(FIRST) if path.startswith(start)), len(FIRST))


def pytest_terraform_group(item: pytest.Item) -> str:
    return _group(item.path.relative_to(HERE).as_posix())


def _group(path: str) -> str:
    if path in ON_THEIR_OWN:
        return ON_THEIR_OWN[0]
    folder = path.partition("/")[0]
    return folder if folder in SHARED else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Keeps a file's tests in one process, and those of a folder that shares an apply."""

    def _split_scope(self, nodeid: Any) -> str:
        path = Path(str(nodeid).partition("::")[0]).relative_to(HERE.name).as_posix()
        return _group(path)
