"""A pipeline and its build projects, read back from AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from harness.pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import boto3

APPROVAL, BUILD, SOURCE = "Approval", "CodeBuild", "Source"
_PROJECTS_A_CALL = 100
_APPROVAL_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class Rule:
    """A rule of a stage's condition."""

    name: str
    provider: str
    configuration: Mapping[str, str]
    role_arn: str | None
    timeout_minutes: int | None
    declaration: Mapping[str, Any]


@dataclass(frozen=True)
class Condition:
    """Rules that decide together, and what happens when one of them fails."""

    result: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Action:
    """An action of a stage."""

    name: str
    category: str
    provider: str
    run_order: int
    configuration: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    namespace: str | None
    timeout_minutes: int | None
    declaration: Mapping[str, Any]

    @property
    def is_approval(self) -> bool:
        """Whether a person decides."""
        return self.category == APPROVAL

    @property
    def project(self) -> str | None:
        """The CodeBuild project that it runs, if it does."""
        return self.configuration["ProjectName"] if self.provider == BUILD else None


@dataclass(frozen=True)
class Stage:
    """A stage with its conditions."""

    name: str
    actions: tuple[Action, ...]
    before_entry: tuple[Condition, ...]
    on_success: tuple[Condition, ...]
    on_failure: tuple[Condition, ...]
    failure_result: str | None
    failure_retry_mode: str | None

    def steps(self) -> list[list[Action]]:
        """The actions by run order: those of one order run at once."""
        orders = sorted({action.run_order for action in self.actions})
        return [[each for each in self.actions if each.run_order == order] for order in orders]

    @property
    def approvals(self) -> list[Action]:
        """The actions that wait for a person."""
        return [action for action in self.actions if action.is_approval]


@dataclass(frozen=True)
class Project:
    """A CodeBuild project."""

    name: str
    arn: str
    role_arn: str
    buildspec: str
    variables: tuple[Mapping[str, str], ...]
    timeout_minutes: int
    encryption_key: str | None
    log_group: str | None

    def variable(self, name: str) -> str | None:
        """The value of one of its plain variables."""
        return next((each["value"] for each in self.variables if each["name"] == name), None)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline as GetPipeline tells it, with the projects that its actions run."""

    name: str
    arn: str
    version: int
    mode: str
    role_arn: str
    bucket: str
    encryption_key: str | None
    stages: tuple[Stage, ...]
    projects: Mapping[str, Project]
    tags: Mapping[str, str]

    def stage(self, name: str) -> Stage:
        """Return a stage by its name."""
        return next(stage for stage in self.stages if stage.name == name)


def read(session: boto3.Session, name: str) -> Pipeline:
    """Read a pipeline back.

    Raises:
        PipelineError: there is no such pipeline, or a project of it is missing.
    """
    pipelines = session.client("codepipeline")
    try:
        told = pipelines.get_pipeline(name=name)
    except ClientError as error:
        raise PipelineError(f"The pipeline {name} can't be read back: {error}") from None
    arn = told["metadata"]["pipelineArn"]
    tags = pipelines.list_tags_for_resource(resourceArn=arn).get("tags", [])
    declared: Any = told["pipeline"]
    stages = tuple(_stage(each) for each in declared["stages"])
    wanted = sorted({a.project for stage in stages for a in stage.actions if a.project})
    store = _store(declared, session.region_name)
    return Pipeline(
        name=name,
        arn=arn,
        version=declared["version"],
        mode=declared.get("executionMode", "SUPERSEDED"),
        role_arn=declared["roleArn"],
        bucket=store["location"],
        encryption_key=(store.get("encryptionKey") or {}).get("id"),
        stages=stages,
        projects={each.name: each for each in _projects(session, wanted)},
        tags={each["key"]: each["value"] for each in tags},
    )


def _store(declared: Mapping[str, Any], region: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = declared.get("artifactStore") or declared["artifactStores"][region]
    return found


def _stage(declared: Mapping[str, Any]) -> Stage:
    failure = declared.get("onFailure") or {}
    return Stage(
        name=declared["name"],
        actions=tuple(_action(each) for each in declared["actions"]),
        before_entry=_conditions(declared.get("beforeEntry")),
        on_success=_conditions(declared.get("onSuccess")),
        on_failure=_conditions(failure),
        failure_result=failure.get("result"),
        failure_retry_mode=(failure.get("retryConfiguration") or {}).get("retryMode"),
    )


def _action(declared: Mapping[str, Any]) -> Action:
    kind = declared["actionTypeId"]
    minutes = declared.get("timeoutInMinutes")
    if minutes is None and kind["category"] == APPROVAL:
        minutes = _APPROVAL_MINUTES
    return Action(
        name=declared["name"],
        category=kind["category"],
        provider=kind["provider"],
        run_order=int(declared.get("runOrder", 1)),
        configuration=declared.get("configuration") or {},
        inputs=tuple(each["name"] for each in declared.get("inputArtifacts") or ()),
        outputs=tuple(each["name"] for each in declared.get("outputArtifacts") or ()),
        namespace=declared.get("namespace"),
        timeout_minutes=None if minutes is None else int(minutes),
        declaration=declared,
    )


def _conditions(declared: Mapping[str, Any] | None) -> tuple[Condition, ...]:
    return tuple(
        Condition(each.get("result", "FAIL"), tuple(_rule(rule) for rule in each["rules"]))
        for each in (declared or {}).get("conditions") or ()
    )


def _rule(declared: Mapping[str, Any]) -> Rule:
    return Rule(
        name=declared["name"],
        provider=declared["ruleTypeId"]["provider"],
        configuration=declared.get("configuration") or {},
        role_arn=declared.get("roleArn"),
        timeout_minutes=declared.get("timeoutInMinutes"),
        declaration=declared,
    )


def _projects(session: boto3.Session, names: list[str]) -> Iterator[Project]:
    builds = session.client("codebuild")
    for start in range(0, len(names), _PROJECTS_A_CALL):
        batch = names[start : start + _PROJECTS_A_CALL]
        told: Any = builds.batch_get_projects(names=batch)
        if missing := told.get("projectsNotFound") or (set(batch) - _names(told)):
            raise PipelineError(f"The pipeline runs projects that don't exist: {sorted(missing)}")
        for each in told["projects"]:
            yield _project(each)


def _names(told: Mapping[str, Any]) -> set[str]:
    return {each["name"] for each in told["projects"]}


def _project(told: Mapping[str, Any]) -> Project:
    logs = (told.get("logsConfig") or {}).get("cloudWatchLogs") or {}
    return Project(
        name=told["name"],
        arn=told["arn"],
        role_arn=told["serviceRole"],
        buildspec=told["source"].get("buildspec") or "buildspec.yml",
        variables=tuple(told["environment"].get("environmentVariables") or ()),
        timeout_minutes=int(told.get("timeoutInMinutes") or 60),
        encryption_key=told.get("encryptionKey"),
        log_group=logs.get("groupName") if logs.get("status") == "ENABLED" else None,
    )
