"""Plans of environments before anything is applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.known_organization import ORGANIZATION, known_organization
from harness.public_zone import public_zone
from harness.testing import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.aws import EmbeddedAWS
    from harness.testing.workbench import Workbench

ENVIRONMENTS = ORGANIZATION.parent
# Nothing is applied, so nothing is locked by it.
_VARIABLES: Mapping[str, Mapping[str, Any]] = {
    "log-archive": {"production_lock": {"mode": "GOVERNANCE"}},
    "trail": {"archive_key_arn": "arn:aws:kms:eu-west-1:222222222222:key/of-the-archive"},
}
_ACCOUNTS = {"trail": "management"}
"""Of roots that aren't named for their account."""


def planned_root(name: str, aws: EmbeddedAWS, workbench: Workbench) -> Mapping[str, Any]:
    """Plan a root of environments/, and return what ``terraform show -json`` tells of it.

    Args:
        name: of the root.
        aws: where the accounts of environments/organization.json are an organization.
        workbench: makes the plan.

    Raises:
        harness.terraform.TerraformError: the root can't be planned.
    """
    account = _ACCOUNTS.get(name, name)
    account_id = known_organization()["accounts"][account]
    with public_zone(aws, account):
        planned = workbench.plan(
            ENVIRONMENTS / name, _VARIABLES.get(name, {}), Options(account_id=account_id)
        )
    return planned.document
