"""One ECS service: keeps the wanted number of tasks, and rolls to a new task definition."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from harness.runtime.metrics import Source
from harness.runtime.network.target_group import UNHEALTHY, Target
from harness.runtime.tasks.task import EXITED, RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.runtime.metrics import Values
    from harness.runtime.tasks.deployed import DeployedService, TaskDefinition
    from harness.runtime.tasks.task import Task

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"
DEPLOYMENT_COMPLETED, DEPLOYMENT_FAILED = (
    "SERVICE_DEPLOYMENT_COMPLETED",
    "SERVICE_DEPLOYMENT_FAILED",
)
LEAST_FAILURES = 3  # until a deployment is called failed; half of the desired count if that's more
_FIRST_DELAY, _LONGEST_DELAY = 0.25, 15.0  # seconds before another start, doubling
_PROVEN_AFTER = 5.0  # seconds that a task without load balancer has to live
_REMEMBERED_TASKS = 20


class Host(Protocol):
    """What a service needs of those around it."""

    async def launch(
        self,
        service: DeployedService,
        definition: TaskDefinition,
        cidr: str,
        ended: Callable[[Task], None],
    ) -> Task:
        """Start a task in a subnet."""

    async def register(self, group_arn: str, target: Target) -> None:
        """Put a task's target into a target group."""

    async def deregister(self, task: Task) -> None:
        """Take a task out of its groups, and wait until its connections have ended."""

    async def forget(self, task: Task) -> None:
        """Take an ended task out of its groups, and back what it was given."""

    async def announce(self, service: DeployedService, event: str, reason: str) -> None:
        """Tell EventBridge how a deployment goes on."""


