"""Small REST APIs and functions, deployed with boto3 and served by the edge."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from edge.exchanges import ACCOUNT, REGION, some_stage
from harness.aws import EmbeddedAWS
from harness.edge import Edge
from harness.edge.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import boto3
    from botocore.credentials import Credentials

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com", "AWS": "*"},
            }
        ],
    }
)
SCHEMES = {
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
}


@dataclass
class Deployer:
    """Creates resources in one account of the embedded AWS."""

    session: boto3.Session
    clients: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def mock(status: int = 200, body: str = '{"ok":true}', **response: Any) -> dict[str, Any]:
        """A MOCK integration that always answers the same."""
        answer = {"statusCode": str(status), "responseTemplates": {"application/json": body}}
        return {
            "type": "mock",
            "requestTemplates": {"application/json": json.dumps({"statusCode": status})},
            "responses": {"default": {**answer, **response}},
        }

    @staticmethod
    def proxy(function_arn: str, **more: Any) -> dict[str, Any]:
        """An AWS_PROXY integration."""
        path = f"lambda:path/2015-03-31/functions/{function_arn}/invocations"
        uri = f"arn:aws:apigateway:{REGION}:{path}"
        return {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, **more}

    @staticmethod
    def operation(integration: Mapping[str, Any], *security: str, **more: Any) -> dict[str, Any]:
        """An OpenAPI operation; ``security`` names schemes, all of them required."""
        return {
            "responses": {"200": {"description": "ok"}},
            "security": [{name: []} for name in security],
            "x-amazon-apigateway-integration": integration,
            **more,
        }

    def client(self, service: str) -> Any:
        """A client, made once."""
        if service not in self.clients:
            self.clients[service] = self.session.client(service)  # type: ignore[call-overload] # any
        return self.clients[service]

    def api(self, paths: Mapping[str, Any], *, extensions: Mapping[str, Any] | None = None) -> str:
        """Import a REST API; extensions are written without their prefix."""
        document: dict[str, Any] = {
            "openapi": "3.0.3",
            "info": {"title": "test", "version": "1"},
            "paths": paths,
            "components": {"securitySchemes": SCHEMES},
        }
        for name, value in (extensions or {}).items():
            if name == "schemas":
                document["components"]["schemas"] = value
            else:
                document[f"x-amazon-apigateway-{name}"] = value
        gateway = self.client("apigateway")
        api_id: str = gateway.import_rest_api(body=json.dumps(document))["id"]
        return api_id

    def replace_api(self, api_id: str, paths: Mapping[str, Any]) -> None:
        """Overwrite the definition without deploying it."""
        document = {"openapi": "3.0.3", "info": {"title": "test", "version": "2"}, "paths": paths}
        self.client("apigateway").put_rest_api(
            restApiId=api_id, mode="overwrite", body=json.dumps(document)
        )

    def deploy(self, api_id: str, stage: str = "live", **options: Any) -> str:
        """Deploy to a stage, which is created or moved; ``options`` are CreateStage's."""
        gateway = self.client("apigateway")
        deployment: str = gateway.create_deployment(restApiId=api_id)["id"]
        if stage in {each["stageName"] for each in gateway.get_stages(restApiId=api_id)["item"]}:
            gateway.update_stage(
                restApiId=api_id,
                stageName=stage,
                patchOperations=[{"op": "replace", "path": "/deploymentId", "value": deployment}],
            )
        else:
            gateway.create_stage(
                restApiId=api_id, stageName=stage, deploymentId=deployment, **options
            )
        return deployment

    def role(
        self, name: str, *statements: Mapping[str, Any], tags: Mapping[str, str] | None = None
    ) -> str:
        """A role with one inline policy."""
        iam = self.client("iam")
        role = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=TRUST,
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        )
        if statements:
            policy = {"Version": "2012-10-17", "Statement": statements}
            iam.put_role_policy(
                RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy)
            )
        return str(role["Role"]["Arn"])

    def key(self, plan: Mapping[str, Any], value: str) -> str:
        """An API key in a usage plan of its own; returns the key's id."""
        gateway = self.client("apigateway")
        plan_id = gateway.create_usage_plan(name=f"plan-{value}", **plan)["id"]
        key_id: str = gateway.create_api_key(name=value, value=value, enabled=True)["id"]
        gateway.create_usage_plan_key(usagePlanId=plan_id, keyId=key_id, keyType="API_KEY")
        return key_id

    def function(self, name: str, source: str, **options: Any) -> str:
        """A Python function from source text; returns its ARN."""
        options.setdefault("Timeout", 10)
        created = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="app.handle",
            Role=self.role(f"{name}-role"),
            Code={"ZipFile": self.archive(source)},
            **options,
        )
        return str(created["FunctionArn"])

    @staticmethod
    def archive(source: str) -> bytes:
        """A zip with ``app.py``."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as zipped:
            zipped.writestr("app.py", source)
        return content.getvalue()

    def permit(self, name: str, source_arn: str, qualifier: str | None = None) -> None:
        """Let API Gateway invoke a function."""
        arguments = {"Qualifier": qualifier} if qualifier else {}
        self.client("lambda").add_permission(
            FunctionName=name,
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=source_arn,
            **arguments,
        )


def sign_with_botocore(
    method: str,
    url: str,
    credentials: Credentials,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    region: str = REGION,
    service: str = "execute-api",
) -> httpx.Request:
    """A request signed by botocore."""
    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers or {}))
    SigV4Auth(credentials, service, region).add_auth(request)
    return httpx.Request(method, url, content=body, headers=dict(request.headers.items()))


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS(region=REGION) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def deployer(aws: EmbeddedAWS) -> Deployer:
    return Deployer(aws.session(ACCOUNT))


@pytest.fixture(scope="module")
def edge(aws: EmbeddedAWS) -> Iterator[Edge]:
    with Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region=REGION,
        environment=aws.environment(ACCOUNT),
    ) as running:
        yield running


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def signed() -> Callable[..., httpx.Request]:
    return sign_with_botocore


@pytest.fixture
def credentials(aws: EmbeddedAWS) -> Callable[[str], Credentials]:
    """Credentials of a new session of a role."""

    def assume(role: str) -> Credentials:
        found = aws.session(ACCOUNT, role, "session").get_credentials()
        assert found is not None
        return found

    return assume


@pytest.fixture
def exchange() -> Callable[..., Exchange]:
    """Make requests that haven't been received by any server."""

    def make(
        method: str = "GET",
        path: str = "/pets",
        *,
        query: bytes = b"",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        now: float = 1_800_000_000.0,
        **stage: Any,
    ) -> Exchange:
        scope = {
            "method": method,
            "raw_path": f"/live{path}".encode(),
            "query_string": query,
            "http_version": "1.1",
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
            "client": ("192.0.2.7", 50_000),
        }
        made = Exchange(scope, some_stage(**stage), path, now=now, request_id="request-1")
        made.body = body
        return made

    return make
