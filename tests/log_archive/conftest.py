"""The archive and the trail, applied by their roots; and an account whose logs go there.

Nothing is destroyed at the end: the archive can't be, so the embedded AWS is discarded.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws import EmbeddedAWS
from harness.known_organization import found_organization, known_organization
from log_archive.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.terraform import Root, Terraform

REPOSITORY = Path(__file__).resolve().parents[2]
ORGANIZATION = known_organization()
ACCOUNTS: dict[str, str] = ORGANIZATION["accounts"]
ACKNOWLEDGED = {"acknowledgement": "nobody can delete a log for 365 days"}
PARALLELISM = 40


@pytest.fixture(scope="session")
def aws(territory: str) -> Iterator[EmbeddedAWS]:  # noqa: ARG001 - ends with it
    """Also while applying: a bucket's policy that locks Terraform out is found."""
    with (
        EmbeddedAWS(region=ORGANIZATION["region"], account_ids=ACCOUNTS) as running,
        running.bucket_policies_enforced(),
    ):
        yield running


class Roots:
    """Applies roots and modules as operators do, each in its account."""

    def __init__(self, terraform: Terraform, aws: EmbeddedAWS, folder: Path) -> None:
        self._terraform = terraform
        self._aws = aws
        self._folder = folder

    def bootstrap(self, environment: str) -> Root:
        """Apply what an account needs first, as its administrator."""
        credentials = self._aws.environment(ACCOUNTS[environment])
        return self._apply(
            "environments/bootstrap", environment, credentials, {"environment": environment}
        )

    def environment(self, name: str, variables: dict[str, Any]) -> Root:
        """Apply an environment, as the operator who assumes the deploy role."""
        return self._apply(f"environments/{name}", name, self._aws.environment(), variables)

    def module(self, name: str, account_id: str, variables: dict[str, Any]) -> Root:
        """Apply a module by itself."""
        credentials = self._aws.environment(account_id)
        return self._apply(f"modules/{name}", name.replace("/", "-"), credentials, variables)

    def _apply(
        self, path: str, name: str, credentials: dict[str, str], variables: dict[str, Any]
    ) -> Root:
        root = self._terraform.root(
            REPOSITORY / path,
            workdir=self._folder / f"{Path(path).name}-{name}",
            environment=credentials,
            variables=variables,
            parallelism=PARALLELISM,
        )
        root.init()
        root.apply()
        return root


@pytest.fixture(scope="session")
def organization_id(aws: EmbeddedAWS) -> str:
    found = found_organization(aws, ACCOUNTS)
    management = aws.client("organizations", ACCOUNTS["management"])
    management.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    return found


@pytest.fixture(scope="session")
def roots(
    terraform: Terraform, aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory
) -> Roots:
    return Roots(terraform, aws, tmp_path_factory.mktemp("roots"))


@pytest.fixture(scope="session")
def bootstrapped(roots: Roots, organization_id: str) -> None:  # noqa: ARG001 - comes first
    with ThreadPoolExecutor() as threads:
        list(threads.map(roots.bootstrap, ["management", "log-archive"]))


@pytest.fixture(scope="session")
def archive(roots: Roots, bootstrapped: None) -> Root:  # noqa: ARG001 - comes first
    return roots.environment("log-archive", {"production_lock": ACKNOWLEDGED})


@pytest.fixture(scope="session")
def trail(roots: Roots, archive: Root) -> Root:
    return roots.environment("trail", {"archive_key_arn": archive.outputs()["kms_key_arn"]})


@pytest.fixture(scope="session")
def forwarding(roots: Roots, archive: Root) -> Root:
    """Dev's logs on their way, without the rest of dev."""
    destination = archive.outputs()["destination_arns"]["nonproduction"]
    variables = {"name": "payments-dev", "destination_arn": destination}
    return roots.module("org-logging/forwarding", ACCOUNTS["dev"], variables)


@pytest.fixture(scope="session")
def sender(aws: EmbeddedAWS, archive: Root, forwarding: Root) -> Sender:  # noqa: ARG001 - sends
    outputs = archive.outputs()
    return Sender(
        aws,
        account_id=ACCOUNTS["dev"],
        archive_id=ACCOUNTS["log-archive"],
        bucket=outputs["buckets"]["nonproduction"]["name"],
        key_arn=outputs["kms_key_arn"],
        destination_arn=outputs["destination_arns"]["nonproduction"],
    )
