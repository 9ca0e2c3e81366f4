"""KMS: signatures of digests, and what Verify says of a signature that isn't the key's."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import ValidationException
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey

from harness.aws.supplement.registry import mend

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_MESSAGE_BYTES = 4096

_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "ECDSA_SHA_256": hashes.SHA256(),
    "ECDSA_SHA_384": hashes.SHA384(),
    "ECDSA_SHA_512": hashes.SHA512(),
}
_SIGN = mend(
    "kms:Sign",
    reason="hashes a digest once more, and signs messages of any length",
    observed="openssl refused the signature of a file whose SHA-256 was given as DIGEST",
)
_VERIFY = mend(
    "kms:Verify",
    reason="hashes a digest once more, and answers where AWS raises KMSInvalidSignatureException",
    observed="verify of a changed message answered SignatureValid: false",
)


class _InvalidSignatureError(JsonRESTError):
    code = 400

    def __init__(self) -> None:
        super().__init__("KMSInvalidSignatureException", "")


@_SIGN.around(KmsResponse, "sign")
def _sign(original: Any, response: KmsResponse) -> str:
    digest = _digest(response)
    answer = json.loads(original(response))  # refuses what no such key signs
    if digest is not None:
        made = _key(response).sign(digest, _algorithm(response))
        answer["Signature"] = base64.b64encode(made).decode()
    return json.dumps(answer)


@_VERIFY.around(KmsResponse, "verify")
def _verify(original: Any, response: KmsResponse) -> str:
    digest = _digest(response)
    answer = json.loads(original(response))
    if digest is not None:
        signature = base64.b64decode(response._get_param("Signature"))
        try:
            _key(response).public_key().verify(signature, digest, _algorithm(response))
        except InvalidSignature:
            raise _InvalidSignatureError from None
        answer["SignatureValid"] = True
    if not answer["SignatureValid"]:
        raise _InvalidSignatureError
    return json.dumps(answer)


def _digest(response: KmsResponse) -> bytes | None:
    """Give what is signed as it is; None where moto does as AWS does."""
    message: bytes = response._get_param("Message")
    if response._get_param("MessageType") != "DIGEST":
        if len(message) > LONGEST_MESSAGE_BYTES:
            raise ValidationException(f"Message must be at most {LONGEST_MESSAGE_BYTES} bytes")
        return None
    algorithm = _HASHES.get(response._get_param("SigningAlgorithm"))
    if algorithm is None:
        return None
    if len(message) != algorithm.digest_size:
        raise ValidationException(
            f"Digest is invalid length for algorithm {response._get_param('SigningAlgorithm')}."
        )
    return message


def _algorithm(response: KmsResponse) -> ec.ECDSA:
    return ec.ECDSA(utils.Prehashed(_HASHES[response._get_param("SigningAlgorithm")]))


def _key(response: KmsResponse) -> ec.EllipticCurvePrivateKey:
    found = response.kms_backend.describe_key(response._get_param("KeyId")).private_key
    assert isinstance(found, ECDSAPrivateKey)  # noqa: S101 - by its algorithm
    key: ec.EllipticCurvePrivateKey = found.private_key
    return key
