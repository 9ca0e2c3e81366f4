"""The deploy role's policies name everything that applying dev called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.deploy_permissions import permissions_lacked, permissions_used
from harness.testing import pci

if TYPE_CHECKING:
    from harness.platform import Platform

ROLE = "payments-deploy"


@pci("7.2.5")
def test_the_role_may_do_what_applying_needs(platform: Platform) -> None:
    used = permissions_used(platform.aws, platform.account_id, ROLE)
    assert len(used) > 100, "the log has forgotten the apply"
    assert sorted(permissions_lacked(platform.aws, platform.account_id, ROLE)) == []
