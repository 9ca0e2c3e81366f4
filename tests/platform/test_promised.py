"""What a stage of the pipeline tries with a deployed API: that all of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.credentials import Credentials

from harness.testing import pci
from promotion import contract
from promotion.merchant import Merchant

if TYPE_CHECKING:
    from harness.platform import MerchantAccess, Platform


@pci("6.5.1")
def test_the_deployed_api_keeps_what_is_promised(
    platform: Platform, access: MerchantAccess
) -> None:
    booked = len(platform.acquirer.charges())
    credentials = Credentials(access.access_key_id, access.secret_access_key, access.session_token)
    caller = Merchant(
        access.merchant_id, access.invoke_url, access.region, credentials, access.api_key
    )
    kept = list(contract.keeps(caller, stranger=platform.merchant_ids[1]))
    assert len(kept) == 11
    assert "another merchant's payments are closed" in kept
    assert len(platform.acquirer.charges()) - booked == 2
    assert contract.under_load(caller, 24).startswith("24 payments, 8 at a time, ")
    assert contract.versions_of(platform.outputs)[0] == "v1"
