"""Route 53, ACM and SQS through boto3, where moto alone fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

VPC = {"VPCRegion": "eu-west-1", "VPCId": "vpc-0123456789abcdef0"}


@pytest.mark.mends("route53:CreateHostedZone")
def test_a_zone_that_is_made_for_a_vpc_is_private(client: Callable[[str], Any]) -> None:
    route53 = client("route53")
    made = route53.create_hosted_zone(Name="services.example", CallerReference="once", VPC=VPC)
    zone = route53.get_hosted_zone(Id=made["HostedZone"]["Id"])
    assert zone["HostedZone"]["Config"]["PrivateZone"] is True
    assert zone["VPCs"] == [VPC]


@pytest.mark.mends("acm:DescribeCertificate")
def test_a_certificate_is_issued_when_its_records_are_there(client: Callable[[str], Any]) -> None:
    acm, route53 = client("acm"), client("route53")
    arn = acm.request_certificate(
        DomainName="fraud.example.com",
        SubjectAlternativeNames=["dashboard.example.com"],
        ValidationMethod="DNS",
    )["CertificateArn"]
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="public")["HostedZone"]

    def status() -> str:
        return str(acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"])

    certificate = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    for option in certificate["DomainValidationOptions"]:
        assert status() == "PENDING_VALIDATION"
        record = option["ResourceRecord"]
        wanted = {
            "Name": record["Name"],
            "Type": record["Type"],
            "TTL": 300,
            "ResourceRecords": [{"Value": record["Value"]}],
        }
        route53.change_resource_record_sets(
            HostedZoneId=zone["Id"],
            ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": wanted}]},
        )
    assert status() == "ISSUED"
    (lasting,) = client("cloudwatch").list_metrics(Namespace="AWS/CertificateManager")["Metrics"]
    assert lasting["MetricName"] == "DaysToExpiry"
    assert lasting["Dimensions"] == [{"Name": "CertificateArn", "Value": arn}]


class Changing:
    """Zones that another request is changing."""

    def values(self) -> None:
        """Fail as a dictionary does."""
        raise RuntimeError("dictionary changed size during iteration")


def test_a_certificate_whose_check_broke_off_is_not_issued(
    client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moto.settings.ACM_VALIDATION_WAIT", 0)
    acm = client("acm")
    arn = acm.request_certificate(DomainName="late.example.com", ValidationMethod="DNS")[
        "CertificateArn"
    ]
    with monkeypatch.context() as patch:
        patch.setattr("harness.aws.supplement.acm.route53_backends", Changing())
        with pytest.raises(ClientError, match="changed size"):
            acm.describe_certificate(CertificateArn=arn)
    described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert described["Status"] == "PENDING_VALIDATION"


@pytest.mark.mends("sqs:GetQueueAttributes")
def test_a_redrive_policy_is_written_as_aws_writes_it(client: Callable[[str], Any]) -> None:
    sqs = client("sqs")
    letters = sqs.create_queue(QueueName="letters")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]
    policy = json.dumps(
        {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 3}, separators=(",", ":")
    )
    queue = sqs.create_queue(QueueName="queue", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["RedrivePolicy"] == policy
    assert "RedrivePolicy" not in sqs.get_queue_attributes(
        QueueUrl=letters, AttributeNames=["All"]
    ).get("Attributes", {})


@pytest.mark.mends("route53:ListReusableDelegationSets")
def test_name_servers_of_a_zone_are_no_reusable_set(client: Callable[[str], Any]) -> None:
    route53 = client("route53")
    mine = route53.create_reusable_delegation_set(CallerReference="mine")["DelegationSet"]
    zone = route53.create_hosted_zone(Name="one.example", CallerReference="one")
    assert len(zone["DelegationSet"]["NameServers"]) == 4
    route53.create_hosted_zone(
        Name="two.example", CallerReference="two", DelegationSetId=mine["Id"]
    )
    (listed,) = route53.list_reusable_delegation_sets()["DelegationSets"]
    assert listed["Id"] == mine["Id"]


@pytest.mark.mends("route53:DeleteHostedZone")
def test_a_zones_tags_go_with_it(client: Callable[[str], Any]) -> None:
    route53 = client("route53")
    zone_id = route53.create_hosted_zone(Name="one.example", CallerReference="one")["HostedZone"][
        "Id"
    ].removeprefix("/hostedzone/")
    zone = {"ResourceType": "hostedzone", "ResourceId": zone_id}
    route53.change_tags_for_resource(**zone, AddTags=[{"Key": "scope", "Value": "pci-cde"}])
    route53.delete_hosted_zone(Id=zone_id)
    tags = route53.list_tags_for_resource(**zone)["ResourceTagSet"]
    assert tags["Tags"] == []
