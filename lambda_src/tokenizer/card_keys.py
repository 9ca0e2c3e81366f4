"""The vault's keys in KMS: one encrypts numbers, another tells equal ones without showing them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_kms.client import KMSClient

    from tokenizer.card_number import CardNumber


class CardKeys:
    """Nothing here decrypts: the function that takes numbers can't give one back."""

    def __init__(self, client: KMSClient, *, card_key: str, mac_key: str) -> None:
        self._client = client
        self._card_key = card_key
        self._mac_key = mac_key

    def fingerprint(self, merchant_id: str, number: CardNumber) -> str:
        """Give 64 hexadecimal digits, the same for the same number of the same merchant."""
        answer = self._client.generate_mac(
            KeyId=self._mac_key,
            MacAlgorithm="HMAC_SHA_256",
            Message=f"{merchant_id}\0{number.reveal()}".encode(),
        )
        return answer["Mac"].hex()

    def encrypt(self, merchant_id: str, token: str, number: CardNumber) -> str:
        """Encrypt a number for a merchant's token, which decrypting must name; give base64."""
        answer = self._client.encrypt(
            KeyId=self._card_key,
            Plaintext=number.reveal().encode(),
            EncryptionContext={"merchant_id": merchant_id, "token": token},
        )
        return base64.b64encode(answer["CiphertextBlob"]).decode()
