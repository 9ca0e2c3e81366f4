"""A build does what CodeBuild does with a buildspec."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.aws.pipelines import FAILED, SUCCEEDED
from harness.pipeline.errors import PipelineError
from pipeline.small import ACCOUNT, NAME

if TYPE_CHECKING:
    from harness.aws.pipelines import Execution
    from harness.pipeline.assembled import Assembly
    from pipeline.small import Folder, Small


def run(small: Small, assembly: Assembly) -> tuple[Execution, list[str]]:
    """Run the pipeline, and return what its last build wrote."""
    lines: list[str] = []
    assembly.on_line = lambda _, line: lines.append(line)
    small.create()
    runner = assembly.runner(NAME)
    return runner.run(runner.start()), lines


def test_phases_share_a_shell_and_the_source(small: Small, assembly: Assembly) -> None:
    small.stage(
        "build",
        small.build(
            "build",
            """\
            version: 0.2
            phases:
              install:
                commands: ["cat greeting.txt", "PLAIN=1; export COLOUR=blue", "cd /"]
              build:
                commands: ["echo $PLAIN $COLOUR $PWD"]
              post_build:
                commands: ["echo succeeding $CODEBUILD_BUILD_SUCCEEDING"]
            """,
        ),
    )
    execution, lines = run(small, assembly)
    assert execution.status == SUCCEEDED
    assert lines == ["hello", "1 blue /", "succeeding 1"]


def test_a_failed_build_still_has_its_finally_and_post_build(
    small: Small, assembly: Assembly
) -> None:
    small.stage(
        "build",
        small.build(
            "build",
            """\
            version: 0.2
            phases:
              build:
                commands: ["echo one", "exit 7", "echo never"]
                finally: ["echo finally"]
              post_build:
                commands: ["echo succeeding $CODEBUILD_BUILD_SUCCEEDING"]
            """,
        ),
    )
    execution, lines = run(small, assembly)
    assert lines == ["one", "finally", "succeeding 0"]
    assert execution.status == FAILED
    assert execution.status_summary == "build: build: `exit 7` ended with status 7"


def test_a_failed_preparation_ends_the_build(small: Small, assembly: Assembly) -> None:
    small.stage(
        "build",
        small.build(
            "build",
            """\
            version: 0.2
            phases:
              pre_build:
                commands: ["false"]
              build:
                commands: ["echo never"]
            """,
        ),
    )
    execution, lines = run(small, assembly)
    assert (execution.status, lines) == (FAILED, [])


@pytest.mark.parametrize(("on_failure", "expected"), [("ABORT", []), ("CONTINUE", ["after"])])
def test_on_failure_decides_what_comes_after(
    small: Small, assembly: Assembly, on_failure: str, expected: list[str]
) -> None:
    small.stage(
        "build",
        small.build(
            "build",
            f"""\
            version: 0.2
            phases:
              build:
                on-failure: {on_failure}
                commands: ["false"]
              post_build:
                commands: ["echo after"]
            """,
        ),
    )
    execution, lines = run(small, assembly)
    assert (execution.status, lines) == (FAILED, expected)


def test_actions_override_projects_and_projects_override_buildspecs(
    small: Small, assembly: Assembly
) -> None:
    small.session.client("ssm").put_parameter(Name="/secret", Value="s3", Type="SecureString")
    small.stage(
        "build",
        small.build(
            "build",
            """\
            version: 0.2
            env:
              variables: {ONE: buildspec, TWO: buildspec, THREE: buildspec}
              parameter-store: {SECRET: /secret}
            phases:
              build:
                commands: ["echo $ONE $TWO $THREE $SECRET"]
            """,
            variables={"TWO": "project", "THREE": "project"},
            told={"THREE": "action"},
        ),
    )
    assert run(small, assembly)[1] == ["buildspec project action s3"]


def test_a_build_works_as_its_service_role_with_nothing_of_this_process(
    small: Small, assembly: Assembly, source: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "1")
    monkeypatch.setenv("TF_VAR_mine", "1")
    small.stage(
        "build",
        small.build(
            "build",
            """\
            version: 0.2
            phases:
              build:
                commands:
                  - python whoami.py
                  - echo "${MINE-none} ${TF_VAR_mine-none} $HOME" | cut -c 1-10
            """,
        ),
    )
    (source.directory / "whoami.py").write_text(
        "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])\n"
    )
    assembly.path = [Path(sys.executable).parent]
    _, lines = run(small, assembly)
    assert lines[0].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/build-build/AWSCodeBuild-")
    assert lines[1] == "none none "


def test_artifacts_and_exported_variables_reach_the_next_stage(
    small: Small, assembly: Assembly, source: Folder
) -> None:
    (source.directory / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (source.directory / "run.sh").chmod(0o755)
    small.stage(
        "build",
        small.build(
            "build",
            """\
            version: 0.2
            env:
              exported-variables: [DIGEST]
            phases:
              build:
                commands:
                  - mkdir -p out/deep && cp run.sh out/deep/ && echo x > out/left.out
                  - export DIGEST=abc
            artifacts:
              base-directory: out
              files: ["**/*"]
              exclude-paths: ["*.out"]
            """,
            outputs=["release"],
        ),
    )
    small.stage(
        "deploy",
        small.build(
            "deploy",
            """\
            version: 0.2
            phases:
              build:
                commands:
                  - cat greeting.txt
                  - cd "$CODEBUILD_SRC_DIR_release" && ls && ./deep/run.sh
                  - echo "$TOLD"
            """,
            inputs=["source", "release"],
            told={"TOLD": "#{build.DIGEST} of #{source.CommitId}"},
        ),
    )
    execution, lines = run(small, assembly)
    assert execution.status == SUCCEEDED, execution.status_summary
    assert lines == ["hello", "deep", "ran", "abc of c0ffee"]


def test_several_outputs_are_known_by_their_names(small: Small, assembly: Assembly) -> None:
    small.stage(
        "build",
        small.build(
            "build",
            """\
            version: 0.2
            phases:
              build:
                commands: ["echo 1 > one.txt", "echo 2 > two.txt"]
            artifacts:
              secondary-artifacts:
                first: {files: [one.txt]}
                second: {files: [two.txt]}
            """,
            outputs=["first", "second"],
        ),
    )
    small.stage(
        "look",
        small.build(
            "look",
            """\
            version: 0.2
            phases:
              build:
                commands: ["cat $CODEBUILD_SRC_DIR/one.txt $CODEBUILD_SRC_DIR_second/two.txt"]
            """,
            inputs=["first", "second"],
        ),
    )
    assert run(small, assembly)[1] == ["1", "2"]


def test_an_artifact_without_files_fails_the_build(small: Small, assembly: Assembly) -> None:
    small.stage(
        "build",
        small.build(
            "build",
            """\
            version: 0.2
            phases:
              build:
                commands: ["true"]
            artifacts:
              files: [missing.zip]
            """,
            outputs=["release"],
        ),
    )
    execution, _ = run(small, assembly)
    assert execution.status == FAILED
    assert "no matching artifact paths found" in str(execution.status_summary)


def test_a_role_that_does_not_trust_builds_runs_none(small: Small, assembly: Assembly) -> None:
    small.stage(
        "build",
        small.build(
            "build",
            "version: 0.2\nphases:\n  build:\n    commands: ['true']\n",
            service="lambda.amazonaws.com",
        ),
    )
    with pytest.raises(PipelineError, match="build-build can't be assumed by codebuild"):
        run(small, assembly)


@pytest.mark.parametrize(
    ("buildspec", "problem"),
    [
        ("version: 0.1\nphases: {}\n", "isn't a buildspec of version 0.2"),
        ("version: 0.2\nbatch:\n  fast-fail: true\n", "says batch"),
        ("version: 0.2\nphases:\n  buidl:\n    commands: []\n", "says buidl"),
        (
            "version: 0.2\nphases:\n  build:\n    on-failure: RETRY\n    commands: []\n",
            "on-failure is RETRY",
        ),
    ],
)
def test_a_buildspec_that_is_not_understood_is_not_run(
    small: Small, assembly: Assembly, buildspec: str, problem: str
) -> None:
    small.stage("build", small.build("build", buildspec))
    with pytest.raises(PipelineError, match=problem):
        run(small, assembly)


def test_a_build_ends_with_its_time(
    small: Small, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.pipeline.build._MINUTE_SECONDS", 0.2)
    small.stage(
        "build",
        small.build(
            "build",
            "version: 0.2\nphases:\n  build:\n    commands: ['sleep 600']\n",
        ),
    )
    execution, _ = run(small, assembly)
    assert execution.status_summary == "build: it ran longer than 5 minutes"
