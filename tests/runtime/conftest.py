"""Functions deployed with boto3 and run by the edge's workers."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws import EmbeddedAWS
from harness.edge import Edge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import boto3

REGION, ACCOUNT = "eu-west-1", "444444444444"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"},
            }
        ],
    }
)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(region=REGION) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def session(aws: EmbeddedAWS) -> boto3.Session:
    return aws.session(ACCOUNT)


@pytest.fixture(scope="module")
def edge(aws: EmbeddedAWS) -> Iterator[Edge]:
    with start_edge(aws) as running:
        yield running


@pytest.fixture(scope="session")
def start() -> Callable[[EmbeddedAWS], Edge]:
    return start_edge


def start_edge(aws: EmbeddedAWS) -> Edge:
    return Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region=REGION,
        environment=aws.environment(ACCOUNT),
    )


@pytest.fixture(scope="module")
def deploy(session: boto3.Session) -> Callable[..., str]:
    """Create a function from source text, with its log group; returns its ARN."""

    def create(name: str, source: str, **options: Any) -> str:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as zipped:
            zipped.writestr("app.py", source)
            zipped.writestr("data/hello.txt", "from the zip")
        role = session.client("iam").create_role(
            RoleName=f"{name}-role", AssumeRolePolicyDocument=TRUST
        )
        session.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
        created = session.client("lambda").create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.13",
                "Handler": "app.handle",
                "Timeout": 5,
                "Role": role["Role"]["Arn"],
                "Code": {"ZipFile": content.getvalue()},
                **options,
            }
        )
        return str(created["FunctionArn"])

    return create
