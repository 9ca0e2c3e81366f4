"""Reads every deployed stage of an account through the AWS API and compiles it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.edge.access_log import AccessLog
from harness.edge.definition import Definition, Surroundings
from harness.edge.domains import read_domains
from harness.edge.gateway_responses import GatewayResponses
from harness.edge.request_metrics import RequestMetrics
from harness.edge.table import ApiKey, CompileError, RouteTable, Stage
from harness.edge.throttling import Limit, Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import boto3
    from mypy_boto3_apigateway import APIGatewayClient

    from harness.edge.integrations import Invoker
    from harness.edge.throttling import Throttles, TokenBucket
    from harness.edge.vpc_links import VpcLinks
    from harness.edge.waf.reader import WebAcls
    from harness.runtime.logs import LogShipper
    from harness.runtime.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What compiled stages use while they serve."""

    account_id: str
    region: str
    invoker: Invoker
    function_policy: Callable[[str, str | None], str | None]
    throttles: Throttles
    logs: LogShipper
    metrics: Metrics
    vpc_links: VpcLinks
    web_acls: WebAcls


def compile_routes(session: boto3.Session, dependencies: Dependencies) -> RouteTable:
    """Compile all REST APIs and custom domains of the session's account and region.

    Raises:
        CompileError: something deployed isn't supported; says which stage and what.
        PolicyError: a resource policy isn't understood.
    """
    client = session.client("apigateway")
    dependencies.vpc_links.refresh()
    dependencies.web_acls.refresh()
    plans = _read_plans(client)
    account_limit = _limit(client.get_account().get("throttleSettings"))
    account_bucket = dependencies.throttles.bucket("account", account_limit)
    stages = {}
    policies = {}
    for api in _pages(client, "get_rest_apis"):
        policies[api["id"]] = api.get("securityPolicy")
        for stage in client.get_stages(restApiId=api["id"])["item"]:
            try:
                compiled = _Compiler(
                    client, api, stage, plans, account_bucket, dependencies
                ).compile()
            except CompileError as error:
                raise CompileError(
                    f"API {api['id']}, stage {stage['stageName']}: {error}"
                ) from error
            stages[api["id"], stage["stageName"]] = compiled
    return RouteTable(stages, read_domains(session, policies))


class _Compiler:
    """One stage."""

    def __init__(
        self,
        client: APIGatewayClient,
        api: Mapping[str, Any],
        stage: Mapping[str, Any],
        plans: list[dict[str, Any]],
        account_bucket: TokenBucket | None,
        dependencies: Dependencies,
    ) -> None:
        self._client = client
        self._api_id: str = api["id"]
        self._api_name: str = api["name"]
        self._stage = stage
        self._name: str = stage["stageName"]
        self._plans = plans
        self._account_bucket = account_bucket
        self._using = dependencies
        self._settings = {
            _setting_key(key): settings for key, settings in stage.get("methodSettings", {}).items()
        }

    def compile(self) -> Stage:
        using = self._using
        definition = Definition(self._export(), self._surroundings())
        policy = definition.resource_policy
        return Stage(
            api_id=self._api_id,
            name=self._name,
            account_id=using.account_id,
            region=using.region,
            deployment_id=self._stage["deploymentId"],
            router=definition.router(),
            responses=GatewayResponses(definition.gateway_responses),
            keys=self._keys(),
            resource_policy=policy.statements if policy else None,
            account_bucket=self._account_bucket,
            variables=self._stage.get("variables") or {},
            access_log=self._access_log(),
            metrics=RequestMetrics(using.metrics, self._api_name, self._name),
            traced=bool(self._stage.get("tracingEnabled")),
            web_acl=using.web_acls.of_stage(self._api_id, self._name),
            default_endpoint=not definition.endpoint_disabled,
        )

    def _export(self) -> Any:
        exported = self._client.get_export(
            restApiId=self._api_id,
            stageName=self._name,
            exportType="oas30",
            parameters={"extensions": "apigateway"},
            accepts="application/json",
        )
        return json.loads(exported["body"].read())

    def _surroundings(self) -> Surroundings:
        using = self._using
        return Surroundings(
            stage_arn=(
                f"arn:aws:execute-api:{using.region}:{using.account_id}:{self._api_id}/{self._name}"
            ),
            account_id=using.account_id,
            region=using.region,
            variables=self._stage.get("variables") or {},
            resource_ids={
                resource["path"]: resource["id"]
                for resource in _pages(self._client, "get_resources", restApiId=self._api_id)
            },
            invoker=using.invoker,
            function_policy=using.function_policy,
            method_bucket=self._method_bucket,
            vpc_links=using.vpc_links,
        )

    def _method_bucket(self, path: str, verb: str) -> TokenBucket | None:
        """The bucket of a method: its own settings, else the stage's for every method."""
        settings = self._settings.get((path, verb)) or self._settings.get(("*", "*"), {})
        limit = Limit(settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit"))
        return self._using.throttles.bucket(("method", self._api_id, self._name, path, verb), limit)

    def _access_log(self) -> AccessLog | None:
        settings = self._stage.get("accessLogSettings") or {}
        if not settings.get("destinationArn"):
            return None
        return AccessLog(settings["destinationArn"], settings.get("format", ""), self._using.logs)

    def _keys(self) -> dict[str, ApiKey]:
        keys: dict[str, ApiKey] = {}
        for plan in self._plans:
            for stage in plan["apiStages"]:
                if stage["apiId"] == self._api_id and stage["stage"] == self._name:
                    for key in plan["keys"]:
                        keys[key["value"]] = self._key(plan, stage, key)
        return keys

    def _key(
        self, plan: Mapping[str, Any], stage: Mapping[str, Any], key: Mapping[str, Any]
    ) -> ApiKey:
        throttles = self._using.throttles
        client = (plan["id"], key["id"])
        quota = plan.get("quota")
        buckets = {
            name: throttles.bucket((*client, self._api_id, self._name, name), _limit(limits))
            for name, limits in (stage.get("throttle") or {}).items()
        }
        return ApiKey(
            key_id=key["id"],
            plan_id=plan["id"],
            plan_bucket=throttles.bucket(client, _limit(plan.get("throttle"))),
            method_buckets={name: bucket for name, bucket in buckets.items() if bucket},
            quota=throttles.counter(
                client,
                Quota(quota["limit"], quota["period"], quota.get("offset", 0)) if quota else None,
            ),
        )


def _read_plans(client: APIGatewayClient) -> list[dict[str, Any]]:
    """The usage plans with their enabled keys, values included."""
    enabled = {
        key["id"]: key
        for key in _pages(client, "get_api_keys", includeValues=True)
        if key.get("enabled", True)
    }
    plans = []
    for plan in _pages(client, "get_usage_plans"):
        members = _pages(client, "get_usage_plan_keys", usagePlanId=plan["id"])
        keys = [enabled[member["id"]] for member in members if member["id"] in enabled]
        plans.append({"apiStages": [], **plan, "keys": keys})
    return plans


def _limit(throttle: Mapping[str, Any] | None) -> Limit | None:
    if not throttle:
        return None
    return Limit(throttle.get("rateLimit"), throttle.get("burstLimit"))


def _setting_key(key: str) -> tuple[str, str]:
    """Split ``~1pets~1{id}/GET``, also written ``pets/{id}/GET``, into path and verb."""
    path, _, verb = key.rpartition("/")
    path = path.replace("~1", "/")
    return (path if path == "*" else "/" + path.strip("/")), verb


def _pages(client: APIGatewayClient, operation: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):  # type: ignore[call-overload]  # any
        yield from page["items"]
