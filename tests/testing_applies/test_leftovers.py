"""What the embedded AWS holds that it didn't hold before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from moto.core.base_backend import AccountSpecificBackend

from harness.testing.leftovers import Watch, describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS

HERE, ELSEWHERE = "555555555555", "666666666666"


@pytest.fixture
def watch(aws: EmbeddedAWS) -> Iterator[Watch]:
    with Watch() as watch:
        yield watch
    aws.reset()


def test_what_stays_in_another_account_and_region_is_found(aws: EmbeddedAWS, watch: Watch) -> None:
    before = watch.now()
    aws.client("sns", HERE).create_topic(Name="gone")
    aws.session(ELSEWHERE).client("sns", region_name="us-west-2").create_topic(Name="left")
    aws.client("sns", HERE).delete_topic(TopicArn=f"arn:aws:sns:eu-west-1:{HERE}:gone")
    left = watch.leftovers(before)
    assert describe(left) == (
        f"  {ELSEWHERE} us-west-2 sns topics: arn:aws:sns:us-west-2:{ELSEWHERE}:left"
    )


def test_what_was_there_before_is_no_leftover(aws: EmbeddedAWS, watch: Watch) -> None:
    aws.client("logs", HERE).create_log_group(logGroupName="before")
    before = watch.now()
    assert watch.leftovers(before) == ()
    aws.client("logs", HERE).create_log_group(logGroupName="after")
    assert [thing.id for thing in watch.leftovers(before)] == ["after"]


def test_what_aws_brings_itself_is_no_leftover(aws: EmbeddedAWS, watch: Watch) -> None:
    before = watch.now()
    networks = aws.client("ec2", ELSEWHERE).describe_vpcs()["Vpcs"]
    buses = aws.client("events", ELSEWHERE).list_event_buses()["EventBuses"]
    assert networks
    assert buses
    assert watch.leftovers(before) == ()
    aws.reset()
    assert aws.client("ec2", ELSEWHERE).describe_vpcs()["Vpcs"] != networks
    assert watch.leftovers(before) == ()


def test_what_lies_in_something_older_is_found(aws: EmbeddedAWS, watch: Watch) -> None:
    s3 = aws.client("s3", HERE)
    s3.create_bucket(
        Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    before = watch.now()
    s3.put_object(Bucket="archive", Key="entry", Body=b"1")
    aws.client("events", HERE).put_rule(Name="sweep", ScheduleExpression="rate(1 minute)")
    assert [(thing.service, thing.kind, thing.id) for thing in watch.leftovers(before)] == [
        ("events", "event_buses/rules", "default/sweep"),
        ("s3", "buckets/keys", "archive/entry"),
    ]


def test_the_name_is_told_where_the_id_says_nothing(aws: EmbeddedAWS, watch: Watch) -> None:
    before = watch.now()
    aws.client("iam", HERE).create_role(RoleName="sweeper", AssumeRolePolicyDocument="{}")
    (role,) = watch.leftovers(before)
    assert role.id.startswith("AROA")
    assert role.id.endswith(" (sweeper)")
    assert role.region == "global"


def test_what_aws_keeps_is_told_apart_with_the_reason(aws: EmbeddedAWS, watch: Watch) -> None:
    before = watch.now()
    kms, secrets = aws.client("kms", HERE), aws.client("secretsmanager", HERE)
    waiting = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=waiting)
    alive = kms.create_key()["KeyMetadata"]["KeyId"]
    secrets.create_secret(Name="gone", SecretString="x")
    secrets.delete_secret(SecretId="gone")
    secrets.create_secret(Name="alive", SecretString="x")
    aws.client("cloudwatch", HERE).put_metric_data(
        Namespace="payments", MetricData=[{"MetricName": "paid", "Value": 1}]
    )
    assert [thing.id for thing in watch.leftovers(before)] == [alive, "alive"]
    kept = {
        f"{thing.service} {thing.kind}": reason
        for thing, reason in watch.kept_by_aws(before).items()
        if thing.account_id == HERE
    }
    assert kept == {
        "cloudwatch metric_data": "metrics can't be deleted; they expire",
        "iam access_keys": "a session's keys expire",
        "kms keys": "a key waits 7 to 30 days before it is deleted",
        "secretsmanager secrets": "a secret can be restored for 7 to 30 days",
        "sts assumed_roles": "a session expires",
    }


def test_aws_managed_keys_are_none(aws: EmbeddedAWS, watch: Watch) -> None:
    before = watch.now()
    kms = aws.client("kms", HERE)
    managed = kms.describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]["KeyId"]
    assert managed in [key["KeyId"] for key in kms.list_keys()["Keys"]]
    assert watch.leftovers(before) == ()


def test_a_deleted_nat_gateway_is_none(aws: EmbeddedAWS, watch: Watch) -> None:
    ec2 = aws.client("ec2", HERE)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    before = watch.now()
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    assert "nat_gateways" in {thing.kind for thing in watch.leftovers(before)}
    ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    ec2.release_address(AllocationId=address)
    assert watch.leftovers(before) == ()


def test_tags_of_what_is_gone_are_none(aws: EmbeddedAWS, watch: Watch) -> None:
    ec2 = aws.client("ec2", HERE)
    ec2.describe_vpcs()
    before = watch.now()
    named = [{"Key": "Name", "Value": "payments"}]
    group = ec2.create_security_group(GroupName="services", Description="Services")["GroupId"]
    ec2.create_tags(Resources=[group], Tags=named)
    assert group in {name for thing in watch.leftovers(before) for name in thing.names}
    ec2.delete_security_group(GroupId=group)
    assert watch.leftovers(before) == ()


def test_services_that_ecs_remembers_as_inactive_are_none(aws: EmbeddedAWS, watch: Watch) -> None:
    before = watch.now()
    ecs = aws.client("ecs", HERE)
    ecs.create_cluster(clusterName="payments")
    container = {"name": "service", "image": "fraud", "memory": 512}
    ecs.register_task_definition(family="fraud", containerDefinitions=[container])
    ecs.create_service(cluster="payments", serviceName="fraud", taskDefinition="fraud")
    assert {thing.kind for thing in watch.leftovers(before)} == {
        "clusters",
        "services",
        "task_definitions",
    }
    ecs.delete_service(cluster="payments", service="fraud", force=True)
    ecs.deregister_task_definition(taskDefinition="fraud:1")
    ecs.delete_cluster(cluster="payments")
    assert watch.leftovers(before) == ()


def test_tokens_of_requests_for_certificates_are_none(aws: EmbeddedAWS, watch: Watch) -> None:
    before = watch.now()
    acm = aws.client("acm", HERE)
    made = acm.request_certificate(DomainName="payments.example", IdempotencyToken="once")
    assert {thing.service for thing in watch.leftovers(before)} == {"acm"}
    acm.delete_certificate(CertificateArn=made["CertificateArn"])
    assert watch.leftovers(before) == ()


def test_records_in_an_older_log_group_are_none(aws: EmbeddedAWS, watch: Watch) -> None:
    logs = aws.client("logs", HERE)
    logs.create_log_group(logGroupName="journal")
    before = watch.now()
    logs.create_log_stream(logGroupName="journal", logStreamName="today")
    assert watch.leftovers(before) == ()


def test_a_watch_leaves_moto_as_it_was() -> None:
    before = AccountSpecificBackend.__getitem__
    with Watch():
        assert AccountSpecificBackend.__getitem__ is not before
    assert AccountSpecificBackend.__getitem__ is before
