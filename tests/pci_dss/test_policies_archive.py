"""What the policies say of archives of logs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci
from pci_dss.policy import Result

from .documents import planned, verdicts

if TYPE_CHECKING:
    from pci_dss.policy import Verdict
    from terraform_plan.references import Resources

BUCKET = "aws_s3_bucket.logs"
TRAIL = {"aws_cloudtrail.organization": {"s3_bucket_name": "logs"}}
LOCK = "aws_s3_bucket_object_lock_configuration.logs"
POLICY = "aws_s3_bucket_policy.logs"
LIFECYCLE = "aws_s3_bucket_lifecycle_configuration.logs"


def archive(*resources: dict[str, Any], **bucket: Any) -> Resources:
    """Plan a bucket that a trail writes to, with what else is given."""
    values = {BUCKET: {"bucket": "logs", **bucket}, **TRAIL}
    for each in resources:
        values |= each
    return planned(values, unknown={BUCKET: {"id": True, "object_lock_configuration": True}})


def retention(**values: Any) -> dict[str, Any]:
    return {"bucket": "logs", "rule": [{"default_retention": [values]}]}


def told(verdict: Verdict) -> str:
    return "; ".join(verdict.reasons)


@pci("10.3.2", "10.5.1")
@pytest.mark.parametrize("lock", [{"days": 365}, {"days": 3653}, {"years": 1, "days": None}])
def test_an_archive_locked_for_twelve_months_passes(lock: dict[str, Any]) -> None:
    found = verdicts("PCI_4", archive({LOCK: retention(mode="COMPLIANCE", **lock)}))
    assert {address: verdict.result for address, verdict in found.items()} == {
        BUCKET: Result.PASS,
        LOCK: Result.PASS,
    }


@pci("10.3.2", "10.5.1")
@pytest.mark.parametrize(
    ("lock", "wrong"),
    [
        (retention(mode="GOVERNANCE", days=365), "locks in GOVERNANCE can be lifted"),
        (retention(mode="COMPLIANCE", days=1), "objects are locked for 1 days"),
        (retention(mode="COMPLIANCE", days=364), "objects are locked for 364 days"),
        ({"bucket": "logs", "rule": []}, "new objects aren't locked"),
    ],
)
def test_weak_locks_of_an_archive_fail(lock: dict[str, Any], wrong: str) -> None:
    verdict = verdicts("PCI_4", archive({LOCK: lock}))[LOCK]
    assert verdict.result == Result.FAIL
    assert told(verdict) == wrong


@pci("10.3.2")
@pytest.mark.parametrize(
    "writer",
    [
        TRAIL,
        {
            "aws_flow_log.vpc": {
                "log_destination_type": "s3",
                "log_destination": "arn:aws:s3:::logs",
            }
        },
        {
            "aws_kinesis_firehose_delivery_stream.logs": {
                "arn": "arn:stream",
                "extended_s3_configuration": [{"bucket_arn": "arn:aws:s3:::logs"}],
            },
            "aws_cloudwatch_log_destination.logs": {"target_arn": "arn:stream"},
        },
    ],
)
def test_what_logs_are_written_to_must_be_locked(writer: dict[str, Any]) -> None:
    found = verdicts(
        "PCI_4", planned({BUCKET: {"bucket": "logs", "arn": "arn:aws:s3:::logs"}, **writer})
    )
    assert told(found[BUCKET]) == "new objects aren't locked"


def test_the_lock_within_a_bucket_counts() -> None:
    lock = {"rule": [{"default_retention": [{"mode": "GOVERNANCE", "days": 400}]}]}
    bucket: dict[str, Any] = {"bucket": "logs", "object_lock_configuration": [lock]}
    values = {BUCKET: bucket, **TRAIL}
    assert told(verdicts("PCI_4", planned(values))[BUCKET]) == "locks in GOVERNANCE can be lifted"


def test_other_buckets_and_environments_may_stay_unlocked() -> None:
    others = {
        "aws_s3_bucket.images": {"bucket": "images"},
        "aws_s3_bucket.access_logs": {"bucket": "access-logs"},
        "aws_s3_bucket_logging.images": {"bucket": "images", "target_bucket": "access-logs"},
        "aws_flow_log.vpc": {"log_destination_type": "cloud-watch-logs"},
    }
    resources = planned(others, unknown={"aws_flow_log.vpc": {"log_destination": True}})
    assert not verdicts("PCI_4", resources)
    assert not verdicts("PCI_4", archive(tags_all={"environment": "dev"}))


def test_an_unknown_lock_is_not_evaluated() -> None:
    resources = planned(
        {BUCKET: {"bucket": "logs"}, LOCK: retention(mode="COMPLIANCE")},
        unknown={LOCK: {"rule": [{"default_retention": [{"days": True}]}]}},
    )
    assert verdicts("PCI_4", resources)[LOCK].result == Result.NOT_EVALUATED


def policy(attribute: str, *statements: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**values, attribute: json.dumps({"Statement": list(statements)})}


def sending(**elements: Any) -> dict[str, Any]:
    return {
        "Sid": "Send",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "logs:PutSubscriptionFilter",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        **elements,
    }


def destination(*statements: dict[str, Any]) -> Verdict:
    address = "aws_cloudwatch_log_destination_policy.logs"
    return verdicts("PCI_11", planned({address: policy("access_policy", *statements)}))[address]


@pci("10.3.1", "10.3.3")
@pytest.mark.parametrize(
    "statement",
    [
        sending(),
        sending(Action=["logs:PutSubscriptionFilter", "logs:PutAccountPolicy"]),
        sending(Principal={"AWS": ["123456789012"]}, Condition={}),
        sending(Effect="Deny", Condition={}),
    ],
)
def test_a_destination_for_the_organization_passes(statement: dict[str, Any]) -> None:
    assert destination(statement).result == Result.PASS


@pci("10.3.1", "10.3.3")
@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        (sending(Condition={}), "lets anyone send"),
        (sending(Principal={"AWS": "*"}, Condition={}), "lets anyone send"),
        (sending(Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}}), "lets anyone send"),
        (
            sending(Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}),
            "lets anyone send",
        ),
        (sending(Action="logs:*"), "allows logs:*, which is more than sending"),
    ],
)
def test_a_destination_for_others_fails(statement: dict[str, Any], wrong: str) -> None:
    assert told(destination(statement)) == f"statement Send {wrong}"


def test_an_unknown_policy_of_a_destination_is_not_evaluated() -> None:
    address = "aws_cloudwatch_log_destination_policy.logs"
    found = verdicts("PCI_11", planned({address: {}}, {address: {"access_policy": True}}))
    assert found[address].result == Result.NOT_EVALUATED


def refusing(action: Any, **elements: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
        **elements,
    }


PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
ENCRYPTED = refusing("s3:*", Condition=PLAIN_HTTP)
KEPT = refusing(["s3:DeleteObject", "s3:DeleteObjectVersion"])
WRITTEN: dict[str, Any] = {
    "Sid": "Trail",
    "Effect": "Allow",
    "Principal": {"Service": "cloudtrail.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::logs/*",
    "Condition": {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}},
}
OTHERS_REFUSED = refusing(
    "s3:*",
    Condition={"StringNotEqualsIfExists": {"aws:SourceOrgID": "o-a1b2c3d4e5"}},
)


def bucket_policy(*statements: dict[str, Any]) -> Verdict:
    return verdicts("PCI_30", archive({POLICY: policy("policy", *statements, bucket="logs")}))[
        POLICY
    ]


@pci("10.3.1", "4.2.1")
@pytest.mark.parametrize(
    "statements",
    [
        [ENCRYPTED, KEPT, WRITTEN],
        [ENCRYPTED, refusing("s3:Delete*"), WRITTEN],
        [ENCRYPTED, KEPT, {**WRITTEN, "Condition": {}}, OTHERS_REFUSED],
        [
            ENCRYPTED,
            refusing(
                "s3:Delete*",
                Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/a"}},
            ),
        ],
    ],
)
def test_a_policy_that_keeps_logs_passes(statements: list[dict[str, Any]]) -> None:
    verdict = bucket_policy(*statements)
    assert verdict.result == Result.PASS, told(verdict)


@pci("10.3.1", "4.2.1")
@pytest.mark.parametrize(
    ("statements", "wrong"),
    [
        ([KEPT, WRITTEN], "it doesn't refuse everyone requests without TLS"),
        (
            [refusing("s3:GetObject", Condition=PLAIN_HTTP), KEPT],
            "it doesn't refuse everyone requests without TLS",
        ),
        (
            [refusing("s3:*", Condition=PLAIN_HTTP, Resource="arn:aws:s3:::logs"), KEPT],
            "it doesn't refuse everyone requests without TLS",
        ),
        (
            [ENCRYPTED, refusing("s3:DeleteObject")],
            "it doesn't refuse everyone s3:DeleteObjectVersion",
        ),
        (
            [ENCRYPTED, refusing("s3:DeleteObject*", Principal={"AWS": "123456789012"})],
            "it doesn't refuse everyone s3:DeleteObject; "
            "it doesn't refuse everyone s3:DeleteObjectVersion",
        ),
        (
            [ENCRYPTED, refusing("s3:Delete*", Condition=PLAIN_HTTP)],
            "it doesn't refuse everyone s3:DeleteObject; "
            "it doesn't refuse everyone s3:DeleteObjectVersion",
        ),
        (
            [ENCRYPTED, KEPT, {**WRITTEN, "Condition": {}}],
            "statement Trail lets cloudtrail.amazonaws.com in, whoever it acts for",
        ),
        (
            [ENCRYPTED, KEPT, {**WRITTEN, "Principal": "*", "Condition": {}}],
            "statement Trail lets anyone in",
        ),
    ],
)
def test_a_policy_that_loses_logs_fails(statements: list[dict[str, Any]], wrong: str) -> None:
    assert told(bucket_policy(*statements)) == wrong


@pci("10.3.1")
def test_a_bucket_of_logs_needs_a_policy() -> None:
    assert told(verdicts("PCI_30", archive())[BUCKET]) == "it has no policy"


def test_who_writes_tells_that_a_bucket_made_elsewhere_keeps_logs() -> None:
    found = verdicts("PCI_30", planned({POLICY: policy("policy", WRITTEN, bucket="elsewhere")}))
    assert found[POLICY].result == Result.FAIL
    other = {**WRITTEN, "Principal": {"AWS": "123456789012"}}
    assert not verdicts("PCI_30", planned({POLICY: policy("policy", other, bucket="elsewhere")}))


def test_an_unknown_policy_of_a_bucket_is_not_evaluated() -> None:
    values = {BUCKET: {"bucket": "logs"}, POLICY: {"bucket": "logs"}, **TRAIL}
    found = verdicts("PCI_30", planned(values, {POLICY: {"policy": True}}))
    assert found[POLICY].result == Result.NOT_EVALUATED


def rule(**values: Any) -> dict[str, Any]:
    return {"bucket": "logs", "rule": [{"id": "expire", "status": "Enabled", **values}]}


def lifecycle(values: dict[str, Any], lock_days: int = 0) -> Verdict:
    locked = {LOCK: retention(mode="COMPLIANCE", days=lock_days)} if lock_days else {}
    return verdicts("PCI_31", archive({LIFECYCLE: values}, locked))[LIFECYCLE]


@pci("10.5.1")
@pytest.mark.parametrize(
    ("values", "lock_days"),
    [
        (rule(expiration=[{"days": 365}]), 0),
        (rule(expiration=[{"days": 0, "expired_object_delete_marker": True}]), 0),
        (rule(expiration=[{"days": 30}], status="Disabled"), 0),
        (rule(transition=[{"days": 90, "storage_class": "GLACIER"}]), 0),
        (rule(transition=[{"days": 30, "storage_class": "GLACIER_IR"}]), 0),
        (rule(noncurrent_version_expiration=[{"noncurrent_days": 365}]), 0),
        (rule(noncurrent_version_expiration=[{"noncurrent_days": 30}]), 365),
        (rule(abort_incomplete_multipart_upload=[{"days_after_initiation": 7}]), 0),
    ],
)
def test_rules_that_keep_logs_pass(values: dict[str, Any], lock_days: int) -> None:
    verdict = lifecycle(values, lock_days)
    assert verdict.result == Result.PASS, told(verdict)


@pci("10.5.1")
@pytest.mark.parametrize(
    ("values", "lock_days", "wrong"),
    [
        (rule(expiration=[{"days": 30}]), 0, "after 30 days, which is sooner than 365"),
        (rule(expiration=[{"days": 365}]), 730, "after 365 days, which is sooner than 730"),
        (rule(expiration=[{"date": "2027-01-01"}]), 0, "deletes everything on 2027-01-01"),
        (
            rule(noncurrent_version_expiration=[{"noncurrent_days": 30}]),
            0,
            "30 days after somebody hid them",
        ),
        (
            rule(transition=[{"days": 89, "storage_class": "DEEP_ARCHIVE"}]),
            0,
            "out of reach within three months",
        ),
    ],
)
def test_rules_that_lose_logs_fail(values: dict[str, Any], lock_days: int, wrong: str) -> None:
    verdict = lifecycle(values, lock_days)
    assert verdict.result == Result.FAIL
    assert wrong in told(verdict)


def test_unknown_rules_are_not_evaluated() -> None:
    values = {BUCKET: {"bucket": "logs"}, LIFECYCLE: {"bucket": "logs"}, **TRAIL}
    found = verdicts("PCI_31", planned(values, {LIFECYCLE: {"rule": True}}))
    assert found[LIFECYCLE].result == Result.NOT_EVALUATED


@pci("10.3.2", "3.7.5")
@pytest.mark.parametrize(
    ("address", "good", "bad"),
    [
        (BUCKET, {"bucket": "logs"}, {"bucket": "logs", "force_destroy": True}),
        ("aws_kms_key.a", {"deletion_window_in_days": 30}, {"deletion_window_in_days": 7}),
        ("aws_kms_replica_key.a", {}, {"deletion_window_in_days": 13}),
        (
            "aws_dynamodb_table.a",
            {"deletion_protection_enabled": True},
            {"deletion_protection_enabled": False},
        ),
        ("aws_dynamodb_table.a", {"deletion_protection_enabled": True}, {}),
    ],
)
def test_what_production_keeps_is_guarded(
    address: str, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    assert verdicts("PCI_32", planned({address: good, **TRAIL}))[address].result == Result.PASS
    assert verdicts("PCI_32", planned({address: bad, **TRAIL}))[address].result == Result.FAIL
    elsewhere = {**bad, "tags_all": {"environment": "qa"}}
    assert address not in verdicts("PCI_32", planned({address: elsewhere, **TRAIL}))


def test_unknown_guards_are_not_evaluated() -> None:
    unknown = {"aws_dynamodb_table.a": {"deletion_protection_enabled": True}}
    found = verdicts("PCI_32", planned({"aws_dynamodb_table.a": {}}, unknown))
    assert found["aws_dynamodb_table.a"].result == Result.NOT_EVALUATED
