"""Destroying the archive while it holds locked logs; the last file of the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.terraform import TerraformError
from harness.testing import pci

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS
    from harness.terraform import Root
    from log_archive.sender import Sender


@pci("10.3.2")
def test_destroying_it_with_locked_logs_ends_with_the_reason(
    aws: EmbeddedAWS, archive: Root, sender: Sender
) -> None:
    kept = sender.find(sender.emit())
    assert kept
    with pytest.raises(TerraformError, match="BucketNotEmpty") as refused:
        archive.destroy()
    assert sender.bucket in str(refused.value)
    head = sender.s3.head_object(Bucket=sender.bucket, Key=kept.key)
    assert head["VersionId"] == kept.version, "not one log was deleted"
    key = aws.client("kms", sender.archive_id).describe_key(KeyId=sender.key_arn)["KeyMetadata"]
    assert key["KeyState"] == "Enabled", "logs without their key are lost"
