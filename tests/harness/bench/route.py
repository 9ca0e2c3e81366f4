"""One route with the same method, key, throttle and function, deployed by boto3 to any AWS.

Resource by resource, since MiniStack imports no OpenAPI document.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

STAGE = "live"
FUNCTION = "bench"
BODY = json.dumps(
    {
        "amount": 1250,
        "currency": "EUR",
        "reference": "bench",
        "payment_method": {"token": "tok_approve"},
    }
).encode()
HANDLER = """
def handle(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": "{}"}
"""
# Far above what one client sends: the buckets are taken from, and never empty.
RATE, BURST = 9000.0, 4500
SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "additionalProperties": False,
    "required": ["amount", "currency", "reference", "payment_method"],
    "properties": {
        "amount": {"type": "integer", "minimum": 1},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "reference": {"type": "string", "maxLength": 64},
        "payment_method": {
            "type": "object",
            "required": ["token"],
            "properties": {"token": {"type": "string"}},
        },
    },
}


@dataclass(frozen=True)
class Route:
    """A deployed route and who may call it."""

    api_id: str
    api_key: str
    credentials: Credentials
    region: str

    def headers(self, url: str) -> dict[str, str]:
        """Sign a POST of `BODY` to a URL."""
        request = AWSRequest(
            "POST",
            url,
            data=BODY,
            headers={"Content-Type": "application/json", "x-api-key": self.api_key},
        )
        SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
        return dict(request.headers.items())


def deploy(client: Callable[[str], Any], region: str, account_id: str) -> Route:
    """Deploy `/mock`, answered by the gateway, and `/function`, answered by a Lambda function."""
    gateway = client("apigateway")
    api_id = gateway.create_rest_api(name="bench")["id"]
    root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
    validator = gateway.create_request_validator(
        restApiId=api_id, name="body", validateRequestBody=True, validateRequestParameters=True
    )["id"]
    gateway.create_model(
        restApiId=api_id, name="Payment", contentType="application/json", schema=json.dumps(SCHEMA)
    )
    for path, integrate in (("mock", _mock), ("function", _function)):
        resource = gateway.create_resource(restApiId=api_id, parentId=root, pathPart=path)["id"]
        method = {"restApiId": api_id, "resourceId": resource, "httpMethod": "POST"}
        gateway.put_method(
            **method,
            authorizationType="AWS_IAM",
            apiKeyRequired=True,
            requestValidatorId=validator,
            requestModels={"application/json": "Payment"},
        )
        integrate(client, method, region, account_id)
    gateway.create_deployment(restApiId=api_id, stageName=STAGE)
    return Route(api_id, key(gateway, api_id), caller(client), region)


def _mock(client: Callable[[str], Any], method: dict[str, str], *_: str) -> None:
    gateway = client("apigateway")
    templates = {"application/json": '{"statusCode": 200}'}
    gateway.put_integration(**method, type="MOCK", requestTemplates=templates)
    gateway.put_method_response(**method, statusCode="200")
    gateway.put_integration_response(
        **method,
        statusCode="200",
        responseTemplates={"application/json": '{"state":"authorized"}'},
    )


def _function(
    client: Callable[[str], Any], method: dict[str, str], region: str, account_id: str
) -> None:
    role = _role(client("iam"), "bench-function", "lambda.amazonaws.com")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("bench.py", HANDLER)
    client("logs").create_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")
    functions = client("lambda")
    arn = functions.create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Role=role,
        Handler="bench.handle",
        Code={"ZipFile": archive.getvalue()},
        Timeout=10,
        MemorySize=512,
    )["FunctionArn"]
    functions.add_permission(
        FunctionName=FUNCTION,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{region}:{account_id}:{method['restApiId']}/*/*/*",
    )
    client("apigateway").put_integration(
        **method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations",
    )


def key(gateway: Any, api_id: str) -> str:
    """Make an API key in a plan of the stage."""
    key = gateway.create_api_key(name="bench", enabled=True)
    plan = gateway.create_usage_plan(
        name="bench",
        apiStages=[{"apiId": api_id, "stage": STAGE}],
        throttle={"rateLimit": RATE, "burstLimit": BURST},
    )
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    return str(key["value"])


def _role(iam: Any, name: str, service: str | None = None) -> str:
    principal = {"Service": service} if service else {"AWS": "*"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])


def caller(client: Callable[[str], Any]) -> Credentials:
    """Make a role that may call everything, and assume it."""
    iam = client("iam")
    arn = _role(iam, "bench-caller")
    allow = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    iam.put_role_policy(
        RoleName="bench-caller",
        PolicyName="invoke",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    given = client("sts").assume_role(RoleArn=arn, RoleSessionName="bench")["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
