"""CloudTrail through boto3: trails, their selectors and who may touch them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from harness.testing.log_archive import Archive


@pytest.fixture
def ready(archive: Archive) -> Archive:
    """The archive, whose bucket and key let the trail in."""
    archive.let_trail_in()
    return archive


def second_trail(archive: Archive) -> None:
    """Make another trail, in a bucket of the management account."""
    s3, arn = archive.manager("s3"), archive.trail_arn.replace("organization", "second")
    s3.create_bucket(
        Bucket="second-logs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    bucket = "arn:aws:s3:::second-logs"
    statement = {
        **service,
        "Action": ["s3:GetBucketAcl", "s3:PutObject"],
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"StringEquals": {"aws:SourceArn": arn}},
    }
    s3.put_bucket_policy(Bucket="second-logs", Policy=json.dumps({"Statement": [statement]}))
    archive.manager("cloudtrail").create_trail(Name="second", S3BucketName="second-logs")


@pytest.mark.mends("cloudtrail:CreateTrail")
def test_a_trail_needs_a_bucket_and_a_key_that_let_it_in(archive: Archive) -> None:
    trails = archive.manager("cloudtrail")
    archive.allow_on_key()
    archive.allow_on_bucket(archive.aws.management_account)
    with pytest.raises(ClientError, match="InsufficientS3BucketPolicyException"):
        trails.create_trail(**archive.trail)  # the folder of the organization is missing
    archive.let_trail_in()
    trails.create_trail(**archive.trail)
    archive.allow_on_bucket(archive.organization_id)
    with pytest.raises(ClientError, match="InsufficientS3BucketPolicyException"):
        trails.update_trail(Name="organization", IsMultiRegionTrail=False)
    assert trails.get_trail(Name="organization")["Trail"]["IsMultiRegionTrail"]


def test_a_trail_needs_a_key_that_lets_it_in(archive: Archive) -> None:
    archive.allow_on_bucket(archive.aws.management_account, archive.organization_id)
    with pytest.raises(ClientError, match="InsufficientEncryptionPolicyException"):
        archive.manager("cloudtrail").create_trail(**archive.trail)


def test_only_the_management_account_has_the_organizations_trail(ready: Archive) -> None:
    with pytest.raises(ClientError, match="NotOrganizationMasterAccountException"):
        ready.sender("cloudtrail").create_trail(**ready.trail)
    ready.manager("organizations").disable_aws_service_access(
        ServicePrincipal="cloudtrail.amazonaws.com"
    )
    with pytest.raises(ClientError, match="CloudTrailAccessNotEnabledException"):
        ready.manager("cloudtrail").create_trail(**ready.trail)


@pytest.mark.mends("cloudtrail:DescribeTrails")
def test_trails_are_told_apart(ready: Archive) -> None:
    trails = ready.manager("cloudtrail")
    trails.create_trail(**ready.trail)
    second_trail(ready)
    for name in ("organization", "second", ready.trail_arn):
        (found,) = trails.describe_trails(trailNameList=[name])["trailList"]
        assert name in (found["Name"], found["TrailARN"])
    (shadow,) = ready.sender("cloudtrail").describe_trails()["trailList"]
    assert shadow["TrailARN"] == ready.trail_arn
    assert shadow["IsOrganizationTrail"]


@pytest.mark.mends("cloudtrail:DeleteTrail")
def test_a_trail_is_deleted_by_its_arn(ready: Archive) -> None:
    trails = ready.manager("cloudtrail")
    trails.create_trail(**ready.trail)
    trails.delete_trail(Name=ready.trail_arn)
    assert trails.describe_trails()["trailList"] == []
    with pytest.raises(trails.exceptions.TrailNotFoundException):
        trails.delete_trail(Name=ready.trail_arn)


@pytest.mark.mends("cloudtrail:StartLogging")
def test_members_cant_stop_the_organizations_trail(ready: Archive) -> None:
    trails = ready.manager("cloudtrail")
    trails.create_trail(**ready.trail)
    trails.start_logging(Name="organization")
    of_member = ready.sender("cloudtrail")
    for change in (of_member.stop_logging, of_member.delete_trail, of_member.update_trail):
        with pytest.raises(of_member.exceptions.NotOrganizationMasterAccountException):
            change(Name=ready.trail_arn)
    assert of_member.get_trail_status(Name=ready.trail_arn)["IsLogging"]
    assert "LatestDeliveryTime" not in trails.get_trail_status(Name="organization")
    ready.aws.deliver_trails()
    assert trails.get_trail_status(Name="organization")["LatestDeliveryTime"]
    trails.stop_logging(Name="organization")
    assert not trails.get_trail_status(Name="organization")["IsLogging"]


@pytest.mark.mends("cloudtrail:PutEventSelectors")
def test_one_kind_of_selectors_replaces_the_other(ready: Archive) -> None:
    trails = ready.manager("cloudtrail")
    trails.create_trail(**ready.trail)
    name = {"TrailName": "organization"}
    found = trails.get_event_selectors(**name)
    assert found["EventSelectors"][0]["ReadWriteType"] == "All"
    assert not trails.get_trail(Name="organization")["Trail"]["HasCustomEventSelectors"]

    management = {"Field": "eventCategory", "Equals": ["Management"]}
    advanced = [{"Name": "management", "FieldSelectors": [management]}]
    trails.put_event_selectors(**name, AdvancedEventSelectors=advanced)
    found = trails.get_event_selectors(**name)
    assert found["AdvancedEventSelectors"] == advanced
    assert "EventSelectors" not in found
    assert trails.get_trail(Name="organization")["Trail"]["HasCustomEventSelectors"]

    basic: list[dict[str, Any]] = [{"ReadWriteType": "WriteOnly", "DataResources": []}]
    trails.put_event_selectors(**name, EventSelectors=basic)
    found = trails.get_event_selectors(**name)
    assert found["EventSelectors"] == basic
    assert "AdvancedEventSelectors" not in found


@pytest.mark.mends("cloudtrail:PutInsightSelectors")
def test_insights_can_be_switched_off_again(ready: Archive) -> None:
    trails = ready.manager("cloudtrail")
    trails.create_trail(**ready.trail)
    name = {"TrailName": "organization"}
    kinds = [{"InsightType": "ApiCallRateInsight"}]
    for _ in range(2):
        trails.put_insight_selectors(**name, InsightSelectors=kinds)
    assert trails.get_insight_selectors(**name)["InsightSelectors"] == kinds
    assert trails.get_trail(Name="organization")["Trail"]["HasInsightSelectors"]
    trails.put_insight_selectors(**name, InsightSelectors=[])
    with pytest.raises(ClientError, match="InsightNotEnabledException"):
        trails.get_insight_selectors(**name)


@pytest.mark.mends("cloudtrail:ListPublicKeys")
def test_each_region_has_a_key(archive: Archive) -> None:
    session = archive.aws.session(archive.account_id)
    found = [
        session.client("cloudtrail", region_name=region).list_public_keys()["PublicKeyList"]
        for region in ("eu-west-1", "us-east-1")
    ]
    ((first,), (second,)) = found
    assert first["Fingerprint"] != second["Fingerprint"]
    assert first["ValidityStartTime"] < first["ValidityEndTime"]
