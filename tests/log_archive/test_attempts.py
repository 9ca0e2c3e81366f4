"""Attempts on the applied archive: what the embedded AWS itself refuses, sent and answered.

The organization here has no guardrails, so what only they refuse isn't of interest.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from harness.attempts import ATTEMPTS, PEOPLE, carry_out, collect
from harness.testing import pci
from log_archive.conftest import ACCOUNTS, ORGANIZATION

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS
    from log_archive.sender import Sender


@pci("10.3.2", "10.5.1")
def test_whoever_tries_is_refused_by_lock_or_policy(aws: EmbeddedAWS, sender: Sender) -> None:
    assert sender.find(sender.emit())
    deployed = collect(aws.session, ACCOUNTS, ORGANIZATION["region"], PEOPLE)
    sent = [attempt for attempt in ATTEMPTS if attempt.send]
    records = carry_out(deployed, sent, enforcing=aws.bucket_policies_enforced)
    seen = [record for record in records if record.how == "seen"]
    allowed = [f"{each.what}, by {each.who}: {each.answer}" for each in seen if not each.refused]
    assert allowed == [], "PCI DSS 10.3.2 and 10.5.1: logs stay as they are"
    assert Counter(each.action for each in seen) == {
        "logs:PutSubscriptionFilter": 1,
        "s3:BypassGovernanceRetention": 4,
        "s3:DeleteBucketPolicy": 3,
        "s3:DeleteObjectVersion": 4,
        "s3:PutBucketObjectLockConfiguration": 3,
        "s3:PutBucketPolicy": 3,
        "s3:PutBucketVersioning": 4,
        "s3:PutEncryptionConfiguration": 3,
        "s3:PutLifecycleConfiguration": 3,
        "s3:PutObjectRetention": 4,
    }
