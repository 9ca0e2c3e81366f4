"""All ECS services of an account on this machine, kept in step with the deployment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from harness.runtime.tasks.credentials import RoleCredentials, secret_values
from harness.runtime.tasks.deployed import ServiceReader
from harness.runtime.tasks.service import DEPLOYMENT_FAILED, Service
from harness.runtime.tasks.task import Placement, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import boto3

    from harness.runtime.local_api import LocalApi
    from harness.runtime.logs import LogShipper
    from harness.runtime.metrics import Source, Values
    from harness.runtime.network.load_balancers import LoadBalancers
    from harness.runtime.network.target_group import Target
    from harness.runtime.tasks.deployed import DeployedService, TaskDefinition

CLOSE_TIMEOUT = 8.0  # seconds that tasks get at most when everything ends
_SETTLE_INTERVAL = 0.05


class ServicesError(Exception):
    """Services aren't steady; says which and why."""


class Services:
    """Runs the tasks of every ACTIVE service.

    Args:
        endpoint_url: the embedded AWS, for the tasks.
        directory: of the run; each task works in a folder of its own below it.
    """

    def __init__(
        self,
        session: boto3.Session,
        *,
        endpoint_url: str,
        directory: Path,
        logs: LogShipper,
        balancers: LoadBalancers,
        local_api: LocalApi,
    ) -> None:
        self._session = session
        self._endpoint_url = endpoint_url
        self._directory = directory / "tasks"
        self._directory.mkdir()
        self._logs = logs
        self._balancers = balancers
        self._local_api = local_api
        self._reader = ServiceReader(session)
        self._balancing = session.client("elbv2")
        self._events = session.client("events")
        self._services: dict[str, Service] = {}

    async def refresh(self) -> None:
        """Read what is deployed; tasks start and stop to follow it.

        Raises:
            DeploymentError: a task definition can't run here.
        """
        deployed = {each.arn: each for each in await asyncio.to_thread(self._reader.read)}
        gone = [self._services.pop(arn) for arn in self._services.keys() - deployed.keys()]
        await asyncio.gather(*(service.close(CLOSE_TIMEOUT) for service in gone))
        for arn, each in deployed.items():
            if arn in self._services:
                self._services[arn].update(each)
            else:
                self._services[arn] = Service(each, self)

    async def settle(self, seconds: float) -> None:
        """Wait until all services are steady.

        Raises:
            ServicesError: one fails, or time is up.
        """
        until = time.monotonic() + seconds
        while not all(service.steady for service in self._services.values()):
            failing = [each for each in self._services.values() if each.failing]
            late = time.monotonic() >= until
            if failing or late:
                waited = [each for each in self._services.values() if not each.steady]
                raise ServicesError("; ".join(_explain(each) for each in failing or waited))
            await asyncio.sleep(_SETTLE_INTERVAL)

    def services(self) -> list[dict[str, Any]]:
        """What each service does."""
        return [service.describe() for service in self._services.values()]

    def tasks(self, service: str | None = None) -> list[dict[str, Any]]:
        """The tasks that haven't ended, of one service or of all."""
        return [
            task.describe()
            for each in self._services.values()
            if service in (None, each.deployed.name)
            for task in each.tasks
        ]

    def measure(self) -> Iterator[tuple[Source, Values]]:
        """What is measured of each service and its tasks, as of now."""
        for service in list(self._services.values()):
            yield from service.measure()

    def kill_task(self, task_id: str) -> None:
        """End a task as a crash would, by SIGKILL.

        Raises:
            ServicesError: there is no such task.
        """
        for service in self._services.values():
            for task in service.tasks:
                if task.id == task_id:
                    task.kill()
                    return
        raise ServicesError(f"No task {task_id} runs.")

    async def close(self) -> None:
        """Stop all tasks."""
        services = self._services.values()
        await asyncio.gather(*(service.close(CLOSE_TIMEOUT) for service in services))

    async def launch(
        self,
        service: DeployedService,
        definition: TaskDefinition,
        cidr: str,
        ended: Callable[[Task], None],
    ) -> Task:
        """Start a task."""
        values = await asyncio.to_thread(secret_values, self._session, definition)
        placement = Placement(
            service=service.name,
            cluster=service.cluster,
            address=self._balancers.addresses.take(cidr),
            directory=self._directory,
        )
        task = Task(definition, placement, self._logs, ended)
        await task.start({**values, **self._surroundings(), **self._credentials(task)})
        return task

    async def register(self, group_arn: str, target: Target) -> None:
        """Put a target into its group, here and in the embedded AWS."""
        group = self._balancers.group(group_arn)
        if group is None:
            raise ServicesError(f"no listener forwards to the target group {group_arn}")
        group.register(target)
        await self._tell("register_targets", group_arn, target)

    async def deregister(self, task: Task) -> None:
        """Drain a task's targets."""
        for group_arn, target in task.targets.items():
            await self._tell("deregister_targets", group_arn, target)
            if group := self._balancers.group(group_arn):
                await group.deregister(target)

    async def forget(self, task: Task) -> None:
        """Clean up after a task that has ended."""
        self._local_api.withdraw(_credentials_path(task))
        for group_arn, target in task.targets.items():
            if group := self._balancers.group(group_arn):
                group.drop(target)
            await self._tell("deregister_targets", group_arn, target)
        self._balancers.addresses.give_back(task.placement.address)

    async def announce(self, service: DeployedService, event: str, reason: str) -> None:
        """Put the event that ECS puts on the default bus when a deployment goes on."""
        detail = {
            "eventType": "ERROR" if event == DEPLOYMENT_FAILED else "INFO",
            "eventName": event,
            "reason": reason,
        }
        entry: Any = {
            "Source": "aws.ecs",
            "DetailType": "ECS Deployment State Change",
            "Resources": [service.arn],
            "Detail": json.dumps(detail),
        }
        with contextlib.suppress(ClientError, BotoCoreError):
            await asyncio.to_thread(self._events.put_events, Entries=[entry])

    def _surroundings(self) -> dict[str, str]:
        """What Fargate sets, with the embedded AWS in place of AWS."""
        return {
            "AWS_REGION": self._session.region_name,
            "AWS_DEFAULT_REGION": self._session.region_name,
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._balancers.environment(),
        }

    def _credentials(self, task: Task) -> dict[str, str]:
        """Offer the task its role's credentials; returns the variables that say where."""
        role_arn = task.definition.task_role_arn
        if role_arn is None:
            return {}
        role = RoleCredentials(self._session, role_arn, task.id)

        async def document(_: bytes) -> Mapping[str, object]:
            return await asyncio.to_thread(role.document)

        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self._local_api.offer(
                _credentials_path(task), role.token, document
            ),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": role.token,
        }

    async def _tell(self, operation: str, group_arn: str, target: Target) -> None:
        """Keep the deployed target group up to date; it may be gone already."""
        call = getattr(self._balancing, operation)
        targets = [{"Id": target.address, "Port": target.port}]
        with contextlib.suppress(ClientError, BotoCoreError):
            await asyncio.to_thread(call, TargetGroupArn=group_arn, Targets=targets)


def _credentials_path(task: Task) -> str:
    return f"/credentials/{task.id}"


def _explain(service: Service) -> str:
    described = service.describe()
    counts = f"{described['healthy']} of {described['desired']} tasks healthy"
    problem = service.last_failure or "they don't pass their health checks yet"
    return f"ECS service {described['name']}: {counts}; {problem}"
