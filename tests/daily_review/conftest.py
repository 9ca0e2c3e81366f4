"""The account of each test, and a release whose log_review is the real one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from daily_review.account import Reviewed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS

PACKAGE = Path(__file__).parents[2] / "lambda_src" / "package.py"


@pytest.fixture
def reviewed(aws: EmbeddedAWS) -> Iterator[Reviewed]:
    found = Reviewed(aws)
    yield found
    found.close()


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The function's zip, as `make package` builds it."""
    spec = importlib.util.spec_from_file_location("lambda_package", PACKAGE)
    assert spec is not None
    assert spec.loader is not None
    package: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    folder = tmp_path_factory.mktemp("dist")
    built = package.build(folder)["log_review"]
    return {"path": str(folder / built["file"]), "sha256_base64": built["sha256_base64"]}
