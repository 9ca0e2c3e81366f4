"""The services' images without an image builder: what goes in, and that it is all they need."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from harness.aws import EmbeddedAWS
from harness.dashboard import CSRF_KEY, FUNCTION_ARN
from harness.dockerfile import Dockerfile, Ignored
from harness.fraud import ACCOUNT, FraudTables
from harness.testing import pci
from promotion.images import IMAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPOSITORY = Path(__file__).resolve().parents[2]
SERVICES = ("fraud_detection", "merchant_dashboard")
START_SECONDS = 30
PINNED = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)
IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""


def dockerfile(service: str) -> Dockerfile:
    return Dockerfile(REPOSITORY / "ecs_src" / service / "Dockerfile")


def lock_of(service: str) -> Path:
    return REPOSITORY / f"requirements-{service.replace('_', '-')}.lock"


def packages_of(service: str) -> set[str]:
    """The packages that the release counts as the image's."""
    return {service, *IMAGES[service]}


@pci("2.2.6")
@pytest.mark.parametrize("service", SERVICES)
def test_an_image_runs_without_root_shell_or_writes(service: str) -> None:
    image = dockerfile(service)
    assert image.command == ["python", "-m", service]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image.user)
    assert image.environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert image.environment["PORT"] == str(image.port)
    assert image.labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert {stage.base for stage in image.stages} == {"${BASE_IMAGE}"}, "the release pins it"


@pci("6.3.2")
@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_what_the_release_counts_as_its_sources(service: str) -> None:
    image = dockerfile(service)
    names = {Path(source).name for source in image.sources()}
    assert names == packages_of(service) | {lock_of(service).name}


@pci("6.3.2")
@pytest.mark.parametrize("service", SERVICES)
def test_an_images_lock_has_the_tested_versions_by_hash_and_names_no_index(service: str) -> None:
    tested = dict(PINNED.findall((REPOSITORY / "requirements.lock").read_text()))
    text = lock_of(service).read_text()
    pinned = dict(PINNED.findall(text))
    assert pinned.items() <= tested.items()
    assert text.count("--hash=sha256:") >= len(pinned) > 0
    assert "://" not in text


def test_the_context_leaves_everything_else_out(tmp_path: Path) -> None:
    ignored = Ignored(REPOSITORY)
    for path in (".git/config", ".venv/bin/python", "README.md", "lambda_src/tokenizer/vault.py"):
        assert ignored.holds(REPOSITORY / path), path
    assert ignored.holds(REPOSITORY / "ecs_src/fraud_detection/__pycache__/model.pyc")
    with pytest.raises(FileNotFoundError, match="no lambda_src/tokenizer"):
        ignored.copy("lambda_src/tokenizer", tmp_path)


@pytest.fixture(scope="module")
def aws(territory: str) -> Iterator[EmbeddedAWS]:  # noqa: ARG001 - ends with the folder
    with EmbeddedAWS() as embedded:
        yield embedded


@pytest.fixture(scope="module", params=SERVICES)
def image(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A service, and the root of its image's files."""
    service: str = request.param
    folder = tmp_path_factory.mktemp(service)
    return service, dockerfile(service).make(REPOSITORY, folder)


def environment_of(service: str, root: Path) -> dict[str, str]:
    """ENV of the image, its paths below the folder where it was made."""
    given = dockerfile(service).environment
    inside = f"{root}/opt/venv/bin:{os.defpath}"
    assert given["PATH"].startswith("/opt/venv/bin:")
    return {**given, "PATH": inside, "PYTHONPATH": f"{root}{given['PYTHONPATH']}"}


def files_below(root: Path) -> set[tuple[str, int]]:
    return {(str(path), path.lstat().st_mtime_ns) for path in root.rglob("*")}


def test_an_image_has_every_module_that_its_packages_import(image: tuple[str, Path]) -> None:
    service, root = image
    subprocess.run(
        [f"{root}/opt/venv/bin/python", "-c", IMPORT_ALL, *sorted(packages_of(service))],
        check=True,
        env={**environment_of(service, root), "PAYMENTS_TABLE": "payments"},
        cwd=root / "app",
    )


def settings_of(service: str, aws: EmbeddedAWS) -> Mapping[str, str]:
    if service == "fraud_detection":
        tables = FraudTables.made(aws)
        return {"FRAUD_COUNTERS_TABLE": tables.counters, "PAYMENTS_TABLE": tables.payments}
    return {
        "CSRF_KEY": CSRF_KEY,
        "DASHBOARD_TABLE": "dashboard",
        "PAYMENTS_TABLE": "payments",
        "TRANSACTION_GATEWAY_ARN": FUNCTION_ARN,
        "WEBHOOKS_TABLE": "webhooks",
    }


def test_an_images_command_is_healthy_from_its_own_files_and_writes_none(
    image: tuple[str, Path], aws: EmbeddedAWS
) -> None:
    service, root = image
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    told = dockerfile(service)
    here = environment_of(service, root)
    before = files_below(root)
    surroundings = {"PORT": str(port), "BIND_HOST": "127.0.0.1", "DRAIN_SECONDS": "0"}
    python = f"{root}/opt/venv/bin/python"
    process = subprocess.Popen(
        [python, *told.command[1:]],
        env={**here, **aws.environment(ACCOUNT), **settings_of(service, aws), **surroundings},
        cwd=root / "app",
    )

    def health() -> int:
        check = [python, *told.health_check.command[1:]]
        return subprocess.run(
            check, check=False, env={**here, **surroundings}, capture_output=True
        ).returncode

    try:
        assert wait_until_answering(f"http://127.0.0.1:{port}/health", process) == 200
        assert health() == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_SECONDS) == 0
        assert health() == 1
    finally:
        process.kill()
        process.wait()
    assert files_below(root) == before


def wait_until_answering(url: str, process: subprocess.Popen[bytes]) -> int:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        assert process.poll() is None, "it ended"
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(url, timeout=30).status_code
        time.sleep(0.1)
    raise AssertionError(f"{url} didn't answer")
