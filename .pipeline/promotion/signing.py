"""Detached signatures: ECDSA on P-256 with SHA-256, made by a key of KMS, verified anywhere.

Beside a signed file lie ``<file>.sig``, the signature in DER, and ``<file>.pem``, the public key
of whoever signed. The latter proves nothing: it tells a file that was changed from one that
somebody else signed. Trust comes from a key that is known from elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

import boto3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from mypy_boto3_kms import KMSClient

KEY_ALIAS = "alias/payments-release"
SIGNATURE, PUBLIC_KEY = ".sig", ".pem"

_CURVE = "secp256r1"
_ALGORITHM: Final = "ECDSA_SHA_256"


class Verifier(Protocol):
    """A key that verifies."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key in DER."""

    def verifies(self, digest: bytes, signature: bytes) -> bool:
        """Tell whether the key signed this SHA-256."""


@dataclass(frozen=True)
class PublicKey:
    """A public key at hand: it verifies without network."""

    key: ec.EllipticCurvePublicKey

    @classmethod
    def read(cls, path: Path) -> PublicKey:
        """Read a key from a file in PEM.

        Raises:
            BrokenInputError: there is none in it, or of another kind.
        """
        try:
            pem = path.read_bytes()
        except OSError as error:
            raise BrokenInputError(f"can't read the key {path}: {error.strerror}") from error
        try:
            key = serialization.load_pem_public_key(pem)
        except ValueError as error:
            raise BrokenInputError(f"{path} isn't a public key in PEM") from error
        return cls._on_p256(key, str(path))

    @classmethod
    def from_der(cls, der: bytes, name: str) -> PublicKey:
        """Take a key in DER, as KMS gives it.

        Raises:
            BrokenInputError: it is of another kind.
        """
        return cls._on_p256(serialization.load_der_public_key(der), name)

    @classmethod
    def _on_p256(cls, key: PublicKeyTypes, name: str) -> PublicKey:
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != _CURVE:
            raise BrokenInputError(
                f"{name} isn't a key on P-256 (in KMS: ECC_NIST_P256), as those that sign are"
            )
        return cls(key)

    @property
    def pem(self) -> bytes:
        """The key in PEM."""
        return self.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key in DER, as ``openssl pkey -pubin -outform DER`` writes it."""
        der = self.key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(der).hexdigest()

    def verifies(self, digest: bytes, signature: bytes) -> bool:
        """Tell whether the key signed this SHA-256."""
        try:
            self.key.verify(signature, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class KmsKey:
    """A key in KMS, by id, ARN or alias; the private part never leaves it."""

    key_id: str

    @cached_property
    def _kms(self) -> KMSClient:
        # boto3's own session would keep the credentials of its first call.
        return boto3.Session().client("kms")

    @cached_property
    def public_key(self) -> PublicKey:
        """The public part.

        Raises:
            BrokenInputError: the key isn't one that signs releases.
        """
        found = self._kms.get_public_key(KeyId=self.key_id)
        return PublicKey.from_der(found["PublicKey"], self.key_id)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key in DER."""
        return self.public_key.fingerprint

    def verifies(self, digest: bytes, signature: bytes) -> bool:
        """Ask KMS whether the key signed this SHA-256."""
        try:
            answer = self._kms.verify(
                KeyId=self.key_id,
                Message=digest,
                MessageType="DIGEST",
                Signature=signature,
                SigningAlgorithm=_ALGORITHM,
            )
        except self._kms.exceptions.KMSInvalidSignatureException:
            return False
        return answer["SignatureValid"]

    def sign(self, path: Path) -> None:
        """Sign a file; signature and public key are written beside it."""
        signed = self._kms.sign(
            KeyId=self.key_id,
            Message=_digest(path),
            MessageType="DIGEST",
            SigningAlgorithm=_ALGORITHM,
        )
        beside(path, PUBLIC_KEY).write_bytes(self.public_key.pem)
        beside(path, SIGNATURE).write_bytes(signed["Signature"])


def beside(path: Path, ending: str) -> Path:
    """Name what lies beside a signed file."""
    return path.with_name(path.name + ending)


def require(path: Path, key: Verifier, *, what: str) -> None:
    """Let a file pass that the key signed.

    Args:
        path: the file, in JSON.
        key: whose signature it takes.
        what: what the file is in a word, such as ``release``; rules are named by it.

    Raises:
        Refused: it isn't signed, or not by this key, or was changed since.
    """
    signature = beside(path, SIGNATURE)
    if not signature.is_file():
        raise _refused(f"{what}-unsigned", f"there is no {signature.name} beside {path}")
    digest, made = _digest(path), signature.read_bytes()
    if made and key.verifies(digest, made):
        return
    if not _is_whole(path):
        size = path.stat().st_size
        raise _refused(f"{what}-manifest-truncated", f"{path} ends after {size:,} bytes, amid JSON")
    stranger = _stranger(path, digest, made)
    if stranger and stranger.fingerprint != key.fingerprint:
        raise _refused(
            f"{what}-key-unknown",
            f"{path} is signed by the key {stranger.fingerprint}, and not by {key.fingerprint}",
        )
    raise _refused(
        f"{what}-manifest-changed",
        f"{path} with SHA-256 {digest.hex()} isn't what was signed",
    )


def _is_whole(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def _stranger(path: Path, digest: bytes, signature: bytes) -> PublicKey | None:
    """Find who else signed the file, if the key beside it tells the truth."""
    try:
        key = PublicKey.read(beside(path, PUBLIC_KEY))
    except BrokenInputError:
        return None
    return key if key.verifies(digest, signature) else None


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _refused(rule: str, evidence: str) -> Refused:
    return Refused(
        rule=rule,
        evidence=evidence,
        fix="take it from the artifact store again; if it is so there, build and sign it anew",
        override="nobody",
    )
