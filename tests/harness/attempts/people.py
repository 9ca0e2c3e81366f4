"""Who makes attempts: the most powerful roles of each account, and who is outside."""

from __future__ import annotations

from harness.attempts.attempt import Who
from harness.attempts.targets import ACCESS_ROLE

DEPLOY = "payments-deploy"
ARCHIVIST, ARCHIVE_DEPLOY = Who(ACCESS_ROLE, "log-archive"), Who(DEPLOY, "log-archive")
DEV, DEV_DEPLOY = Who(ACCESS_ROLE, "dev"), Who(DEPLOY, "dev")
PRODUCTION, PRODUCTION_DEPLOY = Who(ACCESS_ROLE, "production"), Who(DEPLOY, "production")
MANAGER = Who("administrator", "management")
ROOT_USER = Who("root user", "dev")
OUTSIDER = Who("administrator", "outside")
SERVICE = Who("cloudtrail.amazonaws.com", "outside")

MEMBERS = (ARCHIVIST, ARCHIVE_DEPLOY, DEV, DEV_DEPLOY)
EVERYONE = (*MEMBERS, MANAGER)
PEOPLE = (*EVERYONE, PRODUCTION, PRODUCTION_DEPLOY, ROOT_USER, OUTSIDER)
"""Whose permissions decide."""