class Service:
    """Works until closed, in a task of its own."""

    def __init__(self, deployed: DeployedService, host: Host) -> None:
        self.deployed = deployed
        self.rollout = IN_PROGRESS
        self.failures = 0  # starts in a row that came to nothing
        self.last_failure = ""
        self._host = host
        self._tasks: list[Task] = []
        self._stopped: deque[Task] = deque(maxlen=_REMEMBERED_TASKS)
        self._definition = deployed.definition
        self._serving: TaskDefinition | None = None  # what last had all its tasks healthy
        self._cidrs = itertools.cycle(deployed.cidrs)
        self._start_at = 0.0
        self._changed = asyncio.Event()
        self._endings: set[asyncio.Task[None]] = set()
        self._worker = asyncio.create_task(self._work())

    @property
    def steady(self) -> bool:
        """Whether the wanted tasks of the deployed revision, and no others, run healthily."""
        return (
            self.rollout == COMPLETED
            and len(self._tasks) == self.deployed.desired_count
            and all(task.healthy for task in self._tasks)
        )

    @property
    def failing(self) -> bool:
        """Whether its tasks didn't start often enough to be called failed."""
        most = max(LEAST_FAILURES, self.deployed.desired_count // 2)
        return self.rollout == FAILED or self.failures >= most

    @property
    def tasks(self) -> list[Task]:
        """Those that haven't ended."""
        return list(self._tasks)

    def update(self, deployed: DeployedService) -> None:
        """Follow what is deployed now."""
        if deployed == self.deployed:
            return
        if deployed.definition != self.deployed.definition:
            self.failures, self._start_at = 0, 0.0
            self._definition = deployed.definition
        self.deployed = deployed
        self.rollout = IN_PROGRESS
        self._cidrs = itertools.cycle(deployed.cidrs)
        self._changed.set()

    def describe(self) -> dict[str, Any]:
        """The service as its callers see it; ``stopped`` has the latest tasks last."""
        return {
            "name": self.deployed.name,
            "cluster": self.deployed.cluster,
            "task_definition": self.deployed.definition.revision,
            "desired": self.deployed.desired_count,
            "running": sum(task.state == RUNNING for task in self._tasks),
            "healthy": sum(task.healthy for task in self._tasks),
            "rollout": self.rollout,
            "steady": self.steady,
            "failures": self.failures,
            "last_failure": self.last_failure,
            "stopped": [task.describe() for task in self._stopped],
        }

    def measure(self) -> Iterator[tuple[Source, Values]]:
        """What ECS and Container Insights measure of a service, as of now."""
        deployed, tasks = self.deployed, self.tasks
        by_cluster = {"ClusterName": deployed.cluster}
        by_service = {**by_cluster, "ServiceName": deployed.name}
        used = Source("AWS/ECS", (by_cluster, by_service))
        for task in tasks:
            yield used, task.usage()
        if deployed.insights:
            yield (
                Source("ECS/ContainerInsights", (by_service,)),
                {
                    "DesiredTaskCount": deployed.desired_count,
                    "PendingTaskCount": max(0, self._missing()),
                    "RunningTaskCount": sum(task.state == RUNNING for task in tasks),
                },
            )

    async def close(self, most: float) -> None:
        """Stop all tasks, each within ``most`` seconds."""
        self._worker.cancel()
        stops = [task.stop("The service was shut down", most=most) for task in self._tasks]
        await asyncio.gather(*stops)
        await asyncio.gather(self._worker, *self._endings, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            self._changed.clear()
            self._stop_unhealthy()
            while self._missing() > 0 and time.monotonic() >= self._start_at:
                await self._start_one()
            self._finish_rollout()
            wait = max(0.0, self._start_at - time.monotonic()) if self._missing() > 0 else None
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _current(self) -> list[Task]:
        """Running tasks of the revision that is wanted."""
        return [
            task
            for task in self._tasks
            if task.definition == self._definition and task.state == RUNNING
        ]

    def _missing(self) -> int:
        return self.deployed.desired_count - len(self._current())

    async def _start_one(self) -> None:
        deployed, definition = self.deployed, self._definition
        try:
            task = await self._host.launch(deployed, definition, next(self._cidrs), self._on_end)
            self._tasks.append(task)
            for group_arn, port in deployed.groups:
                address = task.placement.address
                target = Target(address, port, task.endpoint, lambda: self._on_health(task))
                task.targets[group_arn] = target
                await self._host.register(group_arn, target)
        except Exception as error:  # nothing may end this loop; the next start may succeed
            self._count_failure(f"a task can't be started: {error}")
            return
        if task.exited.is_set():
            self._on_end(task)

    def _finish_rollout(self) -> None:
        """Once all wanted tasks are healthy, end the others."""
        wanted = self.deployed.desired_count
        current = self._current()
        if len(current) < wanted or not all(task.healthy for task in current):
            return
        for task in self._tasks:
            if task not in current:
                self._stop(task, "Replaced by a task of the deployed revision")
        for task in current[wanted:]:
            self._stop(task, "The service's desired count is lower")
        self._serving = self._definition
        if self._definition == self.deployed.definition and self.rollout != COMPLETED:
            self.rollout = COMPLETED
            self._announce(DEPLOYMENT_COMPLETED, "deployment completed.")

    def _stop_unhealthy(self) -> None:
        for task in self._tasks:
            failed = [each for each in task.targets.values() if each.state == UNHEALTHY]
            if failed and task.state == RUNNING and task.age >= self.deployed.grace:
                reason = f"Task failed ELB health checks: {failed[0].reason}"
                if not task.proven:
                    self._count_failure(reason)
                self._stop(task, reason)

    def _stop(self, task: Task, reason: str) -> None:
        if task.state == RUNNING:
            task.retire(reason)
            self._begin(self._wind_down(task, reason))

    async def _wind_down(self, task: Task, reason: str) -> None:
        await self._host.deregister(task)
        await task.stop(reason)

    def _on_health(self, task: Task) -> None:
        if task.healthy:
            task.proven = True
            self.failures = 0
        self._changed.set()

    def _on_end(self, task: Task) -> None:
        if task not in self._tasks:
            return
        self._tasks.remove(task)
        self._stopped.append(task)
        self._begin(self._host.forget(task))
        lived = task.proven or (not task.targets and task.age >= _PROVEN_AFTER)
        if task.stop_code == EXITED and not lived:
            self._count_failure(task.reason)
        self._changed.set()

    def _count_failure(self, reason: str) -> None:
        self.failures += 1
        self.last_failure = f"{self._definition.revision}: {reason}"
        print(f"ECS service {self.deployed.name}, {self.last_failure}", file=sys.stderr, flush=True)
        delay = min(_FIRST_DELAY * 2 ** (self.failures - 1), _LONGEST_DELAY)
        self._start_at = time.monotonic() + delay
        if self.failing and self.deployed.breaker and self._serving not in (None, self._definition):
            # The circuit breaker: the tasks that serve stay, and lost ones start as they were.
            self._definition = self._serving or self._definition
            self.rollout = FAILED
            self.failures, self._start_at = 0, 0.0
            self._announce(DEPLOYMENT_FAILED, "tasks failed to start.")

    def _announce(self, event: str, reason: str) -> None:
        self._begin(self._host.announce(self.deployed, event, f"ECS deployment: {reason}"))

    def _begin(self, ending: Any) -> None:
        running = asyncio.create_task(ending)
        self._endings.add(running)
        running.add_done_callback(self._endings.discard)
