"""The embedded AWS: real Terraform, boto3 and SDK clients run against it on a laptop."""

from harness.aws.calls import Call, CallLog
from harness.aws.embedded import EmbeddedAWS
from harness.aws.errors import AwsError
from harness.aws.faults import ConnectionLostError, Fault, Faults

__all__ = ["AwsError", "Call", "CallLog", "ConnectionLostError", "EmbeddedAWS", "Fault", "Faults"]
