"""The route table: what was deployed, compiled once and never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.edge.access_log import AccessLog
    from harness.edge.domains import CustomDomain, Mapped
    from harness.edge.exchange import Exchange, Headers
    from harness.edge.gateway_responses import GatewayResponses
    from harness.edge.request_metrics import RequestMetrics
    from harness.edge.routing import Router
    from harness.edge.throttling import QuotaCounter, TokenBucket
    from harness.edge.validation import RequestValidator
    from harness.edge.waf.stage_acl import StageAcl
    from harness.iam import Statement


class CompileError(Exception):
    """Something deployed can't be served faithfully; says where and what to change."""


class Answer(NamedTuple):
    """A complete HTTP response; header names are in lower case."""

    status: int
    headers: Headers
    body: bytes


class Integration(Protocol):
    """What a method calls."""

    async def respond(self, exchange: Exchange) -> Answer:
        """Produce the response.

        Raises:
            Refusal: the integration failed; the gateway answers.
        """


@dataclass(frozen=True, slots=True)
class Method:
    """A deployed method of a resource."""

    verb: str
    resource_path: str
    resource_id: str
    operation_name: str | None
    signed: bool
    key_required: bool
    validator: RequestValidator | None
    integration: Integration
    bucket: TokenBucket | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An enabled API key in the usage plan of one stage, with what it may use."""

    key_id: str
    plan_id: str
    plan_bucket: TokenBucket | None
    method_buckets: Mapping[str, TokenBucket]
    quota: QuotaCounter | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of one REST API, with its deployment.

    ``traced`` is X-Ray tracing; ``default_endpoint`` whether the API's own host name serves it too.
    """

    api_id: str
    name: str
    account_id: str
    region: str
    deployment_id: str
    router: Router[Method]
    responses: GatewayResponses
    keys: Mapping[str, ApiKey]
    resource_policy: Sequence[Statement] | None
    account_bucket: TokenBucket | None
    variables: Mapping[str, str]
    access_log: AccessLog | None
    metrics: RequestMetrics
    traced: bool
    default_endpoint: bool
    web_acl: StageAcl | None = None
    arn: str = field(init=False)
    domain_name: str = field(init=False)

    def __post_init__(self) -> None:
        arn = f"arn:aws:execute-api:{self.region}:{self.account_id}:{self.api_id}/{self.name}"
        object.__setattr__(self, "arn", arn)
        domain = f"{self.api_id}.execute-api.{self.region}.amazonaws.com"
        object.__setattr__(self, "domain_name", domain)


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All stages of an account in a region, by (API id, stage name), and its custom domains."""

    stages: Mapping[tuple[str, str], Stage]
    domains: Mapping[str, CustomDomain] = field(default_factory=dict)

    def stage(self, api_id: str, name: str) -> Stage | None:
        """What the API's default endpoint serves under this name, if anything."""
        stage = self.stages.get((api_id, name))
        return stage if stage and stage.default_endpoint else None

    def mapped(self, domain_name: str, path: str) -> tuple[Stage, str, Mapped] | None:
        """Where a custom domain leads a path: stage, path below the mapping, and the mapping."""
        domain = self.domains.get(domain_name)
        found = domain.find(path) if domain else None
        stage = self.stages.get(found[0][:2]) if found else None
        return (stage, found[1], found[0]) if stage and found else None
