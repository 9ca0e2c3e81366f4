"""Deploys one API for each named backend with boto3, and serves it on the edge.

Each API has two stages of the same deployment: ``throttled``, with the backend's capacity as its
methods' throttle, and ``open``, without any. What the edge throttles by it reads from there.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil

from harness.aws import EmbeddedAWS
from harness.deploying import TRUST, PrivateNetwork
from harness.edge import Edge
from harness.overload.generator import Target
from harness.overload.named import BACKENDS, CAPACITY, FUNCTION, LEGACY, RESERVED, SERVICE
from harness.overload.shapes import DEFAULT_MERCHANT
from harness.overload.signer import Signer
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from harness.deploying import Balancer
    from harness.edge.throttling import Limit
    from harness.overload.named import Named

ACCOUNT, REGION = "444444444444", "eu-west-1"
THROTTLED, OPEN = "throttled", "open"
HEALTHY_SECONDS = 60
_SETTLED_SECONDS, _MOST_SETTLING_SECONDS = 0.4, 20.0
_IDLE = 0.05  # of a core: an edge without requests uses less
_RESOURCE = "/merchants/{merchant_id}/payments"
# Longer than clients wait, and short enough that what they gave up ties up no descriptors.
_INTEGRATION_MS = 1500
_HANDLER = """
import time

def handle(event, context):
    time.sleep({seconds})
    return {{"statusCode": 201, "headers": {{"Content-Type": "application/json"}}, "body": "{{}}"}}
"""
_SECURITY = {
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
}


@dataclass(frozen=True, slots=True)
class _Api:
    api_id: str
    balancer: Balancer | None


@dataclass
class Deployment:
    """The named backends behind the edge; a context manager.

    Args:
        backends: those that are needed.
        plans: merchants with a usage plan of their own; everyone else's has no throttle.
    """

    backends: tuple[Named, ...] = BACKENDS
    plans: Mapping[str, Limit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._apis: dict[str, _Api] = {}
        self._ports: dict[str, int] = {}
        self._signers: dict[str, Signer] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stack.close()

    def target(
        self, backend: Named, *, throttled: bool, merchant: str = DEFAULT_MERCHANT
    ) -> Target:
        """Where a merchant's transactions with a backend go."""
        stage = THROTTLED if throttled else OPEN
        base = self.edge.invoke_url(self._apis[backend.name].api_id, stage)
        return Target(f"{base}/merchants/{merchant}/payments", self._signers[merchant])

    def reset(self, backend: Named) -> None:
        """Let the edge finish what the last run left, and have a backend forget what waits.

        What clients gave up is still on its way through the edge. Left in a queue that is
        throttled to no more than its capacity, it would make all of the next run late.
        """
        edge = psutil.Process(self.edge.pid)
        until = time.monotonic() + _MOST_SETTLING_SECONDS
        while time.monotonic() < until:
            before = sum(edge.cpu_times()[:2])
            time.sleep(_SETTLED_SECONDS)
            if sum(edge.cpu_times()[:2]) - before <= _IDLE * _SETTLED_SECONDS:
                break
        if backend.name in self._ports:
            self._ask(backend, "reset")

    def begun(self, backend: Named) -> int:
        """Count the transactions that have reached a backend that is a process of ours."""
        return int(self._ask(backend, "health")["begun"])

    def _ask(self, backend: Named, what: str) -> Any:
        address = f"http://127.0.0.1:{self._ports[backend.name]}/{what}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)

    def _start(self) -> None:
        self._aws = self._stack.enter_context(EmbeddedAWS(region=REGION))
        self._session = self._aws.session(ACCOUNT)
        self._network = PrivateNetwork(self._session)
        for backend in self.backends:
            self._apis[backend.name] = self._deploy(backend)
        self._admit_merchants()
        # Under overload it says of thousands of requests why they failed.
        messages = self._stack.enter_context(tempfile.TemporaryFile("w"))  # noqa: SIM115 - the stack closes it
        self.edge = self._stack.enter_context(
            Edge(
                endpoint_url=self._aws.endpoint_url,
                account_id=ACCOUNT,
                region=REGION,
                environment={
                    **self._aws.environment(ACCOUNT),
                    # They sleep, so that the cores needn't be as many as the reserved.
                    "HARNESS_WORKERS_PER_CPU": str(RESERVED),
                },
                messages=messages,
            )
        )
        wait_until(self._ready, HEALTHY_SECONDS)
        if SERVICE in self.backends:
            (task,) = self.edge.tasks("ecs-service")
            (self._ports[SERVICE.name],) = task["ports"].values()

    def _ready(self) -> bool:
        balancers = [api.balancer for api in self._apis.values() if api.balancer]
        steady = all(service["steady"] for service in self.edge.services())
        return steady and targets_healthy(self._network, balancers)

    def _deploy(self, backend: Named) -> _Api:
        if backend is FUNCTION:
            return _Api(self._publish(backend, self._function()), None)
        balancer = self._network.balancer(backend.name)
        if backend is LEGACY:
            self._ports[backend.name] = self._stack.enter_context(_process("fifo"))
            self._network.register(balancer, self._ports[backend.name])
        else:
            self._ecs_service(balancer)
        integration = {
            "type": "http_proxy",
            "httpMethod": "POST",
            "uri": f"http://{backend.name}.internal.example/payments",
            "connectionType": "VPC_LINK",
            "connectionId": self._network.vpc_link(balancer),
            "timeoutInMillis": _INTEGRATION_MS,
        }
        return _Api(self._publish(backend, integration), balancer)

    def _ecs_service(self, balancer: Balancer) -> None:
        group = "/ecs/overload"
        self._network.client("logs").create_log_group(logGroupName=group)
        environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PORT": "8080"}
        definition = self._network.task_definition(
            "overload",
            {
                "command": ["python", "-m", "harness.overload.service", "workers"],
                "environment": [{"name": k, "value": v} for k, v in environment.items()],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": group,
                        "awslogs-region": REGION,
                        "awslogs-stream-prefix": "ecs",
                    },
                },
            },
        )
        self._network.service("ecs-service", definition, balancer)

    def _function(self) -> dict[str, Any]:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("payments.py", _HANDLER.format(seconds=RESERVED / CAPACITY))
        self._network.client("logs").create_log_group(logGroupName="/aws/lambda/overload")
        functions = self._network.client("lambda")
        arn = functions.create_function(
            FunctionName="overload",
            Runtime="python3.13",
            Role=self._network.role("overload-function"),
            Handler="payments.handle",
            Code={"ZipFile": content.getvalue()},
            Timeout=10,
        )["FunctionArn"]
        functions.put_function_concurrency(
            FunctionName="overload", ReservedConcurrentExecutions=RESERVED
        )
        functions.add_permission(
            FunctionName="overload",
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:*/*/*/*",
        )
        path = f"lambda:path/2015-03-31/functions/{arn}/invocations"
        return {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": f"arn:aws:apigateway:{REGION}:{path}",
        }

    def _publish(self, backend: Named, integration: Mapping[str, Any]) -> str:
        """Deploy an API with an integration to both stages."""
        api_id = import_api(
            self._network, backend.name, {_RESOURCE: integration}, [OPEN, THROTTLED]
        )
        settings = {"rateLimit": backend.limit.rate, "burstLimit": backend.limit.burst}
        self._network.client("apigateway").update_stage(
            restApiId=api_id,
            stageName=THROTTLED,
            patchOperations=[
                {"op": "replace", "path": f"/*/*/throttling/{name}", "value": str(value)}
                for name, value in settings.items()
            ],
        )
        return api_id

    def _admit_merchants(self) -> None:
        """Give each merchant a role, a key and a plan for every stage."""
        stages = [
            {"apiId": api.api_id, "stage": stage}
            for api in self._apis.values()
            for stage in (OPEN, THROTTLED)
        ]
        for merchant in {DEFAULT_MERCHANT, *self.plans}:
            limit = self.plans.get(merchant)
            throttle = {"rateLimit": limit.rate, "burstLimit": limit.burst} if limit else None
            self._signers[merchant], _ = admitted(
                self._aws, self._network, merchant, stages, throttle
            )


