"""CodeBuild: runs a project's buildspec with local processes, as its service role.

What a build gets is what CodeBuild gives it: the project's variables, those of the action, its
own `CODEBUILD_*`, the role's credentials, the input artifacts. Nothing of this process reaches it
but `PATH` and the time zone.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from harness.pipeline import artifacts
from harness.pipeline.buildspec import ABORT, CONTINUE, PHASES, Buildspec, parse
from harness.pipeline.errors import ActionFailedError, PipelineError
from harness.pipeline.sessions import BUILDS
from harness.pipeline.shell import Shell, ShellStoppedError, ShellTimeoutError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import boto3

    from harness.aws.pipelines import Artifact
    from harness.pipeline.buildspec import Phase
    from harness.pipeline.deployed import Action, Pipeline, Project
    from harness.pipeline.sessions import ServiceSessions

_INHERITED = ("LANG", "LC_ALL", "PATH", "SSL_CERT_FILE", "TZ")
_MINUTE_SECONDS = 60.0


@dataclass(frozen=True)
class Given:
    """What an action hands to its build."""

    pipeline: Pipeline
    action: Action
    configuration: Mapping[str, str]
    """The action's configuration with its variables resolved."""
    inputs: Mapping[str, Artifact]
    initiator: str


@dataclass
class Built:
    """What came of a build."""

    id: str
    outputs: tuple[Artifact, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    failure: str | None = None
    """Why it failed; None if it succeeded."""


class Builder:
    """Runs builds of deployed projects.

    Args:
        sessions: where the service role's credentials come from.
        environment: what points programs to the embedded AWS, without credentials.
        tools: further variables: where Terraform is and where it finds its provider.
        path: directories before those of `PATH`.
        workdir: where builds have their directories.
        on_line: called with the build's action and each line that it writes.
        stopping: ends the builds that run when it is set.
    """

    def __init__(
        self,
        *,
        sessions: ServiceSessions,
        environment: Mapping[str, str],
        tools: Mapping[str, str],
        path: Sequence[Path],
        workdir: Path,
        on_line: Callable[[Action, str], None],
        stopping: threading.Event,
    ) -> None:
        self._sessions = sessions
        self._stopping = stopping
        self._environment = dict(environment)
        self._tools = dict(tools)
        self._path = [str(each) for each in path]
        self._workdir = workdir
        self._on_line = on_line

    def run(self, given: Given) -> Built:
        """Run a build to its end; a failure of it is part of what comes back.

        Raises:
            PipelineError: its buildspec isn't there, or can't be run here.
        """
        project = given.pipeline.projects[given.configuration["ProjectName"]]
        built = Built(f"{project.name}:{uuid4()}")
        name = f"AWSCodeBuild-{built.id[-12:]}"
        session = self._sessions.of(BUILDS, project.role_arn, project.arn, name)
        home = self._workdir / built.id.replace(":", "-")
        sources = self._sources(given, session, home)
        primary = sources[given.configuration.get("PrimarySource", given.action.inputs[0])]
        spec = _buildspec(project, primary)

        def say(line: str) -> None:
            built.lines.append(line)
            self._on_line(given.action, line)

        for name in ("home", "tmp", "shell"):
            (home / name).mkdir()
        environment = self._variables(given, project, spec, session, built.id)
        environment |= {
            "CODEBUILD_SRC_DIR": str(primary),
            **{
                f"CODEBUILD_SRC_DIR_{name}": str(directory)
                for name, directory in sources.items()
                if directory != primary
            },
            "HOME": str(home / "home"),
            "TMPDIR": str(home / "tmp"),
        }
        until = time.monotonic() + _MINUTE_SECONDS * project.timeout_minutes
        own = home / "shell"
        with Shell(spec.shell, environment, primary, own, say, self._stopping) as shell:
            try:
                reached_build = self._phases(spec, shell, until, built)
            except ShellTimeoutError:
                built.failure = f"it ran longer than {project.timeout_minutes} minutes"
                return built
            except ShellStoppedError:
                built.failure = "it was stopped"
                return built
            after = shell.environment
        built.variables = {name: after[name] for name in spec.exported if name in after}
        if reached_build:
            self._upload(given, spec, session, primary, built)
        return built

    def _sources(self, given: Given, session: boto3.Session, home: Path) -> dict[str, Path]:
        found = {}
        for name, artifact in given.inputs.items():
            found[name] = home / "src" / name
            artifacts.unpack(artifacts.get(session, artifact), found[name])
        return found

    def _variables(
        self,
        given: Given,
        project: Project,
        spec: Buildspec,
        session: boto3.Session,
        build_id: str,
    ) -> dict[str, str]:
        """Put the environment together; what comes later wins, as in CodeBuild."""
        overrides = json.loads(given.configuration.get("EnvironmentVariables", "[]"))
        read = _Secrets(session)
        credentials = session.get_credentials()
        if credentials is None:
            raise PipelineError(f"{project.role_arn} gave no credentials")
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        path = os.pathsep.join([*self._path, inherited.get("PATH", os.defpath)])
        return {
            **inherited,
            **self._tools,
            "PATH": path,
            **spec.variables,
            **{name: read.parameter(value) for name, value in spec.parameters.items()},
            **{name: read.secret(value) for name, value in spec.secrets.items()},
            **{each["name"]: read.variable(each) for each in (*project.variables, *overrides)},
            **self._environment,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_SESSION_TOKEN": credentials.token or "",
            "CODEBUILD_BUILD_ARN": f"{project.arn.rpartition(':project/')[0]}:build/{build_id}",
            "CODEBUILD_BUILD_ID": build_id,
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": given.initiator,
            "CODEBUILD_START_TIME": str(int(time.time() * 1000)),
        }

    @staticmethod
    def _phases(spec: Buildspec, shell: Shell, until: float, built: Built) -> bool:
        """Run the phases; tell whether the build phase was reached.

        A failed install or pre_build ends the build, a failed build still has its post_build,
        unless `on-failure` says otherwise.
        """
        by_name = {phase.name: phase for phase in spec.phases}
        for name in PHASES:
            phase = by_name.get(name)
            if phase is None:
                continue
            failure = _run_phase(phase, shell, until)
            if failure is None:
                continue
            built.failure = built.failure or failure
            shell.export("CODEBUILD_BUILD_SUCCEEDING", "0")
            if phase.on_failure == CONTINUE:
                continue
            if phase.on_failure == ABORT or name in ("install", "pre_build"):
                return name not in ("install", "pre_build")
        return True

    @staticmethod
    def _upload(
        given: Given, spec: Buildspec, session: boto3.Session, source: Path, built: Built
    ) -> None:
        """Upload the artifacts: one output is the primary's, several are known by their names."""
        names = given.action.outputs
        try:
            for name in names:
                only = spec.artifacts if len(names) == 1 else None
                output = spec.secondary.get(name) or only
                if output is None:
                    raise ActionFailedError(f"the buildspec has no artifact {name}")
                content = artifacts.chosen(source, output)
                written = artifacts.put(session, given.pipeline, name, content)
                built.outputs = (*built.outputs, written)
        except ActionFailedError as error:
            built.failure = built.failure or str(error)


def _run_phase(phase: Phase, shell: Shell, until: float) -> str | None:
    """Run a phase with its `finally`; return which command failed, and how."""
    failure = None
    for command in phase.commands:
        status = shell.run(command, until)
        if status:
            failure = f"{phase.name}: `{command.strip()}` ended with status {status}"
            break
    for command in phase.finally_:
        status = shell.run(command, until)
        if status:
            failure = failure or f"{phase.name}, finally: `{command}` ended with status {status}"
    return failure


def _buildspec(project: Project, source: Path) -> Buildspec:
    if "\n" in project.buildspec:
        return parse(project.buildspec, f"the buildspec of {project.name}")
    path = source / project.buildspec
    if not path.is_file():
        raise PipelineError(
            f"The project {project.name} has the buildspec {project.buildspec}, which isn't in its "
            f"source"
        )
    return parse(path.read_text(encoding="utf-8"), project.buildspec)


class _Secrets:
    """Values that a project refers to, read with its role."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session

    def variable(self, declared: Mapping[str, Any]) -> str:
        """Return the value of a project's or an action's environment variable."""
        match declared.get("type", "PLAINTEXT"):
            case "PARAMETER_STORE":
                return self.parameter(declared["value"])
            case "SECRETS_MANAGER":
                return self.secret(declared["value"])
        return str(declared["value"])

    def parameter(self, name: str) -> str:
        """Return a parameter's value."""
        try:
            found = self._session.client("ssm").get_parameter(Name=name, WithDecryption=True)
        except ClientError as error:
            raise PipelineError(f"The parameter {name} can't be read: {error}") from None
        return str(found["Parameter"]["Value"])

    def secret(self, reference: str) -> str:
        """Return a secret's value, or one member of it: `id:key:stage:version`."""
        parts = reference.split(":")
        at = 7 if reference.startswith("arn:") else 1
        key, stage, version = [*parts[at:], "", "", ""][:3]
        options = {"VersionStage": stage, "VersionId": version}
        try:
            text: str = self._session.client("secretsmanager").get_secret_value(
                SecretId=":".join(parts[:at]), **{k: v for k, v in options.items() if v}
            )["SecretString"]
        except ClientError as error:
            raise PipelineError(f"The secret {reference} can't be read: {error}") from None
        return str(json.loads(text)[key]) if key else text
