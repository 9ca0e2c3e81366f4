"""The table of attempts: who tries what on the logs.

Requirements are those of PCI DSS 4.0.1: 10.2.1 (calls are logged, and that logging stops), 10.3.1
to 10.3.3 (logs are protected and shipped), 10.5.1 (kept), 3.4.1 (card numbers masked), 3.6.1 (keys
protected), 6.5.1 (changes controlled), 7.2.5 (least privilege).
"""

from __future__ import annotations

from harness.attempts.attempt import BYPASSED, Attempt
from harness.attempts.on_archive import FROM_OUTSIDE, ON_ARCHIVE
from harness.attempts.on_workloads import ON_WORKLOADS
from harness.attempts.people import EVERYONE, MANAGER

_ON_MANAGEMENT = (
    ("stop the trail", "cloudtrail:StopLogging", "trail"),
    ("delete the trail", "cloudtrail:DeleteTrail", "trail"),
    ("change the trail", "cloudtrail:UpdateTrail", "trail"),
    ("record fewer events", "cloudtrail:PutEventSelectors", "trail"),
    ("lift a guardrail", "organizations:DetachPolicy", "guardrail"),
)

ATTEMPTS = (
    *ON_ARCHIVE,
    *(
        Attempt(
            what=what,
            action=action,
            target=target,
            by=EVERYONE,
            requirements=("10.2.1", "10.3.2"),
            possible={MANAGER: BYPASSED},
        )
        for what, action, target in _ON_MANAGEMENT
    ),
    *ON_WORKLOADS,
    *FROM_OUTSIDE,
)
"""What destroys logs, weakens their protection or keeps them from arriving, and ways around."""
