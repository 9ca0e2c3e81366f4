"""Fixtures of the embedded AWS, and the marker that ties a test to what it mends."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from harness.aws import EmbeddedAWS, supplement
from harness.testing.log_archive import Archive, make_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = "444444444444"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "mends(action): the test shows an entry of the supplement; it runs twice, and must fail"
        " while the entry is left out",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("mends"):
        metafunc.fixturenames.append("mended")
        metafunc.parametrize("mended", [True, False], ids=["mended", "fails-unmended"])


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    marker = pyfuncitem.get_closest_marker("mends")
    if marker is None or pyfuncitem.callspec.params["mended"]:
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    any_failure = (Exception, pytest.fail.Exception)
    with supplement.without(marker.args[0]), pytest.raises(any_failure):
        pyfuncitem.obj(**arguments)
    return True


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as running:
        yield running


@pytest.fixture
def client(aws: EmbeddedAWS) -> Callable[[str], Any]:
    """Make clients in the test account that try once, so that errors show at once."""
    session: Any = aws.session(ACCOUNT)
    once = Config(retries={"total_max_attempts": 1}, read_timeout=20)

    def make(service: str) -> Any:
        return session.client(service, config=once)

    return make


@pytest.fixture
def function_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("service.py", "def handle(event, context):\n    return event\n")
    return buffer.getvalue()


@pytest.fixture
def archive(aws: EmbeddedAWS) -> Archive:
    return make_archive(aws)
