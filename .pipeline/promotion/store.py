"""The artifact store: one bucket with releases, plans and records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from promotion.accounts import client, home
from promotion.settings import required

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MISSING = frozenset({"404", "NoSuchKey"})


@dataclass(frozen=True)
class Store:
    """The bucket, as seen by a client of S3."""

    bucket: str
    s3: Any

    @classmethod
    def of_environment(cls) -> Store:
        """Open the store that ARTIFACT_BUCKET names, with the stage's own credentials."""
        return cls(required("ARTIFACT_BUCKET"), client(home(), "s3"))

    def put(self, key: str, content: bytes) -> None:
        """Write an object; the bucket's key encrypts it."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, ChecksumAlgorithm="SHA256")

    def put_json(self, key: str, document: Any) -> None:
        """Write a document, readable by people."""
        self.put(key, encode(document))

    def copy(self, source: Mapping[str, str], key: str) -> None:
        """Copy an object of another place in S3."""
        self.s3.copy_object(
            Bucket=self.bucket,
            Key=key,
            CopySource={"Bucket": source["bucket"], "Key": source["key"]},
            ChecksumAlgorithm="SHA256",
        )

    def get(self, key: str) -> bytes | None:
        """Read an object; None when there is none."""
        try:
            return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise

    def get_json(self, key: str) -> Any:
        """Read a document; None when there is none."""
        content = self.get(key)
        return None if content is None else json.loads(content)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in order."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            yield from (item["Key"] for item in page.get("Contents", ()))

    def address(self, key: str) -> str:
        """Return what a person gives to the AWS CLI."""
        return f"s3://{self.bucket}/{key}"


def encode(document: Any) -> bytes:
    """Write a document as JSON, the same bytes for the same content."""
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()
