"""Deployed ECS services and task definitions, read through the AWS API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.runtime.functions import DeploymentError
from harness.runtime.network.addresses import NO_SUBNET
from harness.runtime.network.deployed import subnet_cidrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import boto3

_INTERPRETERS = ("python", "python3", "/usr/local/bin/python", "/usr/bin/python3")
_STOP_TIMEOUT = 30.0  # seconds, Fargate's default
_CPU_UNITS, _MEMORY_MB = 256, 512  # Fargate's smallest task


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """The one container of a task that runs here. Times in seconds.

    Attributes:
        cpu_units: 1024 are one processor.
        secrets: variables with the ARN or name that their value is read from.
        arguments: what follows ``python -m MODULE``.
    """

    arn: str
    container: str
    image: str
    module: str
    arguments: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    secrets: tuple[tuple[str, str], ...]
    ports: tuple[int, ...]
    stop_timeout: float
    cpu_units: int
    memory_mb: int
    log_group: str | None
    log_prefix: str
    task_role_arn: str | None
    execution_role_arn: str | None

    @property
    def revision(self) -> str:
        """Family and revision, such as ``fraud:3``."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class DeployedService:
    """An ACTIVE service.

    Attributes:
        groups: target groups with the container's port.
        cidrs: of its subnets.
        grace: seconds for which failed health checks of a new task don't count.
        insights: whether its cluster sends the metrics of Container Insights.
        breaker: whether a deployment whose tasks fail is given up and rolled back.
    """

    arn: str
    name: str
    cluster: str
    desired_count: int
    definition: TaskDefinition
    groups: tuple[tuple[str, int], ...]
    cidrs: tuple[str, ...]
    grace: float
    breaker: bool
    insights: bool


class ServiceReader:
    """Reads the services of one account and region. Blocking."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session
        self._ecs = session.client("ecs")

    def read(self) -> list[DeployedService]:
        """The ACTIVE services.

        Raises:
            DeploymentError: a task definition can't run here; says what to change.
        """
        return [
            self._service(described, insights=self._insights(cluster))
            for cluster in _pages(self._ecs, "list_clusters", "clusterArns")
            for arn in _pages(self._ecs, "list_services", "serviceArns", cluster=cluster)
            for described in self._ecs.describe_services(cluster=cluster, services=[arn])[
                "services"
            ]
            if described["status"] == "ACTIVE"
        ]

    def _insights(self, cluster: str) -> bool:
        found = self._ecs.describe_clusters(clusters=[cluster], include=["SETTINGS"])["clusters"]
        settings = {each["name"]: each["value"] for each in found[0].get("settings") or ()}
        return settings.get("containerInsights") in ("enabled", "enhanced")

    def _service(self, described: Mapping[str, Any], *, insights: bool) -> DeployedService:
        if described.get("deploymentController", {}).get("type", "ECS") != "ECS":
            raise DeploymentError(
                f"The service {described['serviceName']} has the deployment controller "
                f"{described['deploymentController']['type']}; only ECS runs locally."
            )
        network = described.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        subnets = network.get("subnets") or ()
        definition = self._ecs.describe_task_definition(taskDefinition=described["taskDefinition"])
        breaker = described.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
        return DeployedService(
            arn=described["serviceArn"],
            name=described["serviceName"],
            cluster=described["clusterArn"].rpartition("/")[2],
            desired_count=described["desiredCount"],
            definition=read_definition(definition["taskDefinition"]),
            groups=tuple(
                (each["targetGroupArn"], each["containerPort"])
                for each in described.get("loadBalancers") or ()
            ),
            cidrs=tuple(subnet_cidrs(self._session, subnets)) if subnets else (NO_SUBNET,),
            grace=float(described.get("healthCheckGracePeriodSeconds") or 0),
            breaker=bool(breaker.get("enable") and breaker.get("rollback")),
            insights=insights,
        )


def read_definition(described: Mapping[str, Any]) -> TaskDefinition:
    """Understand a task definition.

    Raises:
        DeploymentError: it can't run here.
    """
    where = described["taskDefinitionArn"].rpartition("/")[2]
    container = _essential_container(described["containerDefinitions"], where)
    where = f"The container {container['name']} of {where}"
    module, *arguments = _module(container, where)
    log_group, log_prefix = _log(container, where)
    return TaskDefinition(
        arn=described["taskDefinitionArn"],
        container=container["name"],
        image=container["image"],
        module=module,
        arguments=tuple(arguments),
        variables=_pairs(container.get("environment"), "value"),
        secrets=_pairs(container.get("secrets"), "valueFrom"),
        ports=tuple(each["containerPort"] for each in container.get("portMappings") or ()),
        cpu_units=int(described.get("cpu") or container.get("cpu") or _CPU_UNITS),
        memory_mb=int(described.get("memory") or container.get("memory") or _MEMORY_MB),
        stop_timeout=float(container.get("stopTimeout") or _STOP_TIMEOUT),
        log_group=log_group,
        log_prefix=log_prefix,
        task_role_arn=described.get("taskRoleArn"),
        execution_role_arn=described.get("executionRoleArn"),
    )


def _essential_container(containers: Sequence[Mapping[str, Any]], where: str) -> Mapping[str, Any]:
    essential = [each for each in containers if each.get("essential", True)]
    if len(essential) != 1:
        names = ", ".join(each["name"] for each in essential)
        raise DeploymentError(
            f"{where} has {len(essential)} essential containers ({names}); tasks with one run "
            "locally. Containers that aren't essential are left out."
        )
    return essential[0]


def _module(container: Mapping[str, Any], where: str) -> list[str]:
    """The module and arguments after ``python -m``."""
    command = [*(container.get("entryPoint") or ()), *(container.get("command") or ())]
    if len(command) < 3 or command[0] not in _INTERPRETERS or command[1] != "-m":
        raise DeploymentError(
            f"{where} has the command {command or 'of its image'}. Images aren't built on a "
            'laptop, so that only commands such as ["python", "-m", "package"] run, spelled out '
            "in the task definition."
        )
    return command[2:]


def _log(container: Mapping[str, Any], where: str) -> tuple[str | None, str]:
    configuration = container.get("logConfiguration")
    if not configuration:
        return None, ""
    if configuration["logDriver"] != "awslogs":
        raise DeploymentError(
            f"{where} logs by {configuration['logDriver']}; awslogs runs locally."
        )
    options = configuration.get("options") or {}
    return options["awslogs-group"], options.get("awslogs-stream-prefix", "ecs")


def _pairs(listed: Sequence[Mapping[str, str]] | None, value: str) -> tuple[tuple[str, str], ...]:
    return tuple((each["name"], each[value]) for each in listed or ())


def _pages(client: Any, operation: str, member: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[member]
