"""What logs: APIs, functions, services, networks, firewalls, builds, and every log group."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from terraform_plan.references import Path, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from terraform_plan.references import Instance, Resources

LOG_GROUP = "aws_cloudwatch_log_group"
_API = "aws_api_gateway_rest_api"
_EXECUTION_LOGS = "API-Gateway-Execution-Logs_"


@dataclass(frozen=True)
class Source:
    """One kind of log lines of one resource, and the log group that they go to."""

    address: str
    kind: str
    logs: str
    """Which of its logs: `access`, `execution`, `output`, `traffic` or `events`."""
    group: str = ""
    """Address of the log group."""
    problem: str = ""
    """Why there is no group, when there is none."""
    undecided: bool = False
    """Whether there may be one, of which the plan doesn't tell."""


class Sources:
    """The sources of one plan or state."""

    def __init__(self, resources: Resources) -> None:
        """Read them from the managed resources."""
        self._resources = resources
        self._groups = {
            item.values["name"]: item.address
            for item in resources.of(LOG_GROUP)
            if item.values.get("name")
        }

    def all(self) -> Iterator[Source]:
        """Yield every source, those that log nowhere included."""
        for resource_type, read in _READERS.items():
            for item in self._resources.of(resource_type):
                yield from read(self, item)
        for item in self._resources.of(LOG_GROUP):
            yield Source(item.address, "log group", "events", item.address)

    def _stage(self, item: Instance) -> Iterator[Source]:
        path: Path = ("access_log_settings", 0, "destination_arn")
        yield self._referring(item, "API", "access", path, "set access_log_settings")
        if item.type == "aws_api_gateway_stage":
            yield self._execution(item)

    def _execution(self, stage: Instance) -> Source:
        """API Gateway names this group itself, and writes to it when a method setting says so."""
        apis = self._names(stage, ("rest_api_id",), _API)
        levels = {
            item.values["settings"][0].get("logging_level")
            for item in self._resources.of("aws_api_gateway_method_settings")
            if item.values["method_path"] == "*/*"
            and self._names(item, ("rest_api_id",), _API) == apis
        }
        if not levels & {"ERROR", "INFO"}:
            problem = "no method setting of */* has a logging_level of ERROR or INFO"
            return Source(stage.address, "API", "execution", problem=problem)
        wanted = f"{_EXECUTION_LOGS}{stage.values.get('rest_api_id')}/{stage.values['stage_name']}"
        for group in self._resources.of(LOG_GROUP):
            name = group.values.get("name")
            if name == wanted or (not name and self._names(group, ("name",), _API) == apis):
                return Source(stage.address, "API", "execution", group.address)
        problem = f"no log group {_EXECUTION_LOGS}<id>/<stage> is made before the stage makes one"
        return Source(stage.address, "API", "execution", problem=problem)

    def _function(self, item: Instance) -> Iterator[Source]:
        logging = (item.values.get("logging_config") or [{}])[0]
        name = logging.get("log_group") or f"/aws/lambda/{item.values['function_name']}"
        yield self._named(item, "function", "output", name)

    def _task(self, item: Instance) -> Iterator[Source]:
        text = item.values.get("container_definitions")
        if not text:
            yield self._referring(
                item, "service", "output", ("container_definitions",), "give each container a log"
            )
            return
        for container in json.loads(text):
            options = (container.get("logConfiguration") or {}).get("options") or {}
            yield self._named(item, "service", "output", options.get("awslogs-group", ""))

    def _cluster(self, item: Instance) -> Iterator[Source]:
        settings = {each["name"]: each["value"] for each in item.values.get("setting") or ()}
        if settings.get("containerInsights", "disabled") != "disabled":
            name = f"/aws/ecs/containerinsights/{item.values['name']}/performance"
            yield self._named(item, "service", "metrics", name)

    def _vpc(self, item: Instance) -> Iterator[Source]:
        for flow in self._resources.of("aws_flow_log"):
            if item.address not in self._names(flow, ("vpc_id",), "aws_vpc"):
                continue
            if flow.values["traffic_type"] != "ALL":
                problem = f"{flow.address} leaves out all but {flow.values['traffic_type']}"
                yield Source(item.address, "VPC", "traffic", problem=problem)
            else:
                found = self._referring(
                    flow, "VPC", "traffic", ("log_destination",), "set log_destination"
                )
                yield replace(found, address=item.address)
            return
        yield Source(item.address, "VPC", "traffic", problem="it has no aws_flow_log")

    def _firewall(self, item: Instance) -> Iterator[Source]:
        for logging in self._resources.of("aws_wafv2_web_acl_logging_configuration"):
            # Applied, the ARN is known, and the configuration's own id too.
            known = logging.values.get("resource_arn")
            named = (known,) if known else self._names(logging, ("resource_arn",), item.type)
            if item.address in named or item.values.get("arn") in named:
                path: Path = ("log_destination_configs",)
                found = self._referring(
                    logging, "web ACL", "traffic", path, "name a CloudWatch log group"
                )
                yield replace(found, address=item.address)
                return
        problem = "it has no aws_wafv2_web_acl_logging_configuration"
        yield Source(item.address, "web ACL", "traffic", problem=problem)

    def _build(self, item: Instance) -> Iterator[Source]:
        logs = (item.values.get("logs_config") or [{}])[0]
        cloudwatch = (logs.get("cloudwatch_logs") or [{}])[0]
        name = cloudwatch.get("group_name") or f"/aws/codebuild/{item.values['name']}"
        if cloudwatch.get("status") == "DISABLED":
            yield Source(item.address, "build", "output", problem="CloudWatch logs are DISABLED")
        else:
            yield self._named(item, "build", "output", name)

    def _named(self, item: Instance, kind: str, logs: str, name: str) -> Source:
        if group := self._groups.get(name):
            return Source(item.address, kind, logs, group)
        if not name:
            return Source(item.address, kind, logs, problem="it names no log group")
        unnamed = any(group.unknown.get("name") for group in self._resources.of(LOG_GROUP))
        problem = f"no log group {name} stands in the plan"
        return Source(item.address, kind, logs, problem=problem, undecided=unnamed)

    def _referring(self, item: Instance, kind: str, logs: str, path: Path, advice: str) -> Source:
        try:
            named = self._resources.named(item, path, LOG_GROUP)
        except UnresolvedError as error:
            return Source(item.address, kind, logs, problem=str(error), undecided=True)
        groups = [name for name in map(self._group, named) if name]
        if len(groups) == 1:
            return Source(item.address, kind, logs, groups[0])
        told = f"it names {', '.join(named)}" if named else "it names no log group"
        return Source(item.address, kind, logs, problem=f"{told}: {advice}")

    def _group(self, named: str) -> str:
        """Give the address of a group by its address, or by an ARN as services want it."""
        if named in self._groups.values():
            return named
        if named in self._resources.all and self._resources.all[named].type == LOG_GROUP:
            return named
        name = named.removesuffix(":*").rpartition(":log-group:")[2]
        return self._groups.get(name, "")

    def _names(self, item: Instance, path: Path, *types: str) -> tuple[str, ...]:
        try:
            return self._resources.named(item, path, *types)
        except UnresolvedError:
            return ()


_READERS: Mapping[str, Callable[[Sources, Instance], Iterator[Source]]] = {
    "aws_api_gateway_stage": Sources._stage,
    "aws_apigatewayv2_stage": Sources._stage,
    "aws_lambda_function": Sources._function,
    "aws_ecs_task_definition": Sources._task,
    "aws_ecs_cluster": Sources._cluster,
    "aws_vpc": Sources._vpc,
    "aws_wafv2_web_acl": Sources._firewall,
    "aws_codebuild_project": Sources._build,
}
