"""The three contracts behind a web ACL on an edge, and who stops a request on its way there."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from waf.corpus import CONTRACTS, MERCHANT, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.edge import Edge
    from harness.testing import Clients

STAGE = "live"
SCHEMES = {
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
}
HANDLER = {"reached": "the handler"}
# In place of every function and task: whoever gets this was let in.
_MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded", "text/plain")
INTEGRATION = {
    "type": "mock",
    "requestTemplates": dict.fromkeys(_MEDIA_TYPES, '{"statusCode": 200}'),
    "responses": {
        "default": {
            "statusCode": "200",
            "responseTemplates": {"application/json": json.dumps(HANDLER)},
        }
    },
}
WAF_FILTERED = {
    "statusCode": 403,
    "responseParameters": {"gatewayresponse.header.content-type": "'application/problem+json'"},
    "responseTemplates": {"application/json": '{"status":403,"code":"request_blocked"}'},
}
_STAGES = {
    "AccessDeniedException": "<access>",
    "BadRequestException": "<contract>",
    "IncompleteSignatureException": "<signature>",
    "InvalidSignatureException": "<signature>",
    "RequestHeaderFieldsTooLargeException": "<transport>",
    "RequestTooLargeException": "<transport>",
    "UnrecognizedClientException": "<signature>",
    "UnsupportedMediaTypeException": "<handler>",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a request; ``stopped_by`` as in the corpus, a web ACL's rule as <waf>."""

    stopped_by: str
    status: int
    content_type: str
    request_id: str


def deploy(clients: Clients, web_acl_arn: str) -> Merchant:
    """Deploy the three contracts, and a merchant that may call them below its own path."""
    gateway, iam = clients.client("apigateway"), clients.client("iam")
    api_ids = {}
    for api, path in CONTRACTS.items():
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
        document = json.dumps(_definition(contract), default=str)
        api_ids[api] = gateway.import_rest_api(body=document)["id"]
        deployment = gateway.create_deployment(restApiId=api_ids[api])["id"]
        gateway.create_stage(restApiId=api_ids[api], stageName=STAGE, deploymentId=deployment)
        resource = _stage_arn(clients, api_ids[api])
        clients.client("wafv2").associate_web_acl(WebACLArn=web_acl_arn, ResourceArn=resource)
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="merchant", AssumeRolePolicyDocument=_policy(trust))["Role"]
    arn = f"arn:aws:execute-api:{clients.region}:{clients.account_id}:*/{STAGE}/*"
    invoke = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"{arn}/merchants/{MERCHANT}/*",
    }
    iam.put_role_policy(RoleName="merchant", PolicyName="invoke", PolicyDocument=_policy(invoke))
    given = clients.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="corpus")
    credentials = given["Credentials"]
    return Merchant(
        api_ids,
        _key(gateway, api_ids),
        Credentials(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
        ),
        clients.region,
    )


def withdraw(clients: Clients, merchant: Merchant) -> None:
    """Delete what was deployed."""
    gateway, iam = clients.client("apigateway"), clients.client("iam")
    waf = clients.client("wafv2")
    for plan in gateway.get_usage_plans()["items"]:
        for key in gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]:
            gateway.delete_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"])
            gateway.delete_api_key(apiKey=key["id"])
        stages = [
            {"op": "remove", "path": "/apiStages", "value": f"{api_id}:{STAGE}"}
            for api_id in merchant.api_ids.values()
        ]
        gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=stages)
        gateway.delete_usage_plan(usagePlanId=plan["id"])
    for api_id in merchant.api_ids.values():
        waf.disassociate_web_acl(ResourceArn=_stage_arn(clients, api_id))
        gateway.delete_rest_api(restApiId=api_id)
    iam.delete_role_policy(RoleName="merchant", PolicyName="invoke")
    iam.delete_role(RoleName="merchant")


