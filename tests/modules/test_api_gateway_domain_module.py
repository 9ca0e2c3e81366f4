"""modules/api-gateway/domain: one name for several APIs and versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from harness.testing import AppliedRoot, PlannedRoot, Planner
    from harness.testing.static import ReadFolder

MODULE = "modules/api-gateway/domain"
NAME = "api.dev.payments.example"
DOMAIN = "aws_api_gateway_domain_name.domain"
IMPORTED = {"arn": "arn:aws:acm:eu-west-1:555555555555:certificate/imported"}
MUTUAL = {"truststore_uri": "s3://payments-truststores/partners.pem", "truststore_version": "3x"}
GOOD: dict[str, Any] = {
    "domain_name": NAME,
    "zone": {"id": "Z0123456789", "name": "dev.payments.example"},
    "mappings": {
        "v1/payments": {"api_id": "api0000001", "stage": "live"},
        "v2/payments": {"api_id": "api0000002", "stage": "live"},
    },
}
MAPPING = GOOD["mappings"]["v1/payments"]

REFUSED: dict[str, tuple[str, Any, str]] = {
    "wildcard": ("domain_name", "*.dev.payments.example", "without a wildcard"),
    "long_name": ("domain_name", f"{'a' * 50}.dev.payments.example", "at most 64 characters"),
    "foreign_name": ("domain_name", "api.payments.example", "isn't in the zone dev.payments"),
    "similar_name": ("domain_name", "apidev.payments.example", "isn't in the zone dev.payments"),
    "slash": ("mappings", {"/v1": MAPPING}, "without a slash at either end"),
    "empty_level": ("mappings", {"v1//payments": MAPPING}, "without a slash at either end"),
    "no_mapping": ("mappings", {}, "has 1 to 200 mappings"),
    "no_bucket": ("mutual_tls", {**MUTUAL, "truststore_uri": "https://x/y"}, "lies in S3"),
    "no_version": ("mutual_tls", {**MUTUAL, "truststore_version": ""}, "Give the version of"),
    "unversioned": ("mutual_tls", {**MUTUAL, "truststore_version": "null"}, "Give the version of"),
    "no_arn": ("imported_certificate", {"arn": "imported"}, "by its ARN in ACM"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value})


@pytest.fixture
def planned(plan: Planner) -> PlannedRoot:
    return plan(MODULE, GOOD)


@pci("4.2.1")
def test_the_domain_speaks_tls_1_2_or_better(planned: PlannedRoot) -> None:
    planned.one(DOMAIN).expect(
        security_policy="TLS_1_2", endpoint_configuration=[{"types": ["REGIONAL"]}]
    )
    planned.one("aws_acm_certificate").expect(domain_name=NAME, validation_method="DNS")
    alarm = planned.one("aws_cloudwatch_metric_alarm.certificate_expiry")
    alarm.expect(metric_name="DaysToExpiry", threshold=30, comparison_operator="LessThanThreshold")


def test_paths_of_several_levels_lead_to_their_apis(planned: PlannedRoot) -> None:
    planned.expect_counts(aws_apigatewayv2_api_mapping=2)
    newer = planned.one('aws_apigatewayv2_api_mapping.path["v2/payments"]')
    newer.expect(api_id="api0000002", api_mapping_key="v2/payments", stage="live")
    assert planned.outputs["addresses"]["v1/payments"] == f"https://{NAME}/v1/payments"


@pci("8.3.1")
def test_clients_may_need_a_certificate(plan: Planner) -> None:
    planned = plan(MODULE, {**GOOD, "mutual_tls": MUTUAL})
    domain = planned.one(DOMAIN)
    domain.expect(mutual_tls_authentication=[MUTUAL])
    # AWS refuses mutual TLS with any other policy on the domain.
    domain.expect(security_policy="TLS_1_2")


def test_an_imported_certificate_is_served_as_it_is(plan: Planner) -> None:
    planned = plan(MODULE, {**GOOD, "imported_certificate": IMPORTED})
    planned.one(DOMAIN).expect(regional_certificate_arn=IMPORTED["arn"])
    planned.expect_counts(aws_acm_certificate=0)


def test_mutual_tls_with_an_imported_certificate_proves_whose_the_name_is(
    plan: Planner, static: ReadFolder
) -> None:
    planned = plan(MODULE, {**GOOD, "imported_certificate": IMPORTED, "mutual_tls": MUTUAL})
    planned.one(DOMAIN).expect(regional_certificate_arn=IMPORTED["arn"])
    planned.one("aws_acm_certificate").expect(domain_name=NAME)
    # The provider leaves the attribute open in either plan, so what it is set to is read.
    proof = static(MODULE).resource(DOMAIN).get("ownership_verification_certificate_arn")
    assert "local.certificate_arn" in str(proof)


def test_two_versions_are_found_under_one_name(applied_api_gateway_domain: AppliedRoot) -> None:
    aws = applied_api_gateway_domain
    name = "api.integration.payments.example"
    mapped = aws.client("apigatewayv2").get_api_mappings(DomainName=name)["Items"]
    apis = {each["ApiMappingKey"]: each["ApiId"] for each in mapped}
    assert set(apis) == {"v1/payments", "v2/payments"}
    assert len(set(apis.values())) == 2
    domain = aws.client("apigateway").get_domain_name(domainName=name)
    certificate = aws.client("acm").describe_certificate(
        CertificateArn=domain["regionalCertificateArn"]
    )["Certificate"]
    assert (certificate["DomainName"], certificate["Status"]) == (name, "ISSUED")
    zone = aws.resources["aws_route53_zone.public"]["zone_id"]
    records = aws.client("route53").list_resource_record_sets(HostedZoneId=zone)
    (alias,) = [each for each in records["ResourceRecordSets"] if each["Type"] == "A"]
    assert alias["Name"] == f"{name}."
    assert alias["AliasTarget"]["DNSName"].rstrip(".") == domain["regionalDomainName"]
    for api_id in apis.values():
        api = aws.client("apigateway").get_rest_api(restApiId=api_id)
        assert api["disableExecuteApiEndpoint"] is True
