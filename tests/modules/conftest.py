"""A release to plan with, and the examples of the modules' READMEs, applied."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import Options
from harness.testing.examples import examples_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

    from harness.aws import EmbeddedAWS
    from harness.testing import AppliedRoot, Applies, Clients

REPOSITORY = Path(__file__).resolve().parents[2]
FUNCTIONS = (
    "dashboard_projector",
    "event_publisher",
    "log_review",
    "tokenizer",
    "transaction_gateway",
    "webhook_sender",
)
IMAGES = ("fraud_detection", "merchant_dashboard")
WEB_ACLS = ("payments-integration", "payments-qa")


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release like that of `make package`, with handlers that do nothing."""
    folder = tmp_path_factory.mktemp("dist")
    listing: dict[str, Any] = {
        "version": "0.1.0",
        "commit": "c" * 40,
        "functions": {name: _pack(folder / f"{name}.zip") for name in FUNCTIONS},
        "images": {name: {"digest": f"sha256:{'5' * 64}"} for name in IMAGES},
    }
    (folder / "release.json").write_text(json.dumps(listing))
    return folder


def _pack(artifact: Path) -> dict[str, str]:
    with zipfile.ZipFile(artifact, "w") as archive:
        handler = zipfile.ZipInfo(f"{artifact.stem}/handler.py", (2020, 1, 1, 0, 0, 0))
        archive.writestr(handler, "def handle(event, context): ...\n")
    digest = hashlib.sha256(artifact.read_bytes()).digest()
    return {"file": artifact.name, "sha256_base64": base64.b64encode(digest).decode()}


@pytest.fixture(scope="session")
def example_surroundings(release: Path) -> Mapping[str, Path]:
    sources = {name: REPOSITORY / name for name in ("ecs_src", "lambda_src")}
    return {"dist": release, **sources}


@dataclass(frozen=True)
class WrittenExample:
    """An example to apply, as a root."""

    directory: Path
    variables: Mapping[str, str]


@pytest.fixture(scope="session")
def written_examples(
    example_surroundings: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, WrittenExample]:
    """The examples whose directive says `apply`, by module."""
    folder = tmp_path_factory.mktemp("examples")
    written = {}
    for module, page in PAGES.items():
        for example in examples_of(page):
            if example.applies:
                directory = folder / module
                example.write(directory, REPOSITORY, example_surroundings)
                written[module] = WrittenExample(directory, example.variables)
    return written


PAGES = {
    "-".join(page.parent.relative_to(REPOSITORY / "modules").parts): page
    for page in sorted(REPOSITORY.glob("modules/**/README.md"))
}
"""The modules' pages, by module; those of a family have its name before their own."""

APPLIED = {f"applied_{module.replace('-', '_')}": module for module in PAGES}
"""The fixtures that give a module's example applied, such as `applied_data`."""


@pytest.fixture(scope="session", autouse=True)
def _web_acls(aws: EmbeddedAWS) -> None:
    """Make the web ACLs that examples look up by name: the provider takes seconds for each."""
    waf = aws.client("wafv2", Options().account_id)
    for name in WEB_ACLS:
        visibility = {
            "SampledRequestsEnabled": False,
            "CloudWatchMetricsEnabled": True,
            "MetricName": name,
        }
        waf.create_web_acl(
            Name=name,
            Scope="REGIONAL",
            DefaultAction={"Allow": {}},
            VisibilityConfig=visibility,
        )


@pytest.fixture(scope="session", autouse=True)
def _examples_are_begun(request: pytest.FixtureRequest, _web_acls: None) -> None:
    """Begin the applies before the first test: they wait more than they work."""
    asked = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    wanted = [module for fixture, module in APPLIED.items() if fixture in asked]
    if wanted:
        written = request.getfixturevalue("written_examples")
        applied = request.getfixturevalue("applied")
        for module in wanted:
            applied.start(written[module].directory, written[module].variables)


def _fixture_of(module: str) -> Any:
    def give(applied: Applies, written_examples: Mapping[str, WrittenExample]) -> AppliedRoot:
        written = written_examples[module]
        root = applied(written.directory, written.variables)
        root.before_destroy(_take_protection_off)
        return root

    return pytest.fixture(give)


globals().update({fixture: _fixture_of(module) for fixture, module in APPLIED.items()})


def _take_protection_off(clients: Clients) -> None:
    """Do what an operator must before a protected table, load balancer or archive can go."""
    dynamodb = clients.client("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    balancers = clients.client("elbv2")
    for balancer in balancers.describe_load_balancers()["LoadBalancers"]:
        balancers.modify_load_balancer_attributes(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
        )
    s3 = clients.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        logging = s3.get_bucket_logging(Bucket=bucket["Name"]).get("LoggingEnabled")
        if logging:
            s3.put_bucket_logging(Bucket=bucket["Name"], BucketLoggingStatus={})
            _empty(s3, logging["TargetBucket"])


def _empty(s3: S3Client, bucket: str) -> None:
    s3.delete_bucket_policy(Bucket=bucket)  # which refuses deletes
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
