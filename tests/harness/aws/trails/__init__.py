"""CloudTrail's data plane: what was called becomes log files, and digests that vouch for them."""

from harness.aws.trails.delivery import deliver

__all__ = ["deliver"]
