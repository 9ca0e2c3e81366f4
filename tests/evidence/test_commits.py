"""Between two commits: what the configuration means for PCI DSS now that it didn't before."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.evidence.commits import FILES, CommitError, are_packs, between
from harness.platform import REPOSITORY
from pci_dss.evidence import verify
from pci_dss.evidence.delta import Direction

if TYPE_CHECKING:
    from pathlib import Path

    from pci_dss.evidence.delta import Delta

POLICIES = REPOSITORY / ".venv-policies/bin/python"
KEY = """
resource "aws_kms_key" "cards" {{
  enable_key_rotation = {rotated}
}}
"""
PROVIDER = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits, of which the second rotates a key no longer, and files that do again."""
    folder = tmp_path / "repository"
    root = folder / "environments" / "management"
    root.mkdir(parents=True)
    (folder / "lambda_src").mkdir()
    (folder / "lambda_src" / "package.py").touch()
    (root / "versions.tf").write_text(PROVIDER, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    for rotated in ("true", "false"):
        (root / "keys.tf").write_text(KEY.format(rotated=rotated), encoding="utf-8")
        git(folder, "add", ".")
        git(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", rotated)
    (root / "keys.tf").write_text(KEY.format(rotated="true"), encoding="utf-8")
    return folder


def git(folder: Path, *arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def compared(repository: Path, old: str, new: str, workdir: Path) -> Delta:
    workdir.mkdir()
    return between(Console(quiet=True), POLICIES, old, new, workdir, repository)


def test_what_a_commit_made_worse_is_named_and_what_was_mended_since(
    repository: Path, tmp_path: Path
) -> None:
    worse = compared(repository, "main~1", "main", tmp_path / "worse")
    line = "3.7.4 PASS to FAIL: environments/management aws_kms_key.cards (CKV_AWS_7)"
    assert any(str(change).startswith(line) for change in worse.changes)
    assert worse.counts == {Direction.WORSE: len(worse.changes)}
    better = compared(repository, "main", FILES, tmp_path / "better")
    line = "3.7.4 FAIL to PASS: environments/management aws_kms_key.cards (CKV_AWS_7)"
    assert any(str(change).startswith(line) for change in better.changes)
    assert better.counts == {Direction.BETTER: len(better.changes)}
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_a_commit_that_git_does_not_know_is_said(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(CommitError, match="git knows no commit nowhere"):
        compared(repository, "nowhere", "main", tmp_path / "work")


def test_functions_that_cannot_be_packaged_are_said(repository: Path, tmp_path: Path) -> None:
    package = repository / "lambda_src" / "package.py"
    package.write_text("raise SystemExit('no sources')", encoding="utf-8")
    with pytest.raises(CommitError, match="the files as they are can't be packaged:\nno sources"):
        compared(repository, FILES, "main", tmp_path / "work")


def test_packs_are_compared_with_packs_alone(tmp_path: Path) -> None:
    packs = [tmp_path / "old", tmp_path / "new"]
    for folder in packs:
        folder.mkdir()
        (folder / verify.MANIFEST).touch()
    old, new = (str(folder) for folder in packs)
    assert are_packs(old, new)
    assert not are_packs("main", FILES)
    for others in ((old, "main"), ("main", new), (old, FILES)):
        with pytest.raises(CommitError, match="name two packs, or two commits"):
            are_packs(*others)
