"""CodeBuild: projects of pipelines, with keys of their own, that can change."""

from __future__ import annotations

import time
from typing import Any

from moto.codebuild import responses
from moto.codebuild.exceptions import ResourceNotFoundException
from moto.codebuild.models import CodeBuildBackend
from moto.codebuild.responses import CodeBuildResponse
from moto.core.responses import ActionResult

from harness.aws.supplement.registry import mend

_WITHOUT_LOCATION = {"CODEPIPELINE", "NO_ARTIFACTS", "NO_SOURCE"}
_KEPT = ("concurrentBuildLimit", "encryptionKey")
_CHANGED = {
    "artifacts": "artifacts",
    "cache": "cache",
    "concurrentBuildLimit": "concurrentBuildLimit",
    "description": "description",
    "encryptionKey": "encryptionKey",
    "environment": "environment",
    "logsConfig": "logsConfig",
    "queuedTimeoutInMinutes": "queuedTimeoutInMinutes",
    "serviceRole": "serviceRole",
    "source": "source",
    "sourceVersion": "sourceVersion",
    "tags": "tags",
    "timeoutInMinutes": "timeoutInMinutes",
    "vpcConfig": "vpcConfig",
}

_PROJECTS = mend(
    "codebuild:CreateProject",
    reason="wants a location of what a pipeline hands over, and forgets the project's key",
    observed="aws_codebuild_project of a pipeline failed to apply; its encryption_key differed",
)


@_PROJECTS.around(responses, "_validate_required_params_source")
def _validate_source(original: Any, source: dict[str, Any]) -> None:
    if source["type"] not in _WITHOUT_LOCATION:
        original(source)


@_PROJECTS.around(responses, "_validate_required_params_artifacts")
def _validate_artifacts(original: Any, artifacts: dict[str, Any]) -> None:
    if artifacts["type"] not in _WITHOUT_LOCATION:
        original(artifacts)


@_PROJECTS.around(CodeBuildResponse, "create_project")
def _create_project(original: Any, self: CodeBuildResponse) -> Any:
    answer = original(self)
    project = self.codebuild_backend.codebuild_projects[self._get_param("name")]
    for name in _KEPT:
        if (value := self._get_param(name)) is not None:
            project.project_metadata[name] = value
    return answer


_UPDATE = mend(
    "codebuild:UpdateProject",
    reason="can't change a project (500)",
    observed="a changed timeout of aws_codebuild_project failed to apply",
)


@_UPDATE.instead(CodeBuildResponse, "update_project")
def _update_project(self: CodeBuildResponse) -> ActionResult:
    name = self._get_param("name")
    project = self.codebuild_backend.codebuild_projects.get(name)
    if project is None:
        raise ResourceNotFoundException(f"Project cannot be found: {name}")
    for parameter, field in _CHANGED.items():
        if (value := self._get_param(parameter)) is not None:
            project.project_metadata[field] = value
    project.project_metadata["lastModified"] = time.time()
    return ActionResult({"project": project.project_metadata})


_DELETION = mend(
    "codebuild:DeleteProject",
    reason="takes an ARN for the name of no project, and deletes nothing",
    observed="projects were left after Terraform had destroyed them",
)


@_DELETION.around(CodeBuildBackend, "delete_project")
def _delete_project(original: Any, self: CodeBuildBackend, project_name: str) -> None:
    original(self, project_name.rpartition(":project/")[2])