def import_api(
    network: PrivateNetwork, title: str, paths: Mapping[str, Mapping[str, Any]], stages: list[str]
) -> str:
    """Deploy an API of signed POSTs that need a key, by path and integration; give its id."""
    operations = {
        path: {
            "post": {
                "parameters": [
                    {
                        "name": part[1:-1],
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string"},
                    }
                    for part in path.split("/")
                    if part.startswith("{")
                ],
                "responses": {"201": {"description": "done"}},
                "security": [{"sigv4": [], "api_key": []}],
                "x-amazon-apigateway-integration": integration,
            }
        }
        for path, integration in paths.items()
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1"},
        "paths": operations,
        "components": {"securitySchemes": _SECURITY},
    }
    gateway = network.client("apigateway")
    api_id = str(gateway.import_rest_api(body=json.dumps(document))["id"])
    deployment = gateway.create_deployment(restApiId=api_id)["id"]
    for stage in stages:
        gateway.create_stage(restApiId=api_id, stageName=stage, deploymentId=deployment)
    return api_id


def admitted(
    aws: EmbeddedAWS,
    network: PrivateNetwork,
    merchant: str,
    stages: list[dict[str, str]],
    throttle: Mapping[str, Any] | None = None,
) -> tuple[Signer, str]:
    """Make a merchant: a role that may invoke, an API key, and a usage plan for the stages.

    Gives its signer and the id of its key.
    """
    gateway, iam = network.client("apigateway"), network.client("iam")
    role = f"merchant-{merchant}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST.replace('"Service"', '"AWS"'))
    allow = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    iam.put_role_policy(
        RoleName=role,
        PolicyName="invoke",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    plan = {"throttle": throttle} if throttle else {}
    plan_id = gateway.create_usage_plan(name=merchant, apiStages=stages, **plan)["id"]
    key = gateway.create_api_key(name=merchant, enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan_id, keyId=key["id"], keyType="API_KEY")
    found = aws.session(ACCOUNT, role, "overload").get_credentials()
    if found is None:
        raise RuntimeError(f"no session of {role}")
    signer = Signer(found.access_key, found.secret_key, found.token or "", REGION, key["value"])
    return signer, str(key["id"])


def targets_healthy(network: PrivateNetwork, balancers: Iterable[Balancer]) -> bool:
    """Whether every target behind load balancers passes its checks."""
    elb = network.client("elbv2")
    return all(
        target["TargetHealth"]["State"] == "healthy"
        for balancer in balancers
        for target in elb.describe_target_health(TargetGroupArn=balancer.group_arn)[
            "TargetHealthDescriptions"
        ]
    )


@contextlib.contextmanager
def _process(kind: str) -> Iterator[int]:
    """Run a backend and give its port."""
    command = [sys.executable, "-m", "harness.overload.service", kind]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
    try:
        if process.stdout is None:
            raise RuntimeError("the backend has no output")
        yield json.loads(process.stdout.readline())["port"]
    finally:
        process.terminate()
        process.wait()
