"""Plans of the environments whose logs are followed, made on an embedded AWS of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.aws import EmbeddedAWS
from harness.known_organization import ORGANIZATION, found_organization, known_organization
from harness.log_paths.archive import Archive
from harness.log_paths.paths import log_paths
from harness.public_zone import public_zone
from harness.terraform import Terraform
from harness.testing import Options
from harness.testing.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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


def planned_log_paths(
    environment: str, workdir: Path, variables: Mapping[str, Any] | None = None
) -> tuple[LogPath, ...]:
    """Plan an environment and the log archive, and follow everything that logs.

    Args:
        environment: a root of environments/, by name.
        workdir: where the plans are made.
        variables: of the environment's root, where they differ from its values.

    Raises:
        harness.terraform.TerraformError: a root can't be planned.
    """
    known = known_organization()
    accounts: Mapping[str, str] = known["accounts"]
    with EmbeddedAWS(
        region=known["region"], management_account=accounts["management"], account_ids=accounts
    ) as aws:
        workbench = Workbench(Terraform.discover(), aws.environment, workdir)

        def planned(name: str, **more: Any) -> Mapping[str, Any]:
            options = Options(account_id=accounts[_ACCOUNTS.get(name, name)])
            given = {**_VARIABLES.get(name, {}), **more}
            return workbench.plan(ENVIRONMENTS / name, given, options).document

        found_organization(aws, accounts)
        archived = planned(_ARCHIVE)
        with public_zone(aws, _ACCOUNTS.get(environment, environment)):
            logging = planned(environment, **(variables or {}))
    archive = Archive.read(archived, account_id=accounts[_ARCHIVE], region=known["region"])
    return log_paths(logging, archive)
