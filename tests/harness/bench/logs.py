"""What access logging costs the edge, and how fast its lines get to the log archive."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

import hcl2

from harness.aws import EmbeddedAWS
from harness.bench import route
from harness.bench.figures import Figure
from harness.bench.gateway import (
    ACCOUNT,
    BLOCKS,
    CONNECTIONS,
    REGION,
    ROUNDS_A_BLOCK,
    Target,
    cpu_seconds,
    edge_on,
    port_of,
    repeat,
)
from harness.platform import REPOSITORY

if TYPE_CHECKING:
    from harness.bench.route import Route

LOGGED_STAGE = "logged"
LOG_GROUP = "bench-access"


def access_log_cpu() -> Figure:
    """Share of the edge's CPU that goes into access logs, by two stages of one API."""
    with EmbeddedAWS(region=REGION) as aws:
        deployed = route.deploy(lambda name: aws.client(name, ACCOUNT), REGION, ACCOUNT)
        add_logged_stage(aws, deployed)
        with edge_on(aws) as edge:
            targets = {}
            for stage in (route.STAGE, LOGGED_STAGE):
                url = f"{edge.invoke_url(deployed.api_id, stage)}/mock"
                path = url.removeprefix(edge.url)
                targets[stage] = Target(
                    port_of(edge), path, deployed.headers(url), connections=CONNECTIONS
                )
            cpu: dict[str, list[float]] = {stage: [] for stage in targets}
            for target in targets.values():
                repeat(target.send, ROUNDS_A_BLOCK)
            for _ in range(BLOCKS):
                for stage, target in targets.items():
                    before = cpu_seconds(edge.pid)
                    repeat(target.send, ROUNDS_A_BLOCK)
                    edge.flush_logs()
                    spent = cpu_seconds(edge.pid) - before
                    cpu[stage].append(spent / (ROUNDS_A_BLOCK * CONNECTIONS) * 1e6)
    silent, logged = (statistics.median(cpu[stage]) for stage in (route.STAGE, LOGGED_STAGE))
    return Figure(
        name="Edge CPU a request with the deployed access log format, shipping included",
        ours=f"{logged:.0f} µs, {(logged - silent) / logged:.0%} for the log",
        reference=f"{silent:.0f} µs, the same API without an access log",
        ratio=logged / silent,
        aim="as it is",
    )


def add_logged_stage(aws: EmbeddedAWS, deployed: Route) -> None:
    """Add a stage of the same deployment, key and plan that writes an access log."""
    logs, gateway = (aws.client(name, ACCOUNT) for name in ("logs", "apigateway"))
    logs.create_log_group(logGroupName=LOG_GROUP)
    (group,) = logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]
    (deployment,) = gateway.get_deployments(restApiId=deployed.api_id)["items"]
    gateway.create_stage(
        restApiId=deployed.api_id, stageName=LOGGED_STAGE, deploymentId=deployment["id"]
    )
    settings = {"destinationArn": group["arn"].removesuffix(":*"), "format": access_log_format()}
    gateway.update_stage(
        restApiId=deployed.api_id,
        stageName=LOGGED_STAGE,
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
            for name, value in settings.items()
        ],
    )
    (plan,) = gateway.get_usage_plans()["items"]
    stage = f"{deployed.api_id}:{LOGGED_STAGE}"
    gateway.update_usage_plan(
        usagePlanId=plan["id"],
        patchOperations=[{"op": "add", "path": "/apiStages", "value": stage}],
    )


def access_log_format() -> str:
    """Read the format that the module api-gateway deploys."""
    text = (REPOSITORY / "modules/api-gateway/logs.tf").read_text(encoding="utf-8")
    for block in hcl2.loads(text)["locals"]:
        if "access_log_format" in block:
            fields = block["access_log_format"]
            return json.dumps({name: str(value).strip('"') for name, value in fields.items()})
    raise RuntimeError("modules/api-gateway/logs.tf has no local access_log_format")
