"""Custom domain names of REST APIs: certificates, mutual TLS, and mappings of several levels."""

from __future__ import annotations

import json
from typing import Any

from moto.acm.models import CertBundle, acm_backends
from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.models import APIGatewayBackend, DomainName, apigateway_backends
from moto.apigateway.responses import APIGatewayResponse
from moto.apigatewayv2 import exceptions as v2
from moto.apigatewayv2.models import ApiGatewayV2Backend, ApiMapping
from moto.apigatewayv2.responses import ApiGatewayV2Response

from harness.aws.supplement.registry import mend

DEFAULT_POLICY = "TLS_1_2"  # of a Regional domain
_MUTUAL_TLS = "mutualTlsAuthentication"
_OWNERSHIP = "ownershipVerificationCertificateArn"

_CREATE = mend(
    "apigateway:CreateDomainName",
    reason="takes certificates that don't exist or aren't issued, drops mutual TLS and the access"
    " mode, has no default policy and gives Regional domains a distribution",
    observed="second plan of aws_api_gateway_domain_name wanted its truststore again",
)
_UPDATE = mend(
    "apigateway:UpdateDomainName",
    reason="has no such action (404)",
    observed="changing aws_api_gateway_domain_name.security_policy with Terraform",
)
_MAP = mend(
    "apigatewayv2:CreateApiMapping",
    reason="knows neither domain names nor REST APIs that were made by version 1 of the API (404)",
    observed="aws_apigatewayv2_api_mapping of a REST API",
)
_REMAP = mend(
    "apigatewayv2:UpdateApiMapping",
    reason="has no such action (404)",
    observed="changing aws_apigatewayv2_api_mapping.stage with Terraform",
)


@_CREATE.around(APIGatewayResponse, "create_domain_name")
def _create_domain_name(original: Any, response: APIGatewayResponse) -> Any:
    settings = {
        name: response._get_param(name) for name in (_MUTUAL_TLS, _OWNERSHIP, "endpointAccessMode")
    }
    name = response._get_param("domainName")
    policy = response._get_param("securityPolicy") or DEFAULT_POLICY
    certificate = response._get_param("regionalCertificateArn")
    _check(response.backend, name, certificate, policy, settings)
    original(response)
    domain = response.backend.domain_names[name]
    domain.security_policy = policy
    vars(domain)["settings"] = settings
    return 201, {}, json.dumps(domain.to_json())


@_CREATE.around(DomainName, "to_json")
def _domain_to_json(original: Any, domain: DomainName) -> dict[str, Any]:
    answer: dict[str, Any] = original(domain)
    answer |= {key: value for key, value in vars(domain).get("settings", {}).items() if value}
    region = domain.regional_domain_name.split(".")[2]
    answer["domainNameArn"] = f"arn:aws:apigateway:{region}::/domainnames/{domain.domain_name}"
    if "REGIONAL" in (domain.endpoint_configuration or {}).get("types", ()):
        del answer["distributionDomainName"], answer["distributionHostedZoneId"]
    return answer


def _update_domain_name(self: APIGatewayResponse) -> str:
    domain = self.backend.get_domain_name(self.path.split("/")[2])
    changed = {
        "certificate": domain.regional_certificate_arn,
        "policy": domain.security_policy,
        **vars(domain)["settings"],
    }
    for operation in self._get_param("patchOperations"):
        value = None if operation["op"] == "remove" else operation.get("value")
        match operation["path"].split("/")[1:]:
            case ["securityPolicy"]:
                changed["policy"] = value
            case ["regionalCertificateArn"]:
                changed["certificate"] = value
            case ["endpointAccessMode" | "ownershipVerificationCertificateArn" as field]:
                changed[field] = value
            case ["mutualTlsAuthentication"]:
                changed[_MUTUAL_TLS] = None
            case ["mutualTlsAuthentication", "truststoreUri" | "truststoreVersion" as field]:
                changed[_MUTUAL_TLS] = {**(changed[_MUTUAL_TLS] or {}), field: value}
            case _:
                raise BadRequestException(f"Invalid patch path {operation['path']}")
    certificate, policy = changed.pop("certificate"), changed.pop("policy")
    _check(self.backend, domain.domain_name, certificate, policy, changed)
    domain.regional_certificate_arn, domain.security_policy = certificate, policy
    vars(domain)["settings"] = changed
    return json.dumps(domain.to_json())


_UPDATE.instead(APIGatewayResponse, "update_domain_name")(_update_domain_name)


