"""The account with its bus, queue and tables, and an internet of merchants' endpoints."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from events.account import Account
from events.merchant_endpoint import HOST, Internet, MerchantEndpoint
from events.webhooks import Webhooks
from harness.aws import EmbeddedAWS
from harness.runtime.network.authority import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def aws(territory: str) -> Iterator[EmbeddedAWS]:  # noqa: ARG001 - ends with the folder
    with EmbeddedAWS() as running:
        yield running


@pytest.fixture
def account(aws: EmbeddedAWS) -> Account:
    return Account(aws)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: CertificateAuthority) -> ssl.SSLContext:
    return authority.server_context([HOST], (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))


@pytest.fixture
def endpoint(certificate: ssl.SSLContext) -> Iterator[MerchantEndpoint]:
    """The merchant's endpoint, which answers 200 until told otherwise."""
    with MerchantEndpoint(certificate) as server:
        yield server


@pytest.fixture
def internet(endpoint: MerchantEndpoint, authority: CertificateAuthority) -> Internet:
    """Names and addresses; the merchant's lead to ``endpoint``."""
    return Internet(endpoint, authority.client_context())


@pytest.fixture
def webhooks(account: Account, internet: Internet) -> Webhooks:
    """The webhook sender with the merchant's endpoint set up."""
    ready = Webhooks(account, internet)
    ready.set_up()
    return ready
