"""Mutual TLS: who has no certificate of the deployed truststore gets no connection."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.deploying_domains import CustomDomainDeployer
from harness.edge import EdgeError
from harness.edge.domain_transport import DomainTransport
from harness.testing import pci

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.conftest import Deployer
    from harness.aws import EmbeddedAWS
    from harness.edge import Edge

    Ask = Callable[[str | None], httpx.Response]

ACCOUNT, REGION = "444444444444", "eu-west-1"
DOMAIN, BUCKET = "partners.payments.example", "truststores"
# By the time the server looks at a certificate, a client of TLS 1.3 has sent its request.
REFUSED = (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)
SHOW_IDENTITY = (
    "import json\n"
    "def handle(event, context):\n"
    "    identity = event['requestContext']['identity']\n"
    "    return {'statusCode': 200, 'body': json.dumps(identity)}\n"
)


class Authority:
    """Somebody who signs certificates of clients."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        certificate = (
            _builder(self._name, self._name, self._key)
            .add_extension(constraints, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)

    def client(self, name: str, directory: Path) -> str:
        """Write a client's certificate and key to a file."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _builder(subject, self._name, key)
            .add_extension(usage, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path = directory / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
        return str(path)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(0x0A1B2C)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


@pytest.fixture(scope="module")
def partners() -> Authority:
    return Authority("Partners")


@pytest.fixture(scope="module")
def others() -> Authority:
    return Authority("Others")


@pytest.fixture(scope="module")
def truststore(aws: EmbeddedAWS) -> Callable[[bytes], str]:
    """Write versions of the truststore's object."""
    s3: Any = aws.session(ACCOUNT).client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def write(pem: bytes) -> str:
        return str(s3.put_object(Bucket=BUCKET, Key="clients.pem", Body=pem)["VersionId"])

    return write


@pytest.fixture(scope="module")
def domains(
    aws: EmbeddedAWS,
    deployer: Deployer,
    partners: Authority,
    truststore: Callable[[bytes], str],
) -> CustomDomainDeployer:
    made = CustomDomainDeployer(aws.session(ACCOUNT))
    made.domain(
        DOMAIN,
        mutualTlsAuthentication={
            "truststoreUri": f"s3://{BUCKET}/clients.pem",
            "truststoreVersion": truststore(partners.pem),
        },
    )
    arn = deployer.function("show-identity", SHOW_IDENTITY)
    api_id = deployer.api({"/": {"get": deployer.operation(deployer.proxy(arn))}})
    deployer.permit("show-identity", f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/*/*")
    deployer.deploy(api_id)
    made.map(DOMAIN, "", api_id)
    return made


@pytest.fixture
def ask(domains: CustomDomainDeployer, edge: Edge) -> Ask:  # noqa: ARG001 - deployed before
    """Send a request with a certificate, or without."""
    edge.reload()

    def send(certificate: str | None) -> httpx.Response:
        transport = DomainTransport(edge.domains(), client_certificate=certificate)
        with httpx.Client(transport=transport, timeout=30) as client:
            return client.get(f"https://{DOMAIN}/")

    return send


@pci("8.3.1")
def test_only_certificates_of_the_truststore_are_let_in(
    ask: Ask, edge: Edge, partners: Authority, others: Authority, tmp_path: Path
) -> None:
    assert edge.domains()["domains"][DOMAIN]["mutual_tls"] is True
    assert ask(partners.client("m_bakery", tmp_path)).status_code == 200
    for certificate in (None, others.client("m_stranger", tmp_path)):
        with pytest.raises(REFUSED):
            ask(certificate)


def test_functions_learn_whose_certificate_it_is(
    ask: Ask, partners: Authority, tmp_path: Path
) -> None:
    found = json.loads(ask(partners.client("m_bakery", tmp_path)).text)["clientCert"]
    assert found["subjectDN"] == "CN=m_bakery"
    assert found["issuerDN"] == "CN=Partners"
    assert found["serialNumber"] == "0a:1b:2c"
    assert found["clientCertPem"].startswith("-----BEGIN CERTIFICATE-----")
    assert set(found["validity"]) == {"notBefore", "notAfter"}


def test_another_truststore_counts_once_its_version_is_deployed(
    ask: Ask,
    domains: CustomDomainDeployer,
    edge: Edge,
    truststore: Callable[[bytes], str],
    partners: Authority,
    others: Authority,
    tmp_path: Path,
) -> None:
    newcomer = others.client("m_newcomer", tmp_path)
    version = truststore(others.pem)
    edge.reload()
    with pytest.raises(REFUSED):
        ask(newcomer)

    path = "/mutualTlsAuthentication/truststoreVersion"
    domains.change(DOMAIN, path, version)
    edge.reload()
    assert ask(newcomer).status_code == 200
    with pytest.raises(REFUSED):
        ask(partners.client("m_bakery", tmp_path))

    domains.change(DOMAIN, path, "gone")
    with pytest.raises(EdgeError, match=r"truststore of partners\.payments\.example can't be read"):
        edge.reload()
    domains.change(DOMAIN, path, version)
