"""What access logging costs the edge, and how fast its lines get to the log archive."""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from harness.log_archive import LogArchive
from harness.platform import REPOSITORY, Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.bench.route import Route
    from harness.edge import Edge

LOGGED_STAGE = "logged"
LOG_GROUP = "bench-access"
ARCHIVE = "log-archive"
SUBSCRIPTION = "SUBSCRIPTION_FILTER_POLICY"


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


def lines_to_the_archive() -> Figure:
    """Access-log lines a second from the edge into the deployed archive's locked bucket."""
    with tempfile.TemporaryDirectory() as workdir, Platform(Path(workdir)) as platform:
        platform.start()
        for account in ("management", ARCHIVE):
            platform.apply_bootstrap(account)
            platform.apply_organization(account)
        aws = platform.aws
        deployed = route.deploy(lambda name: aws.client(name, ACCOUNT), REGION, ACCOUNT)
        add_logged_stage(aws, deployed)
        outputs = platform.organization[ARCHIVE].outputs()
        archive = LogArchive(aws, platform.accounts[ARCHIVE])
        bucket = outputs["buckets"]["nonproduction"]["name"]
        with edge_on(aws) as edge:
            url = f"{edge.invoke_url(deployed.api_id, LOGGED_STAGE)}/mock"
            path, headers = url.removeprefix(edge.url), deployed.headers(url)
            target = Target(port_of(edge), path, headers, connections=CONNECTIONS)
            repeat(target.send, ROUNDS_A_BLOCK)
            logged, archived = [], []
            for _ in range(BLOCKS):
                logged.append(_lines_a_second(edge, target, lambda: None))
                _subscribe(aws, outputs["destination_arns"]["nonproduction"])
                archived.append(_lines_a_second(edge, target, aws.deliver_logs))
                aws.client("logs", ACCOUNT).delete_account_policy(
                    policyName=LOG_GROUP, policyType=SUBSCRIPTION
                )
            arrived = sum(1 for _ in archive.lines(bucket))
    sent = BLOCKS * ROUNDS_A_BLOCK * CONNECTIONS
    if arrived != sent:
        raise RuntimeError(f"{sent} lines were written, and {arrived} are in the archive")
    ours, reference = statistics.median(archived), statistics.median(logged)
    return Figure(
        name="Access-log lines a second from the edge into the archive's locked bucket",
        ours=f"{ours:.0f}",
        reference=f"{reference:.0f} into the log group alone",
        ratio=ours / reference,
        aim="as it is",
    )


def _lines_a_second(edge: Edge, target: Target, ship: Callable[[], None]) -> float:
    started = time.perf_counter()
    repeat(target.send, ROUNDS_A_BLOCK)
    edge.flush_logs()
    ship()
    return ROUNDS_A_BLOCK * CONNECTIONS / (time.perf_counter() - started)


def _subscribe(aws: EmbeddedAWS, destination_arn: str) -> None:
    """Send every log group of the account to the archive, as the module forwarding does."""
    role = _forwarding_role(aws.client("iam", ACCOUNT), destination_arn)
    document = {"DestinationArn": destination_arn, "RoleArn": role, "FilterPattern": ""}
    aws.client("logs", ACCOUNT).put_account_policy(
        policyName=LOG_GROUP, policyType=SUBSCRIPTION, policyDocument=json.dumps(document)
    )


def _forwarding_role(iam: Any, destination_arn: str) -> str:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{LOG_GROUP}"
    service = {"Service": f"logs.{REGION}.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": destination_arn}
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=LOG_GROUP, AssumeRolePolicyDocument=_policy(trust))
        iam.put_role_policy(RoleName=LOG_GROUP, PolicyName="send", PolicyDocument=_policy(allow))
    return arn


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


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