def _stage_arn(clients: Clients, api_id: str) -> str:
    return f"arn:aws:apigateway:{clients.region}::/restapis/{api_id}/stages/{STAGE}"


def _definition(contract: dict[str, Any]) -> dict[str, Any]:
    paths = {
        path: {
            verb: {
                **operation,
                "security": [{"sigv4": [], "api_key": []}],
                "x-amazon-apigateway-integration": INTEGRATION,
                "x-amazon-apigateway-request-validator": "all"
                if operation.get("requestBody", {}).get("required")
                else "parameters",
            }
            for verb, operation in item.items()
        }
        for path, item in contract["paths"].items()
    }
    parameters = {"validateRequestParameters": True}
    return {
        **contract,
        "components": {**contract["components"], "securitySchemes": SCHEMES},
        "paths": paths,
        "x-amazon-apigateway-gateway-responses": {"WAF_FILTERED": WAF_FILTERED},
        "x-amazon-apigateway-request-validators": {
            "all": {**parameters, "validateRequestBody": True},
            "parameters": parameters,
        },
    }


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _key(gateway: Any, api_ids: Mapping[str, str]) -> str:
    key = gateway.create_api_key(name="merchant", enabled=True)
    stages = [{"apiId": api_id, "stage": STAGE} for api_id in api_ids.values()]
    plan = gateway.create_usage_plan(name="merchant", apiStages=stages)
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    return str(key["value"])


@dataclass
class Merchant:
    """A merchant's system with valid credentials, or somebody without any."""

    api_ids: Mapping[str, str]
    api_key: str
    credentials: Credentials
    region: str
    edge: Edge | None = None

    def send(self, sent: Sent, *, signed: bool = True) -> Outcome:
        """Send a request exactly as the corpus has it, and say who answered."""
        if self.edge is None:
            raise RuntimeError("there is no edge to send to")
        place = urlsplit(self.edge.url)
        target = f"/{self.api_ids[sent.api]}/{STAGE}{sent.path}"
        target += f"?{sent.query}" if sent.query else ""
        headers = dict(sent.headers)
        if signed:
            url = f"{self.edge.url}{target}"
            headers["x-api-key"] = self.api_key
            request = AWSRequest(sent.method, url, data=sent.body, headers=headers)
            SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
            headers = dict(request.headers.items())
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
        try:
            connection.request(sent.method, target, sent.body or None, headers)
            answer = connection.getresponse()
            return _outcome(answer, answer.read())
        except (BrokenPipeError, ConnectionResetError):
            return Outcome("<transport>", 0, "", "")  # closed before all was sent
        finally:
            connection.close()

    def send_raw(self, text: str) -> bytes:
        """Send bytes and read until the edge closes or says no more."""
        if self.edge is None:
            raise RuntimeError("there is no edge to send to")
        place = urlsplit(self.edge.url)
        path = f"/{self.api_ids['payments']}/{STAGE}/merchants/{MERCHANT}/payments"
        data = text.format(path=path, host=place.netloc).encode("latin-1")
        with socket.create_connection((str(place.hostname), place.port or 80), 10) as connection:
            connection.sendall(data)
            connection.settimeout(1)
            received = b""
            try:
                while part := connection.recv(65536):
                    received += part
            except (TimeoutError, ConnectionResetError):
                pass
            return received


def _outcome(answer: http.client.HTTPResponse, body: bytes) -> Outcome:
    kind = answer.headers.get("x-amzn-errortype", "")
    content_type = answer.headers.get("content-type", "")
    request_id = answer.headers.get("x-amzn-requestid", "")
    if b"request_blocked" in body:
        stopped_by = "<waf>"
    elif body == json.dumps(HANDLER).encode():
        stopped_by = "<handler>"
    elif kind == "MissingAuthenticationTokenException":
        stopped_by = "<route>"  # the same answer as without a signature
    else:
        stopped_by = _STAGES.get(kind, f"<{kind or answer.status}>")
    return Outcome(stopped_by, answer.status, content_type, request_id)
