"""Plans of the environments whose logs are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.known_organization import known_organization
from harness.log_paths.archive import Archive
from harness.log_paths.paths import log_paths
from harness.planned_roots import planned_root
from harness.terraform import Terraform
from harness.testing.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.log_paths.paths import LogPath

_ARCHIVE = "log-archive"


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
    workbench = Workbench(Terraform.discover(), aws.environment, workdir)
    archived = planned_root(_ARCHIVE, aws, workbench)
    logging = planned_root(environment, aws, workbench)
    archive = Archive.read(archived, account_id=accounts[_ARCHIVE], region=known["region"])
    return log_paths(logging, archive)
