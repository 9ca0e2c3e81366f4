"""The same commit makes the same bytes, wherever, whenever and by whomever it is built."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.testing import pci
from promotion import bundle
from promotion.checkout import Checkout
from promotion.errors import BrokenInputError
from release.conftest import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BUILD = """
import runpy, sys, time
time.time = lambda: {now}
sys.argv = ["promotion", "build", "--output", {output!r}]
runpy.run_module("promotion", run_name="__main__")
"""
LONG_AGO, MUCH_LATER = 1_000_000_000, 4_000_000_000
HERE_AND_NOW = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}
THERE_AND_THEN = {"TZ": "America/St_Johns", "LC_ALL": "C", "PYTHONHASHSEED": "2"}


def build(
    checkout: Path, output: Path, *, now: int, umask: int, settings: Mapping[str, str]
) -> dict[str, bytes]:
    """Build with the checkout's own code in a process of its own, and pack what came of it."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(checkout / ".pipeline"),
        "PYTHONDONTWRITEBYTECODE": "1",
        **settings,
    }
    code = BUILD.format(now=float(now), output=str(output))
    archive = output.parent / "release.tar"
    for command in (["-c", code], ["-m", "promotion", "pack", str(output), str(archive)]):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=output.parent,
            env=environment,
            umask=umask,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in [*output.iterdir(), archive]}


def age(checkout: Path, moment: int, mode: int) -> None:
    """Give every file another time, and other permissions to others than its owner."""
    for path in checkout.rglob("*"):
        if ".git" not in path.relative_to(checkout).parts and path.is_file():
            path.chmod(path.stat().st_mode & 0o700 | mode)
            os.utime(path, (moment, moment))


@pci("6.5.1")
def test_two_builds_in_two_checkouts_are_the_same_bytes(committed: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "a folder elsewhere" / "with another name"
    for place, settings in ((one, ()), (other, ("-c", "core.autocrlf=true"))):
        place.parent.mkdir(exist_ok=True)
        git(tmp_path, "clone", "--quiet", *settings, str(committed), str(place))
    age(one, LONG_AGO, 0o000)
    age(other, MUCH_LATER, 0o077)
    # What lies about in a checkout that was used, and Git ignores.
    (other / "lambda_src/payment_core/__pycache__").mkdir()
    (other / "lambda_src/payment_core/__pycache__/money.py").write_text("left over")
    (other / "environments/dev/terraform.tfstate").write_text("{}")

    (tmp_path / "out").mkdir()
    (tmp_path / "out there").mkdir()
    first = build(one, tmp_path / "out/dist", now=LONG_AGO, umask=0o077, settings=HERE_AND_NOW)
    second = build(
        other, tmp_path / "out there/d", now=MUCH_LATER, umask=0o000, settings=THERE_AND_THEN
    )
    assert {"release.json", "release.tar", "configuration.tar", "sbom.cdx.json"} < set(first)
    assert set(first) == set(second)
    assert [name for name in first if first[name] != second[name]] == []


@pytest.mark.parametrize(
    "name",
    [
        "lambda_src/payment_core/money.py",
        "modules/data/tables.tf",
        "environments/dev/.terraform.lock.hcl",
        "requirements-fraud-detection.lock",
        "ecs_src/merchant_dashboard/static/dashboard.css",
    ],
)
def test_another_source_is_another_release(
    built: bundle.Release, tree: Path, name: str, tmp_path: Path
) -> None:
    path = tree / name
    path.write_text(path.read_text().replace("\n", "\n# another\n", 1))
    # The same commit, so that nothing else differs but what Git says of it.
    changed = bundle.build(tmp_path / "dist", checkout=Checkout(tree), allow_dirty=True)
    assert contents(changed) != contents(built)


def contents(release: bundle.Release) -> dict[str, object]:
    said_by_git = {"commit", "sbom"}
    return {key: value for key, value in release.manifest.items() if key not in said_by_git}


def test_pages_and_tests_are_no_part_of_a_release(built: bundle.Release) -> None:
    configured = built.manifest["configuration"]["files"]
    assert "environments/dev/.terraform.lock.hcl" in configured
    assert "environments/organization.json" in configured
    assert not [name for name in configured if name.endswith((".md", ".py"))]
    folders = {name.partition("/")[0] for name in configured}
    assert folders == {"ecs_src", "environments", "lambda_src", "modules"}


def test_contracts_are_where_modules_look_for_them(built: bundle.Release, tmp_path: Path) -> None:
    built.lay_out(tmp_path / "laid")
    assert len(built.manifest["openapi"]) == 3
    for name, digest in built.manifest["openapi"].items():
        content = (tmp_path / "laid" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    for name in ("release.json", *built.listed):
        assert (tmp_path / "laid/dist" / name).read_bytes() == (built.directory / name).read_bytes()


def test_nothing_is_laid_out_over_something_else(built: bundle.Release, tmp_path: Path) -> None:
    (tmp_path / "laid").mkdir()
    (tmp_path / "laid/main.tf").write_text("")
    with pytest.raises(BrokenInputError, match="isn't empty"):
        built.lay_out(tmp_path / "laid")


def test_a_folder_of_something_else_is_left_alone(committed: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/to-a-friend.txt").write_text("dear friend")
    with pytest.raises(BrokenInputError, match="something else than a release"):
        bundle.build(tmp_path / "letters", checkout=Checkout(committed))
    assert (tmp_path / "letters/to-a-friend.txt").exists()


def test_a_build_leaves_nothing_of_the_one_before(committed: Path, tmp_path: Path) -> None:
    bundle.build(tmp_path / "dist", checkout=Checkout(committed))
    (tmp_path / "dist/a_function_that_is_gone.zip").write_bytes(b"")
    (tmp_path / "dist/release.json.sig").write_bytes(b"of the release before")
    release = bundle.build(tmp_path / "dist", checkout=Checkout(committed))
    assert {path.name for path in release.directory.iterdir()} == {"release.json", *release.listed}
