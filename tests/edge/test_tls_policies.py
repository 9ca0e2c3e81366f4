"""The listener of a custom domain accepts what the deployed TLS policy says, and nothing else."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from harness.deploying_domains import CustomDomainDeployer
from harness.edge import EdgeError
from harness.edge.security_policies import POLICIES, security_policy
from harness.edge.table import CompileError
from harness.testing import pci
from harness.testing.tls_scan import TlsScan, scan

if TYPE_CHECKING:
    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

ACCOUNT = "444444444444"
DEPLOYED = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
OWN_DOMAIN, API_DOMAIN = "domain.payments.example", "api.payments.example"
TLS_1_3 = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}


@pytest.fixture(scope="module")
def domains(aws: EmbeddedAWS) -> CustomDomainDeployer:
    return CustomDomainDeployer(aws.session(ACCOUNT))


def api_with_policy(deployer: Deployer, policy: str | None) -> str:
    extensions = {}
    if policy:
        extensions = {"security-policy": policy, "endpoint-access-mode": "BASIC"}
    operation = deployer.operation(deployer.mock())
    api_id = deployer.api({"/": {"get": operation}}, extensions=extensions)
    deployer.deploy(api_id)
    return api_id


def scanned(edge: Edge, name: str) -> TlsScan:
    return scan(edge.domains()["domains"][name]["port"], name)


@pci("4.2.1", "2.2.7")
def test_a_scan_shows_only_the_deployed_policy_of_the_api(
    deployer: Deployer, domains: CustomDomainDeployer, edge: Edge
) -> None:
    domains.domain(API_DOMAIN)
    domains.map(API_DOMAIN, "v1/payments", api_with_policy(deployer, DEPLOYED))
    edge.reload()
    found = scanned(edge, API_DOMAIN)
    assert found.versions == {"TLS 1.2", "TLS 1.3"}
    assert found.suites["TLS 1.3"] == TLS_1_3
    # The certificate's key is RSA's, as ACM makes it unless told otherwise.
    assert found.suites["TLS 1.2"] == {
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    }
    assert found.without_forward_secrecy == set()
    assert found.in_block_mode == set()


def test_a_weaker_deployed_policy_shows(
    deployer: Deployer, domains: CustomDomainDeployer, edge: Edge
) -> None:
    domains.domain(OWN_DOMAIN)
    domains.map(OWN_DOMAIN, "", api_with_policy(deployer, None))
    edge.reload()
    port = edge.domains()["domains"][OWN_DOMAIN]["port"]
    found = scanned(edge, OWN_DOMAIN)
    assert found.versions == {"TLS 1.2", "TLS 1.3"}
    assert "TLS_RSA_WITH_AES_128_GCM_SHA256" in found.without_forward_secrecy
    assert "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" in found.in_block_mode

    domains.change(OWN_DOMAIN, "/securityPolicy", "TLS_1_0")
    assert scanned(edge, OWN_DOMAIN) == found
    edge.reload()
    weaker = scanned(edge, OWN_DOMAIN)
    assert weaker.versions == {"TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"}
    assert "TLS_RSA_WITH_AES_128_CBC_SHA" in weaker.suites["TLS 1.0"]
    assert edge.domains()["domains"][OWN_DOMAIN]["port"] == port


def test_what_openssl_cannot_do_is_reported(edge: Edge) -> None:
    described = edge.domains()["domains"][API_DOMAIN]
    assert described["security_policy"] == DEPLOYED
    if ssl.OPENSSL_VERSION_INFO < (3, 5):
        assert "post-quantum key exchange isn't offered" in described["not_shown"][0]


def test_no_policy_is_applied_in_silence() -> None:
    before = (3, 0, 19)
    assert POLICIES[DEPLOYED].shortfalls((3, 5, 0)) == ()
    assert "post-quantum" in " ".join(POLICIES[DEPLOYED].shortfalls(before))
    fips = POLICIES["SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09"].shortfalls((3, 5, 0))
    assert "TLS_CHACHA20_POLY1305_SHA256 is offered" in fips[0]
    assert POLICIES["TLS_1_2"].shortfalls(before) == ()
    with pytest.raises(CompileError, match="SecurityPolicy_TLS14 isn't one of"):
        security_policy("SecurityPolicy_TLS14")


@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_a_context_has_the_suites_of_its_policy(policy: object) -> None:
    assert isinstance(policy, type(POLICIES["TLS_1_2"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    policy.apply(context)
    older = {each["name"] for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"}
    assert context.minimum_version == policy.lowest
    if policy.lowest < ssl.TLSVersion.TLSv1_3:
        assert older == set(policy.older_suites)


def test_apis_behind_a_domain_agree_on_their_policy(
    deployer: Deployer, domains: CustomDomainDeployer, edge: Edge
) -> None:
    domains.map(API_DOMAIN, "other", api_with_policy(deployer, "TLS_1_2"))
    with pytest.raises(EdgeError, match="different security policies"):
        edge.reload()
    domains.unmap(API_DOMAIN, "other")
    edge.reload()


def test_a_domain_of_another_type_is_said_to_be_unsupported(deployer: Deployer, edge: Edge) -> None:
    gateway = deployer.client("apigateway")
    gateway.create_domain_name(
        domainName="edge.payments.example", endpointConfiguration={"types": ["EDGE"]}
    )
    with pytest.raises(EdgeError, match="the edge serves Regional"):
        edge.reload()
    gateway.delete_domain_name(domainName="edge.payments.example")
