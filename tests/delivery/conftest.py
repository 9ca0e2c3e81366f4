"""The tooling account with its pipeline, applied by its roots, and the accounts that it enters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws import EmbeddedAWS
from harness.iam import Organization, Snapshot, read_role
from harness.known_organization import found_organization, known_organization

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.terraform import Root, Terraform

REPOSITORY = Path(__file__).resolve().parents[2]
ORGANIZATION = known_organization()
ACCOUNTS: dict[str, str] = ORGANIZATION["accounts"]
PREPARED = ("dev", "log-archive", "production", "tooling")
PARALLELISM = 40
TOLD = {"subscriber_emails": ["releases@payments.example"]}


def applied(
    terraform: Terraform,
    aws: EmbeddedAWS,
    directory: Path,
    workdir: Path,
    variables: dict[str, Any],
) -> Root:
    """Apply a root of one account by its deploy role."""
    root = terraform.root(
        directory,
        workdir=workdir,
        environment=aws.environment(),
        variables=variables,
        parallelism=PARALLELISM,
    )
    root.init()
    root.apply()
    return root


@pytest.fixture(scope="session")
def aws(territory: str) -> Iterator[EmbeddedAWS]:  # noqa: ARG001 - ends with it
    """Also while applying: a bucket's policy that locks Terraform out is found."""
    with (
        EmbeddedAWS(region=ORGANIZATION["region"], account_ids=ACCOUNTS) as running,
        running.bucket_policies_enforced(),
    ):
        yield running


@pytest.fixture(scope="session")
def bootstrapped(
    terraform: Terraform, aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Root]:
    """Accounts with what they need first, each prepared by its administrator."""
    found_organization(aws, ACCOUNTS)
    folder = tmp_path_factory.mktemp("bootstrap")

    def prepare(name: str) -> Root:
        root = terraform.root(
            REPOSITORY / "environments/bootstrap",
            workdir=folder / name,
            environment=aws.environment(ACCOUNTS[name]),
            variables={"environment": name},
            parallelism=PARALLELISM,
        )
        root.init()
        root.apply()
        return root

    with ThreadPoolExecutor() as threads:
        return dict(zip(PREPARED, threads.map(prepare, PREPARED), strict=True))


@pytest.fixture(scope="session")
def tooling(
    terraform: Terraform,
    aws: EmbeddedAWS,
    bootstrapped: dict[str, Root],  # noqa: ARG001 - comes first
    tmp_path_factory: pytest.TempPathFactory,
) -> Root:
    """environments/tooling, by its deploy role, after the archive that it sends logs to."""
    folder = tmp_path_factory.mktemp("environments")
    environments = REPOSITORY / "environments"
    lock = {"production_lock": {"mode": "GOVERNANCE", "days": 1}}
    applied(terraform, aws, environments / "log-archive", folder / "log-archive", lock)
    return applied(terraform, aws, environments / "tooling", folder / "tooling", TOLD)


@pytest.fixture(scope="session")
def snapshot(aws: EmbeddedAWS, tooling: Root) -> Snapshot:
    """Everybody who is part of a release, with what they may and whom they trust."""
    assert tooling
    entities = {}
    for name in PREPARED:
        iam = aws.client("iam", ACCOUNTS[name])
        for page in iam.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if role["RoleName"].startswith("payments-"):
                    entities[role["Arn"]] = read_role(iam, role["RoleName"])
    trusts = {arn: found.trust for arn, found in entities.items() if found.trust is not None}
    nobody_bound = Organization("o-payments", ACCOUNTS["management"])
    return Snapshot(nobody_bound, entities, trusts)
