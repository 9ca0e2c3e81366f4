"""Plans of the environments whose logs are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.known_organization import ORGANIZATION, known_organization
from harness.log_paths.archive import Archive
from harness.log_paths.paths import log_paths
from harness.public_zone import public_zone
from harness.terraform import Terraform
from harness.testing import Options
from harness.testing.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.log_paths.paths import LogPath

ENVIRONMENTS = ORGANIZATION.parent
_ARCHIVE = "log-archive"
# Nothing is applied, so nothing is locked by it.
_VARIABLES: Mapping[str, Mapping[str, Any]] = {
    _ARCHIVE: {"production_lock": {"mode": "GOVERNANCE"}},
    "trail": {"archive_key_arn": "arn:aws:kms:eu-west-1:222222222222:key/of-the-archive"},
}
_ACCOUNTS = {"trail": "management"}
"""Of roots that aren't named for their account."""


def planned_log_paths(aws: EmbeddedAWS, environment: str, workdir: Path) -> tuple[LogPath, ...]:
    """Plan an environment and the log archive, and follow everything that logs.

    Args:
        aws: where the accounts of environments/organization.json are an organization.
        environment: a root of environments/, by name.
        workdir: where the plans are made.

    Raises:
        harness.terraform.TerraformError: a root can't be planned.
    """
    known = known_organization()
    accounts: Mapping[str, str] = known["accounts"]
    archived, logging = (planned(aws, name, workdir) for name in (_ARCHIVE, environment))
    archive = Archive.read(archived, account_id=accounts[_ARCHIVE], region=known["region"])
    return log_paths(logging, archive)


def planned(aws: EmbeddedAWS, environment: str, workdir: Path) -> Mapping[str, Any]:
    """Plan an environment, and return what ``terraform show -json`` gives.

    Raises:
        harness.terraform.TerraformError: it can't be planned.
    """
    account = _ACCOUNTS.get(environment, environment)
    options = Options(account_id=known_organization()["accounts"][account])
    workbench = Workbench(Terraform.discover(), aws.environment, workdir)
    with public_zone(aws, account):
        plan = workbench.plan(ENVIRONMENTS / environment, _VARIABLES.get(environment, {}), options)
    return plan.document