def _check(
    backend: APIGatewayBackend, name: str, arn: str | None, policy: str, settings: dict[str, Any]
) -> None:
    """Refuse what API Gateway refuses of a Regional domain name.

    Raises:
        BadRequestException: says what is wrong.
    """
    certificate = _issued(backend, name, arn) if arn else None
    if policy.startswith("SecurityPolicy_") and not settings["endpointAccessMode"]:
        raise BadRequestException(f"Security policy {policy} needs an endpoint access mode")
    if not settings[_MUTUAL_TLS]:
        return
    if policy != DEFAULT_POLICY:
        raise BadRequestException(f"Mutual TLS needs the security policy TLS_1_2, not {policy}")
    if certificate and certificate.type != "AMAZON_ISSUED" and not settings[_OWNERSHIP]:
        raise BadRequestException(
            "Mutual TLS with an imported or private certificate needs an ownership verification"
            " certificate"
        )


def _issued(backend: APIGatewayBackend, name: str, arn: str) -> CertBundle:
    known = acm_backends[backend.account_id][backend.region_name]._certificates
    certificate = known.get(arn)
    if certificate is None:
        raise BadRequestException(f"The provided certificate does not exist: {arn}")
    certificate.check()
    names = {certificate.common_name, *certificate.sans}
    if certificate.status != "ISSUED" or not names & {name, f"*.{name.partition('.')[2]}"}:
        raise BadRequestException(f"The certificate {arn} isn't issued for {name}")
    return certificate


@_MAP.around(ApiGatewayV2Backend, "create_api_mapping")
def _create_api_mapping(
    original: Any,
    backend: ApiGatewayV2Backend,
    api_id: str,
    api_mapping_key: str,
    domain_name: str,
    stage: str,
) -> ApiMapping:
    if (version_1 := _holder(backend, domain_name)) is None:
        mapping: ApiMapping = original(backend, api_id, api_mapping_key, domain_name, stage)
        return mapping
    _check_mapping(backend, version_1, domain_name, api_mapping_key, api_id, stage)
    made = ApiMapping(
        api_id=api_id,
        api_mapping_key=api_mapping_key,
        api_mapping_id=backend._generate_api_maping_id(api_mapping_key, stage, domain_name),
        domain_name=domain_name,
        stage=stage,
    )
    backend.api_mappings[made.api_mapping_id] = made
    return made


@_MAP.around(ApiGatewayV2Backend, "get_api_mapping")
def _get_api_mapping(
    original: Any, backend: ApiGatewayV2Backend, api_mapping_id: str, domain_name: str
) -> ApiMapping:
    if _holder(backend, domain_name) is None:
        found: ApiMapping = original(backend, api_mapping_id, domain_name)
        return found
    mapping = backend.api_mappings.get(api_mapping_id)
    if mapping is None or mapping.domain_name != domain_name:
        raise v2.ApiMappingNotFound
    return mapping


def _update_api_mapping(self: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    _, _, _, domain_name, _, mapping_id = self.path.split("/")
    backend = self.apigatewayv2_backend
    mapping = backend.get_api_mapping(mapping_id, domain_name)
    given = json.loads(self.body)
    key = given.get("apiMappingKey", mapping.api_mapping_key)
    api_id, stage = given.get("apiId", mapping.api_id), given.get("stage", mapping.stage)
    if version_1 := _holder(backend, domain_name):
        _check_mapping(backend, version_1, domain_name, key, api_id, stage, but=mapping)
    mapping.api_mapping_key, mapping.api_id, mapping.stage = key, api_id, stage
    return 200, {}, json.dumps(mapping.to_json())


_REMAP.instead(ApiGatewayV2Response, "update_api_mapping")(_update_api_mapping)


def _holder(backend: ApiGatewayV2Backend, domain_name: str) -> APIGatewayBackend | None:
    """Find the version 1 of the backend that has the domain name, if it has."""
    version_1: APIGatewayBackend = apigateway_backends[backend.account_id][backend.region_name]
    return version_1 if domain_name in version_1.domain_names else None


def _check_mapping(
    backend: ApiGatewayV2Backend,
    version_1: APIGatewayBackend,
    domain_name: str,
    key: str,
    api_id: str,
    stage: str,
    *,
    but: ApiMapping | None = None,
) -> None:
    api = version_1.apis.get(api_id)
    if api is None:
        raise v2.ApiNotFound("The resource specified in the request was not found.")
    if stage not in api.stages:
        raise v2.BadRequestException(f"Invalid stage identifier specified: {stage}")
    if key != key.strip("/") or "//" in key:
        raise v2.BadRequestException(f"Invalid API mapping key: {key}")
    if "/" in key and version_1.domain_names[domain_name].security_policy == "TLS_1_0":
        raise v2.BadRequestException("Mappings of several levels need TLS 1.2")
    others = [each for each in backend.get_api_mappings(domain_name) if each is not but]
    if any(each.api_mapping_key == key for each in others):
        raise v2.BadRequestException(f"The domain has an API mapping {key!r} already")
