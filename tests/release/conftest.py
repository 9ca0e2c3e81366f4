"""Checkouts of this tree, releases built from them, and keys of KMS that sign them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from harness.aws import EmbeddedAWS
from promotion import bundle
from promotion.checkout import HERE, Checkout
from promotion.signing import KmsKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOOLING = "333333333333"
ALIAS = "alias/payments-release"
STRANGERS_ALIAS = "alias/of-somebody-else"

_SOURCES = (".pipeline", "ecs_src", "environments", "lambda_src", "modules")
_NOT_SOURCES = shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*")
_FILES = (".gitattributes", ".gitignore", "pyproject.toml")
_WRITTEN_BY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@payments.example",
    "GIT_AUTHOR_DATE": "2026-03-01T10:00:00Z",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@payments.example",
    "GIT_COMMITTER_DATE": "2026-03-01T10:00:00Z",
}


def git(checkout: Path, *arguments: str) -> str:
    """Run git as one author at one time, whatever this machine's configuration says."""
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(  # noqa: S603 - git with fixed arguments
        ["git", *arguments],  # noqa: S607 - git of the user's PATH
        cwd=checkout,
        env={"PATH": os.environ["PATH"], **alone, **_WRITTEN_BY},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.fixture(scope="session", autouse=True)
def _no_pipeline_tells_of_a_commit() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SOURCE_COMMIT", raising=False)
        patch.delenv("SOURCE_AUTHOR", raising=False)
        yield


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tree in a repository of its own, as it is: what is here needn't be committed."""
    tree = tmp_path_factory.mktemp("origin") / "platform"
    for name in _SOURCES:
        shutil.copytree(HERE / name, tree / name, ignore=_NOT_SOURCES)
    for path in [*(HERE / name for name in _FILES), *HERE.glob("requirements*.lock")]:
        shutil.copy2(path, tree / path.name)
    git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message=Everything")
    return tree


@pytest.fixture
def tree(committed: Path, tmp_path: Path) -> Path:
    """A clone to change."""
    git(tmp_path, "clone", "--quiet", str(committed), "tree")
    return tmp_path / "tree"


@pytest.fixture(scope="session")
def built(committed: Path, tmp_path_factory: pytest.TempPathFactory) -> bundle.Release:
    """The release of this tree, not to be changed."""
    return bundle.build(tmp_path_factory.mktemp("built") / "dist", checkout=Checkout(committed))


@dataclass(frozen=True)
class Keys:
    """Keys in the tooling account's KMS."""

    release: KmsKey
    strangers: KmsKey


@pytest.fixture(scope="session")
def keys(territory: str) -> Iterator[Keys]:  # noqa: ARG001 - it ends with the folder
    with (
        EmbeddedAWS(account_ids={"tooling": TOOLING}) as aws,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in aws.environment(TOOLING).items():
            patch.setenv(name, value)
        kms = aws.client("kms", TOOLING)
        for alias in (ALIAS, STRANGERS_ALIAS):
            key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
            kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
        yield Keys(KmsKey(ALIAS), KmsKey(STRANGERS_ALIAS))


@pytest.fixture(scope="session")
def sealed(built: bundle.Release, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed release, not to be changed."""
    directory = shutil.copytree(built.directory, tmp_path_factory.mktemp("sealed") / "dist")
    bundle.sign(directory, keys.release)
    return directory


@pytest.fixture
def signed(sealed: Path, tmp_path: Path) -> Path:
    """A signed release to tamper with."""
    return shutil.copytree(sealed, tmp_path / "signed")
