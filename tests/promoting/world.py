"""The embedded AWS as modules/delivery and bootstrap leave it, for two environments."""

from __future__ import annotations

import json
import os
import shlex
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import pytest

from harness.aws import EmbeddedAWS
from harness.known_organization import known_organization
from promoting import small_releases, warm_roots
from promotion import approvals, promote
from promotion.accounts import DEPLOY, PLAN
from promotion.stage import Stage
from promotion.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.aws import Call
    from harness.terraform import Terraform
    from promotion.bundle import Release
    from promotion.history import Applied
    from promotion.plans import SavedPlan

APPROVERS = ("edsger@example.com", "grace@example.com")
REGION = "eu-west-1"
RELEASE_KEY, PLAN_KEY = "alias/payments-release", "alias/payments-plan"
PIPELINE, EXECUTION = "payments-delivery", "11111111-2222-4333-8444-555555555555"
_READS = ("Assume", "BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Verify")
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@dataclass
class World:
    """Accounts with state buckets and roles, the store and keys in tooling, and releases."""

    aws: EmbeddedAWS
    workdir: Path
    accounts: Mapping[str, str]
    releases: dict[str, Release] = field(default_factory=dict)
    actions: list[dict[str, Any]] = field(default_factory=list)
    """What ListActionExecutions tells of the pipeline's execution."""

    @classmethod
    @contextmanager
    def open(cls, workdir: Path, terraform: Terraform) -> Iterator[Self]:
        """Start AWS, and have this process's environment speak of it as a stage's does."""
        accounts = known_organization()["accounts"]
        with EmbeddedAWS(account_ids=accounts) as aws, ExitStack() as stack:
            world = cls(aws, workdir, accounts)
            stack.enter_context(_environment(world._variables(terraform)))
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setattr(approvals, "actions_of", lambda *_: world.actions)
            if terraform.warm is not None:
                warm_roots.attach(patch, terraform.warm)
            world._found()
            yield world

    @property
    def store(self) -> Store:
        """The artifact store."""
        return Store.of_environment()

    def client(self, service: str, environment: str = "production") -> Any:
        """A client of an administrator in an environment's account."""
        return self.aws.client(service, self.accounts[environment])

    def release(self, version: str) -> Release:
        """Build and sign a release, once for each version."""
        if version not in self.releases:
            folder = self.workdir / f"release-{version}"
            self.releases[version] = small_releases.make(folder, version, key=RELEASE_KEY)
        return self.releases[version]

    @contextmanager
    def stage(self, environment: str, release: Release) -> Iterator[Stage]:
        """Open a stage with a release that CodeBuild handed over."""
        with Stage(environment, digest=release.digest, directory=release.directory) as stage:
            yield stage

    def plan(self, environment: str, release: Release, *, hold_traffic: bool = False) -> SavedPlan:
        """Plan in an environment."""
        with self.stage(environment, release) as stage:
            return promote.plan(stage, hold_traffic=hold_traffic, execution_id=EXECUTION)

    def apply(self, environment: str, release: Release, plan_sha256: str) -> Applied | None:
        """Apply a plan in an environment."""
        with self.stage(environment, release) as stage:
            return promote.apply(stage, plan_sha256)

    def deploy(
        self, environment: str, release: Release, *, hold_traffic: bool = False
    ) -> SavedPlan:
        """Plan and apply in an environment, approved by two people; returns the plan."""
        saved = self.plan(environment, release, hold_traffic=hold_traffic)
        self.actions = approved(saved.record.plan_sha256, *APPROVERS)
        self.apply(environment, release, saved.record.plan_sha256)
        return saved

    def writes(self, since: float) -> list[str]:
        """Name the calls since a mark that may have changed something, anywhere."""
        return [_said(call) for call in self.aws.calls.select(since=since) if _is_write(call)]

    def _variables(self, terraform: Terraform) -> dict[str, str]:
        programs = self.workdir / "bin"
        programs.mkdir()
        shim = programs / "terraform"
        shim.write_text(f'#!/bin/sh\nexec {shlex.join(terraform.cli.argv)} "$@"\n')
        shim.chmod(0o755)
        return {
            **self.aws.environment(self.accounts["tooling"]),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "TF_CLI_CONFIG_FILE": str(terraform.providers.write_cli_config(self.workdir)),
            "ARTIFACT_BUCKET": "payments-delivery-artifacts",
            "RELEASE_KEY": RELEASE_KEY,
            "PLAN_KEY": PLAN_KEY,
            "PIPELINE_NAME": PIPELINE,
            "PIPELINE_EXECUTION_ID": EXECUTION,
        }

    def _found(self) -> None:
        place: Any = {"LocationConstraint": REGION}
        tooling = self.accounts["tooling"]
        self.aws.client("s3", tooling).create_bucket(
            Bucket="payments-delivery-artifacts", CreateBucketConfiguration=place
        )
        kms = self.aws.client("kms", tooling)
        for alias in (RELEASE_KEY, PLAN_KEY):
            key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
            kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
        for environment in small_releases.ENVIRONMENTS:
            account = self.accounts[environment]
            self.client("s3", environment).create_bucket(
                Bucket=f"payments-terraform-state-{account}", CreateBucketConfiguration=place
            )
            for role in (PLAN, DEPLOY):
                self.client("iam", environment).create_role(
                    RoleName=role, AssumeRolePolicyDocument=TRUST
                )


def approval(action: str, person: str, comment: str) -> dict[str, Any]:
    """Say that a person approved, as ListActionExecutions does."""
    return {
        "stageName": "prod-approve",
        "actionName": action,
        "status": "Succeeded",
        "startTime": datetime(2026, 1, 2, 9, tzinfo=UTC),
        "lastUpdateTime": datetime(2026, 1, 2, 10, tzinfo=UTC),
        "updatedBy": f"arn:aws:sts::333333333333:assumed-role/payments-approver/{person}",
        "input": {"actionTypeId": {"category": "Approval"}},
        "output": {"executionResult": {"externalExecutionSummary": comment}},
    }


def approved(plan_sha256: str, *people: str) -> list[dict[str, Any]]:
    """Say that these people approved a plan, one action each."""
    actions = zip(("approve-first", "approve-second"), people, strict=False)
    return [approval(action, person, f"ok {plan_sha256}") for action, person in actions]


def _is_write(call: Call) -> bool:
    if call.service == "s3":
        return call.method not in ("GET", "HEAD")
    return not call.action.startswith(_READS)


def _said(call: Call) -> str:
    return f"{call.service}:{call.action} {call.resource} in {call.account_id}"


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("AWS_", "TF_"))]:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
