"""The zips and images that a release names: what is in them, and that it is all they need."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from harness.testing import pci
from promotion import bundle, functions, images
from promotion.__main__ import main
from promotion.checkout import Checkout
from promotion.errors import BrokenInputError

if TYPE_CHECKING:
    from pathlib import Path


@pci("6.5.1")
def test_the_release_names_the_zip_and_its_digest(built: bundle.Release) -> None:
    artifact = built.manifest["functions"]["transaction_gateway"]
    content = (built.directory / artifact["file"]).read_bytes()
    digest = hashlib.sha256(content)
    assert artifact["sha256"] == digest.hexdigest()
    assert base64.b64decode(artifact["sha256_base64"]) == digest.digest()
    assert artifact["size_bytes"] == len(content)


@pci("6.5.1")
def test_an_image_that_is_not_built_is_said_to_be_so_and_named_by_its_sources(
    built: bundle.Release, tree: Path
) -> None:
    before = built.manifest["images"]
    assert set(before) == {"fraud_detection", "merchant_dashboard"}
    assert {image["status"] for image in before.values()} == {"images not built"}
    (tree / "ecs_src/merchant_dashboard/static/new.css").write_text("a { color: red }")
    after = images.listed(Checkout(tree), {})
    assert after["fraud_detection"] == before["fraud_detection"]
    assert after["merchant_dashboard"]["digest"] != before["merchant_dashboard"]["digest"]


def test_images_that_were_built_are_named_by_the_registrys_digests(
    committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["build", "--checkout", str(committed), "--output", str(tmp_path / "dist")]
    digests = {name: f"sha256:{number:064x}" for number, name in enumerate(images.IMAGES)}
    given = [f"--image={name}={digest}" for name, digest in digests.items()]
    assert main([*command, *given]) == 0
    listed = bundle.Release.read(tmp_path / "dist").manifest["images"]
    assert {name: image["digest"] for name, image in listed.items()} == digests
    assert {image["status"] for image in listed.values()} == {"in the registry"}
    assert main([*command, given[0]]) == 2
    assert "all images or none" in capsys.readouterr().err
    assert main([*command, given[0], "--image=merchant_dashboard=latest"]) == 2
    assert "is no digest of a registry" in capsys.readouterr().err


def test_the_zip_holds_sorted_readable_sources_alone(built: bundle.Release) -> None:
    with zipfile.ZipFile(built.directory / "transaction_gateway.zip") as archive:
        entries = archive.infolist()
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert all(name.endswith(".py") for name in names)
    assert {"transaction_gateway/handler.py", "transaction_gateway/sweeper.py"} <= set(names)
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_a_missing_package_is_named(committed: Path) -> None:
    with pytest.raises(BrokenInputError, match="has no package payment_cores"):
        functions.packed(Checkout(committed), ("payment_core", "payment_cores"))


@pytest.mark.parametrize("handler", ["handler", "sweeper"])
def test_the_handlers_start_from_the_zip_alone(built: bundle.Release, handler: str) -> None:
    path = built.directory / "transaction_gateway.zip"
    started = _start(path, handler, ACQUIRER_URL="http://acquirer")
    assert started.returncode == 0, started.stderr
    assert "transaction_gateway.zip" in started.stdout


def test_a_missing_setting_stops_the_function_at_its_start(built: bundle.Release) -> None:
    started = _start(built.directory / "transaction_gateway.zip", "handler")
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
