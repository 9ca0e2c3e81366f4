"""A release is of a commit: whatever isn't as it was committed is noticed, and named."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from harness.testing import pci
from promotion import bundle
from promotion.__main__ import main
from promotion.checkout import Checkout, is_committed
from promotion.errors import BrokenInputError, Refused
from release.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_revision_is_what_git_and_the_project_say(committed: Path) -> None:
    revision = Checkout(committed).revision()
    assert revision.commit == git(committed, "rev-parse", "HEAD")
    assert revision.author == "ada@payments.example"
    assert f'\nversion = "{revision.version}"\n' in (committed / "pyproject.toml").read_text()


def edit(tree: Path) -> str:
    path = tree / "modules/data/tables.tf"
    path.write_text(path.read_text() + "\n")
    return "modules/data/tables.tf"


def add(tree: Path) -> str:
    (tree / "modules/data/backdoor.tf").write_text("")
    return "modules/data/backdoor.tf"


def remove(tree: Path) -> str:
    (tree / "lambda_src/payment_core/money.py").unlink()
    return "lambda_src/payment_core/money.py"


def stage(tree: Path) -> str:
    name = edit(tree)
    git(tree, "add", name)
    return name


def hide(tree: Path) -> str:
    name = edit(tree)
    git(tree, "update-index", "--assume-unchanged", name)
    return name


def skip(tree: Path) -> str:
    name = edit(tree)
    git(tree, "update-index", "--skip-worktree", name)
    return name


@pci("6.5.1")
@pytest.mark.parametrize("change", [edit, add, remove, stage, hide, skip])
def test_what_is_not_committed_is_refused_and_named(
    tree: Path,
    change: Callable[[Path], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = change(tree)
    output = tmp_path / "dist"
    assert main(["build", "--checkout", str(tree), "--output", str(output)]) == 3
    said = capsys.readouterr().err
    assert said.startswith("REFUSED release-not-committed: ")
    assert name in said
    assert not output.exists()
    revision = Checkout(tree).revision(allow_dirty=True)
    assert revision.commit == f"{git(tree, 'rev-parse', 'HEAD')}-dirty"
    assert not is_committed(revision.commit)


def test_of_many_changes_some_are_named(tree: Path) -> None:
    for number in range(8):
        (tree / f"modules/data/more_{number}.tf").write_text("")
    with pytest.raises(Refused, match=r"more_4\.tf and 3 more"):
        Checkout(tree).revision()


def test_without_git_no_commit_is_known(tree: Path) -> None:
    shutil.rmtree(tree / ".git")
    with pytest.raises(Refused, match="no commit is known"):
        Checkout(tree).revision()
    assert Checkout(tree).revision(allow_dirty=True).commit == "unknown"


@pci("6.5.1")
def test_what_the_pipelines_source_tells_stands_for_git(
    tree: Path, built: bundle.Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_COMMIT", built.commit)
    monkeypatch.setenv("SOURCE_AUTHOR", built.manifest["author"])
    shutil.rmtree(tree / ".git")
    release = bundle.build(tmp_path / "dist", checkout=Checkout(tree))
    assert release.digest == built.digest


def test_who_wrote_it_is_as_the_pipelines_source_tells(
    committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_AUTHOR", "ada-at-github")
    assert Checkout(committed).revision().author == "ada-at-github"


@pytest.mark.parametrize("told", ["f" * 40, "main"])
def test_another_commit_than_the_checkouts_is_refused(
    tree: Path, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_COMMIT", told)
    with pytest.raises(BrokenInputError, match="unset one of them"):
        Checkout(tree).revision()


def test_a_name_is_no_commit(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_COMMIT", "main")
    shutil.rmtree(tree / ".git")
    with pytest.raises(BrokenInputError, match="a commit's whole id"):
        Checkout(tree).revision()


def test_a_repository_around_it_is_not_its_own(tree: Path, committed: Path) -> None:
    inner = shutil.copytree(committed, tree / "vendor", ignore=shutil.ignore_patterns(".git"))
    assert Checkout(inner).revision(allow_dirty=True).commit == "unknown"


def test_without_git_the_same_files_are_found(tree: Path) -> None:
    folders = ("environments", "lambda_src")
    expected = Checkout(tree).files(*folders)
    assert len(expected) > 50
    (tree / "environments/dev/.terraform").mkdir()
    (tree / "environments/dev/.terraform/modules.json").write_text("{}")
    (tree / "environments/dev/terraform.tfstate").write_text("{}")
    assert Checkout(tree).files(*folders) == expected
    shutil.rmtree(tree / ".git")
    assert Checkout(tree).files(*folders) == expected


def test_variables_of_git_lead_nowhere_else(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert is_committed(Checkout(tree).revision().commit)


def test_a_link_is_no_file_of_a_release(tree: Path) -> None:
    (tree / "modules/data/linked.tf").symlink_to("/etc/hostname")
    with pytest.raises(BrokenInputError, match=r"modules/data/linked\.tf isn't a file"):
        Checkout(tree).files("modules")


def test_a_folder_that_is_no_checkout_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(BrokenInputError, match="can't read pyproject"):
        Checkout(tmp_path).revision(allow_dirty=True)
    with pytest.raises(BrokenInputError, match="no files in modules"):
        Checkout(tmp_path).files("modules")
