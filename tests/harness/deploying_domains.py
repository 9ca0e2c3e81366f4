"""Custom domains made by API calls, for tests of what serves and keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3


def issued_certificate(session: boto3.Session, name: str) -> str:
    """Have a certificate issued by the DNS record that proves the name; returns its ARN."""
    acm, route53 = session.client("acm"), session.client("route53")
    arn: str = acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"]
    described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    record = described["DomainValidationOptions"][0]["ResourceRecord"]
    zone = route53.create_hosted_zone(Name=name.partition(".")[2], CallerReference=name)
    route53.change_resource_record_sets(
        HostedZoneId=zone["HostedZone"]["Id"],
        ChangeBatch={
            "Changes": [
                {
                    "Action": "UPSERT",
                    "ResourceRecordSet": {
                        "Name": record["Name"],
                        "Type": record["Type"],
                        "TTL": 60,
                        "ResourceRecords": [{"Value": record["Value"]}],
                    },
                }
            ]
        },
    )
    return arn


@dataclass
class CustomDomainDeployer:
    """Makes Regional domain names in an account of the embedded AWS."""

    session: boto3.Session
    _mapping_ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def domain(self, name: str, **settings: Any) -> Mapping[str, Any]:
        """A domain name with an issued certificate; ``settings`` are CreateDomainName's."""
        made: Mapping[str, Any] = self.session.client("apigateway").create_domain_name(
            domainName=name,
            regionalCertificateArn=issued_certificate(self.session, name),
            endpointConfiguration={"types": ["REGIONAL"]},
            **settings,
        )
        return made

    def change(self, name: str, path: str, value: str) -> None:
        """Replace one setting of a domain name."""
        self.session.client("apigateway").update_domain_name(
            domainName=name, patchOperations=[{"op": "replace", "path": path, "value": value}]
        )

    def map(self, name: str, key: str, api_id: str, stage: str = "live") -> None:
        """Map a base path of a domain name to a stage."""
        made = self.session.client("apigatewayv2").create_api_mapping(
            DomainName=name, ApiMappingKey=key, ApiId=api_id, Stage=stage
        )
        self._mapping_ids[name, key] = made["ApiMappingId"]

    def unmap(self, name: str, key: str) -> None:
        """Take a mapping away."""
        self.session.client("apigatewayv2").delete_api_mapping(
            DomainName=name, ApiMappingId=self._mapping_ids.pop((name, key))
        )
