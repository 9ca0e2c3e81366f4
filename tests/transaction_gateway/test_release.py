"""The zip: the same bytes every time, from anywhere, and it runs with nothing beside it."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import payment_core
from harness.testing import pci

if TYPE_CHECKING:
    from types import ModuleType

SOURCE = Path(payment_core.__file__).parents[1]


@pytest.fixture(scope="module")
def package() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lambda_package", SOURCE / "package.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pci("6.5.1")
def test_two_builds_are_the_same_bytes(package: ModuleType, tmp_path: Path) -> None:
    first = package.build(tmp_path / "one")
    # Another checkout: another folder, other times and modes, compiled files beside the sources.
    checkout = shutil.copytree(
        SOURCE, tmp_path / "checkout/lambda_src", copy_function=shutil.copyfile
    )
    services = SOURCE.parent / "ecs_src"
    shutil.copytree(services, tmp_path / "checkout/ecs_src", copy_function=shutil.copyfile)
    for lock in SOURCE.parent.glob("requirements-*.lock"):
        shutil.copyfile(lock, tmp_path / "checkout" / lock.name)
    (checkout / "payment_core" / "money.pyc").write_bytes(b"compiled")
    (checkout / "payment_core" / "money.py").chmod(0o755)
    subprocess.run(
        [sys.executable, str(checkout / "package.py"), "--output", str(tmp_path / "two")],
        check=True,
        cwd=tmp_path,
        env={"TZ": "Asia/Tokyo", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
    )
    for name in [*(f"{function}.zip" for function in package.FUNCTIONS), "release.json"]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert json.loads((tmp_path / "one" / "release.json").read_text()) == first


@pci("6.5.1")
def test_the_release_names_the_zip_and_its_digest(package: ModuleType, tmp_path: Path) -> None:
    artifact: dict[str, Any] = package.build(tmp_path)["transaction_gateway"]
    content = (tmp_path / artifact["file"]).read_bytes()
    digest = hashlib.sha256(content)
    assert artifact["sha256"] == digest.hexdigest()
    assert base64.b64decode(artifact["sha256_base64"]) == digest.digest()
    assert artifact["size_bytes"] == len(content)


@pci("6.5.1")
def test_an_image_that_is_not_built_is_said_to_be_so_and_named_by_its_sources(
    package: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = SOURCE.parent / "ecs_src"
    images = package.build(tmp_path / "one")["images"]
    assert set(images) == {"fraud_detection", "merchant_dashboard"}
    assert {image["status"] for image in images.values()} == {"images not built"}
    changed = shutil.copytree(sources, tmp_path / "ecs_src")
    (changed / "merchant_dashboard" / "static" / "new.css").write_text("a { color: red }")
    monkeypatch.setattr(package, "SERVICES_SOURCE", changed)
    after = package.build(tmp_path / "two")["images"]
    assert after["fraud_detection"] == images["fraud_detection"]
    assert after["merchant_dashboard"]["digest"] != images["merchant_dashboard"]["digest"]


def test_the_zip_holds_sorted_readable_sources_alone(package: ModuleType, tmp_path: Path) -> None:
    package.build(tmp_path)
    with zipfile.ZipFile(tmp_path / "transaction_gateway.zip") as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert all(name.endswith(".py") for name in names)
    assert {"transaction_gateway/handler.py", "transaction_gateway/sweeper.py"} <= set(names)
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_a_missing_package_is_named(package: ModuleType, tmp_path: Path) -> None:
    packages = {"transaction_gateway": ("payment_core", "payment_cores")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(package, "FUNCTIONS", packages)
        with pytest.raises(FileNotFoundError, match="payment_cores"):
            package.build(tmp_path)


@pytest.mark.parametrize("handler", ["handler", "sweeper"])
def test_the_handlers_start_from_the_zip_alone(
    package: ModuleType, tmp_path: Path, handler: str
) -> None:
    package.build(tmp_path)
    started = _start(tmp_path / "transaction_gateway.zip", handler, ACQUIRER_URL="http://acquirer")
    assert started.returncode == 0, started.stderr
    assert "transaction_gateway.zip" in started.stdout


def test_a_missing_setting_stops_the_function_at_its_start(
    package: ModuleType, tmp_path: Path
) -> None:
    package.build(tmp_path)
    started = _start(tmp_path / "transaction_gateway.zip", "handler")
    assert started.returncode != 0
    assert "set ACQUIRER_URL in the function's environment" in started.stderr


def _start(zip_path: Path, handler: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Import a handler as Lambda's init phase does, with the SDK and the zip alone."""
    code = (
        f"import sys; sys.path.insert(0, {str(zip_path)!r})\n"
        f"from transaction_gateway.{handler} import handle\n"
        "import payment_core; print(payment_core.__file__)\n"
        "assert 'boto3' not in sys.modules"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        cwd=zip_path.parent,
        env={
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
            "AWS_REGION": "eu-west-1",
            "PAYMENTS_TABLE": "payments",
            **environment,
        },
    )
