"""Attempts on the logs by whoever can do most, and the record of who was refused what by what.

An attempt that the embedded AWS refuses as AWS does is sent, and *seen* to be refused. The others
would succeed there, since it enforces no policies: these are *evaluated* by the policy engine over
the policies that are deployed, and never sent.
"""

from harness.attempts.attempt import Attempt, Record, Who
from harness.attempts.carry_out import carry_out, evaluate
from harness.attempts.collect import NotDeployedError, collect
from harness.attempts.people import PEOPLE
from harness.attempts.report import export, failures, tables
from harness.attempts.table import ATTEMPTS
from harness.attempts.targets import Deployed

__all__ = [
    "ATTEMPTS",
    "PEOPLE",
    "Attempt",
    "Deployed",
    "NotDeployedError",
    "Record",
    "Who",
    "carry_out",
    "collect",
    "evaluate",
    "export",
    "failures",
    "tables",
]
