"""modules/org-logging/archive: locked buckets, and the way of other accounts' logs into them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from harness.log_paths import Archive
from harness.testing import pci, rejects

if TYPE_CHECKING:
    from harness.testing import AppliedRoot, PlannedRoot, Planner
    from harness.testing.examples import ExamplePlanner

MODULE = "modules/org-logging/archive"
ORGANIZATION = "o-a1b2c3d4e5"
MANAGEMENT = "111111111111"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{MANAGEMENT}:trail/payments-organization"
BUCKETS = ("production", "nonproduction")

SHORT = {"lock_mode": "GOVERNANCE", "lock_days": 7, "sender_account_ids": ["444444444444"]}
FOR_GOOD = {
    "lock_mode": "COMPLIANCE",
    "lock_days": 365,
    "acknowledgement": "nobody can delete a log for 365 days",
    "sender_account_ids": ["777777777777"],
}
GOOD: dict[str, Any] = {
    "name": "payments",
    "organization_id": ORGANIZATION,
    "administrator_role_arns": ["arn:aws:iam::222222222222:role/payments-deploy"],
    "buckets": {"short": SHORT},
}
WRITES_TO = {"name": "payments-organization", "management_account_id": MANAGEMENT}


def bucket(**changes: Any) -> dict[str, Any]:
    return {"short": {**SHORT, **changes}}


REFUSED: dict[str, tuple[str, Any, str]] = {
    "capital_name": ("name", "Payments", "lower-case letters"),
    "no_organization": ("organization_id", "r-a1b2", 'begins with "o-"'),
    "locked_out": ("administrator_role_arns", [], "at least one role by its ARN"),
    "anybody": ("administrator_role_arns", ["*"], "at least one role by its ARN"),
    "no_buckets": ("buckets", {}, "at least one bucket"),
    "no_mode": ("buckets", bucket(lock_mode="NONE"), '"COMPLIANCE", which nobody can lift'),
    "no_days": ("buckets", bucket(lock_days=0), "1 to 3,653 whole days"),
    "half_days": ("buckets", bucket(lock_days=1.5), "1 to 3,653 whole days"),
    "gone_before_its_lock": ("buckets", bucket(keep_days=6), "at least as long as they are locked"),
    "cold_too_soon": (
        "buckets",
        bucket(keep_days=200, cold_after_days=89),
        "PCI DSS 10.5.1 wants three months of logs at hand",
    ),
    "cold_after_the_end": ("buckets", bucket(cold_after_days=90), "before they expire"),
    "sender_by_name": ("buckets", bucket(sender_account_ids=["dev"]), "12-digit id of an account"),
    "never_silent": ("buckets", bucket(silent_after_hours=25), "after 1 to 24 hours"),
    "trail_elsewhere": ("trail", {**WRITES_TO, "bucket": "production"}, "none of `buckets`"),
    "trail_of_nobody": (
        "trail",
        {"name": "t", "management_account_id": "1", "bucket": "short"},
        "belongs to the management account",
    ),
    "hasty": ("buffer", {"seconds": 10}, "every 60 to 900 seconds"),
    "hoarding": ("buffer", {"megabytes": 129}, "1 to 128 megabytes"),
    "false_alarm": ("stalled_after_seconds", 60, "later than a stream normally writes"),
    "short_access_logs": ("access_log_days", 90, "PCI DSS 10.5.1 wants twelve months"),
    "key_gone_tomorrow": ("key_deletion_window_days", 1, "7 to 30 days"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, variable: value})


@pci("10.5.1")
def test_compliance_is_for_twelve_months_at_least(plan: Planner) -> None:
    acknowledged = "nobody can delete a log for 364 days"
    shorter = {**FOR_GOOD, "lock_days": 364, "acknowledgement": acknowledged}
    with rejects(variable="buckets", match=r"10\.5\.1 wants logs kept for twelve months"):
        plan(MODULE, {**GOOD, "buckets": {"production": shorter}})


@pci("10.3.2")
@pytest.mark.parametrize("said", ["", "yes", "nobody can delete a log for 365 days"])
def test_compliance_is_acknowledged_with_its_days_and_says_until_when(
    plan: Planner, said: str
) -> None:
    forever = {**FOR_GOOD, "lock_days": 400, "acknowledgement": said}
    with rejects(variable="buckets", match="COMPLIANCE can't be undone") as rejection:
        plan(MODULE, {**GOOD, "buckets": {"production": forever, "short": SHORT}})
    today = datetime.now(UTC).date()
    days = {(today + timedelta(days=400 + late)).isoformat() for late in (0, 1)}
    (refusal,) = rejection.matching
    words = " ".join(refusal.message.split())
    assert set(re.findall(r"\d{4}-\d\d-\d\d", words)) < days, words
    assert 'set its acknowledgement to "nobody can delete a log for 400 days"' in words


@pytest.fixture
def planned(plan_example: ExamplePlanner) -> PlannedRoot:
    return plan_example(f"{MODULE}/README.md")


def at(kind: str, key: str = "") -> str:
    return f"module.archive.{kind}" + (f'["{key}"]' if key else "")


def statements(planned: PlannedRoot, address: str, attribute: str = "policy") -> dict[str, Any]:
    """The statements of a policy by their ids."""
    listed = planned.one(address).json(attribute)["Statement"]
    return {statement["Sid"]: statement for statement in listed}


def test_names_are_those_that_senders_compute(planned: PlannedRoot) -> None:
    for name in BUCKETS:
        account = planned.one(at("aws_s3_bucket.access_logs"))["bucket"].rpartition("-")[2]
        planned.one(at("aws_s3_bucket.archive", name)).expect(
            bucket=f"payments-logs-{name}-{account}", force_destroy=False
        )
        destination = at("aws_cloudwatch_log_destination.archive", name)
        planned.one(destination).expect(name=f"payments-logs-{name}")


@pci("10.3.2")
def test_no_bucket_is_destroyed_with_the_logs_in_it(planned: PlannedRoot) -> None:
    buckets = [at("aws_s3_bucket.access_logs"), *(at("aws_s3_bucket.archive", n) for n in BUCKETS)]
    for address in buckets:
        planned.one(address).expect(force_destroy=False)


@pci("10.3.2")
@pytest.mark.parametrize(
    ("name", "mode", "days"),
    [("production", "COMPLIANCE", 365), ("nonproduction", "GOVERNANCE", 7)],
)
def test_every_object_is_locked(planned: PlannedRoot, name: str, mode: str, days: int) -> None:
    planned.one(at("aws_s3_bucket.archive", name)).expect(object_lock_enabled=True)
    planned.one(at("aws_s3_bucket_versioning.archive", name)).expect(
        versioning_configuration=[{"status": "Enabled"}]
    )
    planned.one(at("aws_s3_bucket_object_lock_configuration.archive", name)).expect(
        rule=[{"default_retention": [{"mode": mode, "days": days}]}]
    )
    policy = statements(planned, at("aws_s3_bucket_policy.archive", name))
    assert set(policy["RefuseDeletes"]["Action"]) == {
        "s3:BypassGovernanceRetention",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    }
    assert "Condition" not in policy["RefuseDeletes"], "nobody is exempt"
    assert policy["RefuseShorterLocks"]["Condition"] == {
        "NumericLessThan": {"s3:object-lock-remaining-retention-days": str(days)}
    }
    modes = policy["RefuseWeakerLocks"]["Condition"]["StringNotEquals"]["s3:object-lock-mode"]
    assert modes == (["COMPLIANCE"] if mode == "COMPLIANCE" else ["COMPLIANCE", "GOVERNANCE"])


@pci("10.5.1")
@pytest.mark.parametrize(("name", "days"), [("production", 365), ("nonproduction", 30)])
def test_nothing_expires_before_its_lock(planned: PlannedRoot, name: str, days: int) -> None:
    lifecycle = planned.one(at("aws_s3_bucket_lifecycle_configuration.archive", name))
    expiring, clearing = lifecycle["rule"]
    assert expiring["expiration"][0]["days"] == days
    assert not clearing["expiration"][0]["days"]
    assert clearing["expiration"][0]["expired_object_delete_marker"] is True
    moves = [move["days"] for move in expiring["transition"]]
    assert moves == ([90] if name == "production" else [])


@pci("10.3.1", "4.2.1")
@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_are_private_and_speak_tls(planned: PlannedRoot, name: str) -> None:
    for kind in (at("{}.archive", name), at("{}.access_logs")):
        planned.one(kind.format("aws_s3_bucket_public_access_block")).expect(
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        planned.one(kind.format("aws_s3_bucket_ownership_controls")).expect(
            rule=[{"object_ownership": "BucketOwnerEnforced"}]
        )
        policy = statements(planned, kind.format("aws_s3_bucket_policy"))
        insecure = policy["RefuseInsecureTransport"]
        assert insecure["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert insecure["Effect"] == "Deny"
    old = statements(planned, at("aws_s3_bucket_policy.archive", name))["RefuseOldTls"]
    assert old["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}


@pci("10.3.2")
@pytest.mark.parametrize("name", BUCKETS)
def test_only_the_administrator_changes_a_bucket(planned: PlannedRoot, name: str) -> None:
    refusal = statements(planned, at("aws_s3_bucket_policy.archive", name))[
        "RefuseOtherAdministrators"
    ]
    administrators = ["arn:aws:iam::555555555555:role/OrganizationAccountAccessRole"]
    assert refusal["Condition"] == {"ArnNotLike": {"aws:PrincipalArn": administrators}}
    assert set(refusal["Action"]) >= {
        "s3:DeleteBucketPolicy",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutLifecycleConfiguration",
    }


@pci("10.3.2")
@pytest.mark.parametrize("name", BUCKETS)
def test_nobody_plants_a_log(planned: PlannedRoot, name: str) -> None:
    policy = statements(planned, at("aws_s3_bucket_policy.archive", name))
    account = planned.one(at("aws_s3_bucket.access_logs"))["bucket"].rpartition("-")[2]
    writer = f"arn:aws:iam::{account}:role/payments-logs-{name}-stream"
    assert policy["RefuseOtherWriters"]["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": writer},
        "Bool": {"aws:PrincipalIsAWSService": "false"},
    }
    assert policy["RefuseServicesForOtherOrganizations"]["Condition"] == {
        "Bool": {"aws:PrincipalIsAWSService": "true"},
        "Null": {"aws:SourceAccount": "false"},
        "StringNotEqualsIfExists": {"aws:SourceOrgID": ORGANIZATION},
    }


@pci("10.2.1")
def test_trail_writes_for_its_account_and_for_the_organization(planned: PlannedRoot) -> None:
    policy = statements(planned, at("aws_s3_bucket_policy.archive", "production"))
    folders = [resource.partition("/")[2] for resource in policy["LetTrailWrite"]["Resource"]]
    assert folders == [f"AWSLogs/{MANAGEMENT}/*", f"AWSLogs/{ORGANIZATION}/*"]
    for sid in ("LetTrailCheck", "LetTrailWrite"):
        assert policy[sid]["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        assert policy[sid]["Condition"] == {"StringEquals": {"aws:SourceArn": TRAIL}}
    other = statements(planned, at("aws_s3_bucket_policy.archive", "nonproduction"))
    assert not [sid for sid, statement in other.items() if statement["Effect"] == "Allow"]


@pci("10.3.1")
@pytest.mark.parametrize(
    ("name", "sender"), [("production", "777777777777"), ("nonproduction", "444444444444")]
)
def test_destinations_are_for_the_organization(
    planned: PlannedRoot, name: str, sender: str
) -> None:
    policy = at("aws_cloudwatch_log_destination_policy.archive", name)
    (statement,) = planned.one(policy).json("access_policy")["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    assert statement["Action"] == ["logs:PutAccountPolicy", "logs:PutSubscriptionFilter"]
    assert statement["Resource"].endswith(f":destination:payments-logs-{name}")
    trust = statements(planned, at("aws_iam_role.destination", name), "assume_role_policy")
    sources = trust["LetSendersIn"]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert f"arn:aws:logs:eu-west-1:{sender}:*" in sources
    assert len(sources) == 2, "the sender and the archive itself"


@pci("10.3.3")
@pytest.mark.parametrize("name", BUCKETS)
def test_streams_keep_whose_log_it_is(planned: PlannedRoot, name: str) -> None:
    stream = planned.one(at("aws_kinesis_firehose_delivery_stream.archive", name))
    stream.expect(
        destination="extended_s3",
        server_side_encryption=[{"enabled": True, "key_type": "CUSTOMER_MANAGED_CMK"}],
        extended_s3_configuration=[
            {
                "buffering_interval": 60,
                "compression_format": "GZIP",
                "prefix": "cloudwatch/!{timestamp:yyyy/MM/dd/HH}/",
                "error_output_prefix": (
                    "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
                ),
            }
        ],
    )
    (settings,) = stream["extended_s3_configuration"]
    (processing,) = settings["processing_configuration"]
    kinds = [processor["type"] for processor in processing["processors"]]
    assert processing["enabled"] is True
    assert kinds == ["Decompression", "AppendDelimiterToRecord"], "no second gzip, no lost envelope"
    (errors,) = settings["cloudwatch_logging_options"]
    assert errors["enabled"] is True
    group = planned.one(at("aws_cloudwatch_log_group.errors", name))
    group.expect(name=errors["log_group_name"], retention_in_days=365)


@pci("10.3.3", "10.5.1")
@pytest.mark.parametrize(
    ("name", "lock"),
    [("production", "COMPLIANCE 365 days"), ("nonproduction", "GOVERNANCE 7 days")],
)
def test_a_plan_tells_that_each_destination_leads_to_a_lock(
    planned: PlannedRoot, name: str, lock: str
) -> None:
    account = planned.one(at("aws_s3_bucket.access_logs"))["bucket"].rpartition("-")[2]
    archive = Archive.read(planned.document, account_id=account, region="eu-west-1")
    arn = f"arn:aws:logs:eu-west-1:{account}:destination:payments-logs-{name}"
    steps, found = archive.follow(arn)
    assert steps[-1] == at("aws_s3_bucket.archive", name)
    assert str(found) == lock


@pci("7.2.5")
@pytest.mark.parametrize("name", BUCKETS)
def test_roles_serve_their_own_stream_only(planned: PlannedRoot, name: str) -> None:
    trust = statements(planned, at("aws_iam_role.stream", name), "assume_role_policy")
    (statement,) = trust.values()
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert source.endswith(f":deliverystream/payments-logs-{name}")
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]
    policy = statements(planned, at("aws_iam_role_policy.destination", name))
    assert policy["HandOnLogs"]["Resource"] == source


@pci("10.7.2")
def test_alarms_notice_logs_that_are_late_lost_or_away(planned: PlannedRoot) -> None:
    metrics = {
        (alarm["dimensions"]["DeliveryStreamName"], alarm["metric_name"])
        for alarm in planned.all("aws_cloudwatch_metric_alarm")
    }
    for stream in ("payments-logs-production", "payments-logs-nonproduction"):
        for metric in (
            "DeliveryToS3.DataFreshness",
            "DeliveryToS3.Success",
            "KMSKeyAccessDenied",
            "OutputDecompressedRecords.Failed",
            "ThrottledRecords",
        ):
            assert (stream, metric) in metrics
    planned.one(at("aws_cloudwatch_metric_alarm.delivery", "production-stalled")).expect(
        threshold=900, statistic="Maximum", comparison_operator="GreaterThanThreshold"
    )
    planned.one(at("aws_cloudwatch_metric_alarm.silent", "production")).expect(
        metric_name="IncomingRecords", treat_missing_data="breaching"
    )


@pci("3.7.4")
def test_key_rotates(planned: PlannedRoot) -> None:
    planned.one(at("aws_kms_key.archive")).expect(
        enable_key_rotation=True, deletion_window_in_days=30
    )


@pci("3.6.1")
def test_key_works_for_the_archives_writers_only(planned: PlannedRoot) -> None:
    policy = statements(planned, at("aws_kms_key.archive"))
    assert not {"kms:*", "kms:Decrypt", "kms:CreateGrant"} & set(policy["AdministerKey"]["Action"])
    trail = policy["EncryptTrail"]
    assert trail["Condition"] == {
        "StringEquals": {"aws:SourceArn": TRAIL},
        "StringEqualsIfExists": {"aws:SourceOrgID": ORGANIZATION},
        "StringLike": {
            "kms:EncryptionContext:aws:cloudtrail:arn": (
                f"arn:aws:cloudtrail:*:{MANAGEMENT}:trail/*"
            )
        },
    }
    writers = policy["WriteLogs"]["Condition"]["ArnLike"]["aws:PrincipalArn"]
    assert [arn.rpartition("/")[2] for arn in writers] == [
        "payments-logs-nonproduction-stream",
        "payments-logs-production-stream",
    ]
    for sid in ("ReadLogs", "WriteLogs"):
        assert "kms:EncryptionContext:aws:s3:arn" in policy[sid]["Condition"]["ArnLike"]
    assert "ArnEquals" in policy["EncryptErrors"]["Condition"]
    unconditional = [
        sid
        for sid, statement in policy.items()
        if statement["Effect"] == "Allow" and "Condition" not in statement
    ]
    assert unconditional == ["AdministerKey"]


@pci("10.2.1")
@pytest.mark.parametrize("name", BUCKETS)
def test_reading_the_archive_is_logged_where_nothing_is_locked(
    planned: PlannedRoot, name: str
) -> None:
    logging = planned.one(at("aws_s3_bucket_logging.archive", name))
    logging.expect(target_prefix=f"{name}/")
    planned.one(at("aws_s3_bucket.access_logs")).expect(object_lock_enabled=False)
    planned.one(at("aws_s3_bucket_server_side_encryption_configuration.access_logs")).expect(
        rule=[{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]
    )


def test_applied_archive_is_as_configured(applied_org_logging_archive: AppliedRoot) -> None:
    applied_org_logging_archive.assert_idempotent()
