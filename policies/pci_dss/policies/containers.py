"""What containers may do, what is told them, and who may get into them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pci_dss.leaks import leaks, variables_leak
from pci_dss.policy import policy
from pci_dss.subject import UndecidedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

_TASK = "aws_ecs_task_definition"
_DEFINITIONS = "container_definitions"
_AS_POWERFUL = {"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO"}
"""Capabilities that break the wall between a container and its host."""
_ROOTS = {"root", "0", "containeradministrator"}
_KEPT_ON_THE_HOST = {"json-file", "journald", "local", "syslog"}

# Where each type starts tasks, and may let somebody run commands in them.
_STARTS_TASKS: Mapping[str, tuple[str | int, ...]] = {
    "aws_ecs_service": (),
    "aws_cloudwatch_event_target": ("ecs_target", 0),
    "aws_pipes_pipe": ("target_parameters", 0, "ecs_task_parameters", 0),
    "aws_scheduler_schedule": ("target", 0, "ecs_parameters", 0),
}


@policy(
    "PCI_1",
    "No container is privileged",
    requirements=("2.2.6",),
    types=(_TASK,),
    fix="Leave privileged out, and drop capabilities rather than add them.",
)
def not_privileged(subject: Subject) -> Iterator[str]:
    """Fail on containers that have the host's power."""
    for name, container in _containers(subject):
        privileged = container.get("privileged", False)
        subject.note(_DEFINITIONS, name, "privileged", value=privileged)
        if privileged not in (False, None, "false"):
            yield f"container {name} is privileged"
        capabilities = _within(container, "linuxparameters", "capabilities", "add") or ()
        for added in sorted(_AS_POWERFUL & {str(each).upper() for each in capabilities}):
            yield f"container {name} has the capability {added}"


@policy(
    "PCI_22",
    "Containers get secrets from a store, not from their definition",
    requirements=("8.6.2",),
    types=(_TASK,),
    fix="Keep the value in Secrets Manager or Parameter Store, and name it in secrets.",
)
def no_secret_in_environment(subject: Subject) -> Iterator[str]:
    """Fail on variables and commands that hold secrets or card numbers."""
    return together(_told(subject, name, each) for name, each in _containers(subject))


def _told(subject: Subject, name: str, container: Mapping[str, Any]) -> Iterator[str]:
    listed = container.get("environment") or ()
    variables = {str(each.get("name")): each.get("value") for each in listed}
    subject.note(_DEFINITIONS, name, "environment", value=sorted(variables))
    yield from (f"container {name}: {leak}" for leak in variables_leak(variables))
    words = [*(container.get("entrypoint") or ()), *(container.get("command") or ())]
    yield from (f"container {name}: its command {leak}" for leak in leaks("", " ".join(words)))
    if container.get("environmentfiles"):
        raise UndecidedError(f"{subject.address}: container {name} reads variables from files")


@policy(
    "PCI_23",
    "Containers don't run as root, and log",
    requirements=("2.2.6", "10.2.1"),
    types=(_TASK,),
    fix="Set user to a number other than 0, and logConfiguration to awslogs with its group, or to "
    "another driver that sends lines away.",
)
def not_root_and_logs(subject: Subject) -> Iterator[str]:
    """Fail on containers of root, and on those whose lines are lost."""
    return together(
        judgement(subject, name, container)
        for name, container in _containers(subject)
        for judgement in (_runs_as_root, _loses_lines)
    )


def _runs_as_root(subject: Subject, name: str, container: Mapping[str, Any]) -> Iterator[str]:
    user = str(container.get("user") or "")
    subject.note(_DEFINITIONS, name, "user", value=user or None)
    if not user:
        raise UndecidedError(f"{subject.address}: the image tells as whom container {name} runs")
    named = user.partition(":")[0].strip().lower()
    if named in _ROOTS or (named.isdigit() and not int(named)):
        yield f"container {name} runs as {user}"


def _loses_lines(subject: Subject, name: str, container: Mapping[str, Any]) -> Iterator[str]:
    driver = _within(container, "logconfiguration", "logdriver")
    subject.note(_DEFINITIONS, name, "logConfiguration", "logDriver", value=driver)
    if driver in (None, "", "none"):
        yield f"container {name} logs nowhere"
    elif driver == "awslogs":
        if not _within(container, "logconfiguration", "options", "awslogs-group"):
            yield f"container {name} logs to no group"
    elif driver in _KEPT_ON_THE_HOST:
        raise UndecidedError(f"{subject.address}: nothing tells who gets lines of {driver}")


def _may_start_tasks(subject: Subject) -> bool:
    place = _STARTS_TASKS[subject.type]
    return not place or next(subject.each(*place[:-1]), None) is not None


@policy(
    "PCI_24",
    "Nobody runs commands in running containers",
    requirements=("7.2.5",),
    types=tuple(_STARTS_TASKS),
    fix="Set enable_execute_command to false, and look into logs instead.",
    applies=_may_start_tasks,
)
def no_execute_command(subject: Subject) -> Iterator[str]:
    """Fail on services and schedules whose tasks take commands."""
    if subject.get(*_STARTS_TASKS[subject.type], "enable_execute_command", default=False):
        yield "commands can be run in its tasks"


def _containers(subject: Subject) -> list[tuple[str, Mapping[str, Any]]]:
    """Return containers by name, their keys in lower case: ECS doesn't tell case apart.

    Raises:
        UndecidedError: the definition isn't known, or is none.
    """
    definitions: Any = subject.get(_DEFINITIONS, hidden=True)
    try:
        found = json.loads(definitions) if isinstance(definitions, str) else definitions
    except ValueError as error:
        raise UndecidedError(f"{subject.address}: {_DEFINITIONS} isn't JSON") from error
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise UndecidedError(f"{subject.address}: {_DEFINITIONS} isn't a list of containers")
    return [
        (str(container.get("name") or number), container)
        for number, container in enumerate(map(_lowered, found), start=1)
    ]


def _lowered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key).lower(): _lowered(inner) for key, inner in value.items()}
    return [_lowered(inner) for inner in value] if isinstance(value, list) else value


def _within(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
