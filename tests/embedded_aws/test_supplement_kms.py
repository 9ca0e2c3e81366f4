"""KMS through boto3: a signature by KMS is one that others verify, and the other way around."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = b"a release"
DIGEST = hashlib.sha256(MESSAGE).digest()


class Key:
    """A key on P-256, asked for signatures of one form."""

    def __init__(self, kms: Any) -> None:
        self.kms = kms
        made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
        self.options = {"KeyId": made["KeyId"], "SigningAlgorithm": "ECDSA_SHA_256"}

    def sign(self, message: bytes, form: str) -> bytes:
        signed = self.kms.sign(Message=message, MessageType=form, **self.options)
        return bytes(signed["Signature"])

    def verify(self, message: bytes, form: str, signature: bytes) -> bool:
        answer = self.kms.verify(
            Message=message, MessageType=form, Signature=signature, **self.options
        )
        return bool(answer["SignatureValid"])


@pytest.fixture
def key(client: Callable[[str], Any]) -> Key:
    return Key(client("kms"))


@pytest.mark.mends("kms:Sign")
def test_others_verify_the_signature_of_a_digest(key: Key) -> None:
    der = key.kms.get_public_key(KeyId=key.options["KeyId"])["PublicKey"]
    public = serialization.load_der_public_key(der)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(key.sign(DIGEST, "DIGEST"), MESSAGE, ec.ECDSA(hashes.SHA256()))
    public.verify(key.sign(MESSAGE, "RAW"), MESSAGE, ec.ECDSA(hashes.SHA256()))


@pytest.mark.mends("kms:Sign")
@pytest.mark.parametrize(
    ("message", "form", "words"),
    [(DIGEST[1:], "DIGEST", "invalid length"), (b"x" * 4097, "RAW", "4096 bytes")],
)
def test_what_is_too_long_or_no_digest_is_not_signed(
    key: Key, message: bytes, form: str, words: str
) -> None:
    with pytest.raises(ClientError, match=words) as refusal:
        key.sign(message, form)
    assert refusal.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.mends("kms:Verify")
def test_message_and_digest_are_verified_by_one_signature(key: Key) -> None:
    for form, message in (("RAW", MESSAGE), ("DIGEST", DIGEST)):
        signature = key.sign(message, form)
        assert key.verify(MESSAGE, "RAW", signature)
        assert key.verify(DIGEST, "DIGEST", signature)


@pytest.mark.mends("kms:Verify")
@pytest.mark.parametrize("form", ["RAW", "DIGEST"])
def test_a_signature_of_something_else_is_an_error(key: Key, form: str) -> None:
    signature = key.sign(hashlib.sha256(b"another").digest(), "DIGEST")
    with pytest.raises(key.kms.exceptions.KMSInvalidSignatureException):
        key.verify(MESSAGE if form == "RAW" else DIGEST, form, signature)
