"""The pipeline as it is deployed can be run, and asks what has to be asked before production."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from delivery.conftest import ACCOUNTS, REPOSITORY, TOLD, applied
from harness.pipeline import buildspec, description, gates
from harness.pipeline.deployed import Pipeline, read
from harness.pipeline.variables import references
from harness.testing import pci

if TYPE_CHECKING:
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.terraform import Root, Terraform


@pytest.fixture(scope="module")
def pipeline(aws: EmbeddedAWS, tooling: Root) -> Pipeline:
    name: str = tooling.outputs()["pipeline"]["name"]
    return read(aws.session(ACCOUNTS["tooling"]), name)


@pci("6.5.1", "6.5.4")
def test_production_is_asked_for_by_two_approvals_a_window_and_quiet_alarms(
    pipeline: Pipeline,
) -> None:
    assert gates.missing(pipeline) == []


@pci("6.5.1", "6.5.4")
def test_an_approval_that_the_terraform_lacks_is_missed(
    terraform: Terraform, aws: EmbeddedAWS, tooling: Root, tmp_path: Path
) -> None:
    """What `make pipeline` asks before it runs a stage, of a pipeline that is deployed so."""
    for folder in ("environments", "modules"):
        shutil.copytree(
            REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".terraform")
        )
    stages = tmp_path / "modules" / "delivery" / "stages.tf"
    declared = stages.read_text()
    changed = declared.replace('["approve-first", "approve-second"]', '["approve-first"]')
    assert changed != declared
    stages.write_text(changed)
    name = tooling.outputs()["pipeline"]["name"]
    try:
        applied(terraform, aws, tmp_path / "environments" / "tooling", tmp_path / "run", TOLD)
        missing = gates.missing(read(aws.session(ACCOUNTS["tooling"]), name))
    finally:
        tooling.apply()
    assert missing == ["the stage prod-approve has 1 approval actions, production needs 2"]
    assert gates.missing(read(aws.session(ACCOUNTS["tooling"]), name)) == []


def test_all_stages_keep_to_the_time_budget(pipeline: Pipeline) -> None:
    found = description.budget(pipeline)
    assert found.promised is not None
    assert found.overruns == ()


def test_every_buildspec_is_there_short_and_understood(pipeline: Pipeline) -> None:
    for project in pipeline.projects.values():
        text = (REPOSITORY / project.buildspec).read_text(encoding="utf-8")
        assert buildspec.parse(text, project.buildspec).phases
        assert len(text.splitlines()) <= 20, project.buildspec


def test_variables_that_actions_use_are_exported_by_what_comes_before(pipeline: Pipeline) -> None:
    known = {"source": {"AuthorId", "BranchName", "CommitId", "CommitMessage"}}
    known["codepipeline"] = {"PipelineExecutionId"}
    for stage in pipeline.stages:
        used = {
            reference
            for action in stage.actions
            for value in action.configuration.values()
            for reference in references(value)
        }
        for namespace, name in used:
            assert name in known.get(namespace, set()), f"{stage.name}: #{{{namespace}.{name}}}"
        for action in stage.actions:
            if action.project and action.namespace:
                file = REPOSITORY / pipeline.projects[action.project].buildspec
                spec = buildspec.parse(file.read_text(encoding="utf-8"), file.name)
                known[action.namespace] = set(spec.exported)
