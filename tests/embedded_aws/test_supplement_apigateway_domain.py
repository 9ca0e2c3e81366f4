"""Custom domain names of REST APIs, as API Gateway keeps them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from harness.deploying_domains import issued_certificate

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.aws import EmbeddedAWS

    Clients = Callable[[str], Any]

ACCOUNT = "444444444444"
NAME = "api.dev.payments.example"
TRUSTSTORE = {"truststoreUri": "s3://clients/truststore.pem", "truststoreVersion": "1"}


@pytest.fixture
def issued(aws: EmbeddedAWS) -> Callable[..., str]:
    """Make certificates, issued by the records that prove the names."""

    def make(name: str = NAME) -> str:
        return issued_certificate(aws.session(ACCOUNT), name)

    return make


def domain(client: Clients, arn: str, **settings: Any) -> dict[str, Any]:
    made: dict[str, Any] = client("apigateway").create_domain_name(
        domainName=NAME,
        regionalCertificateArn=arn,
        endpointConfiguration={"types": ["REGIONAL"]},
        **settings,
    )
    return made


def deployed(client: Clients, *stages: str) -> str:
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="payments")
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    for stage in stages:
        gateway.create_deployment(restApiId=api["id"], stageName=stage)
    return str(api["id"])


@pytest.mark.mends("apigateway:CreateDomainName")
def test_a_domain_keeps_its_truststore(client: Clients, issued: Callable[..., str]) -> None:
    made = domain(client, issued(), mutualTlsAuthentication=TRUSTSTORE)
    assert made == client("apigateway").get_domain_name(domainName=NAME) | {
        "ResponseMetadata": made["ResponseMetadata"]
    }
    assert made["mutualTlsAuthentication"] == TRUSTSTORE
    assert made["securityPolicy"] == "TLS_1_2"
    assert made["regionalDomainName"].endswith(".execute-api.eu-west-1.amazonaws.com")
    assert "distributionDomainName" not in made


@pytest.mark.mends("apigateway:CreateDomainName")
def test_a_domain_needs_an_issued_certificate_for_its_name(
    client: Clients, issued: Callable[..., str]
) -> None:
    pending = client("acm").request_certificate(DomainName=NAME, ValidationMethod="DNS")
    other = issued("other.payments.example")
    for arn in (pending["CertificateArn"], other):
        with pytest.raises(ClientError, match="isn't issued for api"):
            domain(client, arn)


@pytest.mark.mends("apigateway:CreateDomainName")
def test_mutual_tls_excludes_enhanced_policies(client: Clients, issued: Callable[..., str]) -> None:
    with pytest.raises(ClientError, match="Mutual TLS needs the security policy TLS_1_2"):
        domain(
            client,
            issued(),
            mutualTlsAuthentication=TRUSTSTORE,
            securityPolicy="SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
            endpointAccessMode="BASIC",
        )


@pytest.mark.mends("apigateway:UpdateDomainName")
def test_a_domain_changes_field_by_field(client: Clients, issued: Callable[..., str]) -> None:
    domain(client, issued(), mutualTlsAuthentication=TRUSTSTORE)
    gateway = client("apigateway")

    def changed(**operation: str) -> dict[str, Any]:
        answer: dict[str, Any] = gateway.update_domain_name(
            domainName=NAME, patchOperations=[operation]
        )
        return answer

    newer = changed(op="replace", path="/mutualTlsAuthentication/truststoreVersion", value="2")
    assert newer["mutualTlsAuthentication"] == {**TRUSTSTORE, "truststoreVersion": "2"}
    assert "mutualTlsAuthentication" not in changed(op="remove", path="/mutualTlsAuthentication")
    weaker = changed(op="replace", path="/securityPolicy", value="TLS_1_0")
    assert weaker["securityPolicy"] == "TLS_1_0"


@pytest.mark.mends("apigatewayv2:CreateApiMapping")
def test_a_rest_api_is_mapped_below_a_path_of_several_levels(
    client: Clients, issued: Callable[..., str]
) -> None:
    domain(client, issued())
    api_id = deployed(client, "live")
    mapper = client("apigatewayv2")
    wanted = {"DomainName": NAME, "ApiId": api_id, "ApiMappingKey": "v1/payments", "Stage": "live"}
    made = mapper.create_api_mapping(**wanted)
    found = mapper.get_api_mapping(DomainName=NAME, ApiMappingId=made["ApiMappingId"])
    assert found["ApiMappingKey"] == "v1/payments"
    assert [each["ApiId"] for each in mapper.get_api_mappings(DomainName=NAME)["Items"]] == [api_id]
    with pytest.raises(ClientError, match="already"):
        mapper.create_api_mapping(**wanted)
    with pytest.raises(ClientError, match="stage identifier"):
        mapper.create_api_mapping(**{**wanted, "ApiMappingKey": "v2/payments", "Stage": "none"})
    mapper.delete_api_mapping(DomainName=NAME, ApiMappingId=made["ApiMappingId"])
    assert mapper.get_api_mappings(DomainName=NAME)["Items"] == []


@pytest.mark.mends("apigatewayv2:UpdateApiMapping")
def test_a_mapping_moves_to_another_stage(client: Clients, issued: Callable[..., str]) -> None:
    domain(client, issued())
    api_id = deployed(client, "live", "next")
    mapper = client("apigatewayv2")
    made = mapper.create_api_mapping(
        DomainName=NAME, ApiId=api_id, ApiMappingKey="v1", Stage="live"
    )
    moved = mapper.update_api_mapping(
        DomainName=NAME, ApiId=api_id, ApiMappingId=made["ApiMappingId"], Stage="next"
    )
    assert moved["Stage"] == "next"
    assert moved["ApiMappingKey"] == "v1"


@pytest.mark.mends("apigateway:GetRestApi")
def test_an_imported_tls_policy_shows(client: Clients) -> None:
    document = {
        "openapi": "3.0.3",
        "info": {"title": "payments", "version": "1"},
        "paths": {},
        "x-amazon-apigateway-endpoint-access-mode": "BASIC",
        "x-amazon-apigateway-security-policy": "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
    }
    gateway = client("apigateway")
    api_id = gateway.import_rest_api(body=json.dumps(document))["id"]
    found = gateway.get_rest_api(restApiId=api_id)
    assert found["securityPolicy"] == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
    assert found["endpointAccessMode"] == "BASIC"
