"""Tiny configurations to plan, and projects with tests of their own to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.terraform import Terraform
from harness.testing import Options, PlannedRoot
from harness.testing.workbench import Workbench
from testing_plans.samples import BOX, WITHOUT_AWS, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(Terraform.discover(), lambda _: {}, tmp_path_factory.mktemp("workbench"))


@pytest.fixture(scope="session")
def planned(
    workbench: Workbench, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., PlannedRoot]:
    """Plan a configuration that is given as text, with further files by path."""
    directories: dict[str, Path] = {}

    def planned(
        text: str,
        *,
        options: Options | None = None,
        files: Mapping[str, str] | None = None,
        **variables: Any,
    ) -> PlannedRoot:
        if text not in directories:
            directories[text] = tmp_path_factory.mktemp("planned")
            write(directories[text], {"main.tf": text, **(files or {})})
        plan = workbench.plan(directories[text], variables, options)
        return PlannedRoot(plan, "the configuration", lambda *_: None)

    return planned


@pytest.fixture
def project(pytester: pytest.Pytester) -> Callable[[Mapping[str, str]], pytest.Pytester]:
    """Write a project with the module `modules/box`, and further files by path."""

    def project(files: Mapping[str, str]) -> pytest.Pytester:
        pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
        pytester.makeconftest(WITHOUT_AWS)
        write(pytester.path, {"modules/box/main.tf": BOX, **files})
        return pytester

    return project
