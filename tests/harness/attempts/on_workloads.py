"""Attempts on a workload account's own logs, and on what leads them to the archive."""

from __future__ import annotations

from harness.attempts.attempt import DEPLOYS, Attempt, Who
from harness.attempts.people import DEPLOY, DEV, MANAGER, ROOT_USER
from harness.attempts.targets import ACCESS_ROLE

# What, by which action, on what, against which requirement.
_WORKLOAD = (
    ("delete a subscription filter", "logs:DeleteSubscriptionFilter", "log group", "10.3.3"),
    ("send a group's logs elsewhere", "logs:PutSubscriptionFilter", "log group", "10.3.3"),
    ("delete the account's log policy", "logs:DeleteAccountPolicy", "log groups", "10.3.3"),
    ("change the account's log policy", "logs:PutAccountPolicy", "log groups", "10.3.3"),
    ("take the forwarding role away", "iam:DeleteRolePolicy", "forwarding role", "10.3.3"),
    ("take the flow logs' role away", "iam:DeleteRolePolicy", "flow log role", "10.3.2"),
    ("delete a mask of card numbers", "logs:DeleteDataProtectionPolicy", "log group", "3.4.1"),
    ("change a mask of card numbers", "logs:PutDataProtectionPolicy", "log group", "3.4.1"),
    ("read masked card numbers", "logs:Unmask", "log group", "3.4.1"),
    ("delete a log group", "logs:DeleteLogGroup", "log group", "10.5.1"),
    ("keep a log group shorter", "logs:PutRetentionPolicy", "log group", "10.5.1"),
    ("delete flow logs", "ec2:DeleteFlowLogs", "flow log", "10.3.2"),
    ("schedule a key's deletion", "kms:ScheduleKeyDeletion", "key", "3.6.1"),
    ("disable a key", "kms:DisableKey", "key", "3.6.1"),
    ("change a key's policy", "kms:PutKeyPolicy", "key", "3.6.1"),
    ("change a function's code", "lambda:UpdateFunctionCode", "function", "6.5.1"),
    ("open the deploy role to others", "iam:UpdateAssumeRolePolicy", "deploy role", "7.2.5"),
    ("stop GuardDuty", "guardduty:DeleteDetector", "detector", "10.3.2"),
    ("stop AWS Config", "config:StopConfigurationRecorder", "account", "10.3.2"),
    ("work where nothing is shipped", "logs:CreateLogGroup", "account elsewhere", "10.2.1"),
    ("leave the organization", "organizations:LeaveOrganization", "account", "10.3.2"),
)
# What the deploy role does for a living, and may do in an account that it destroys.
_SETTINGS = {
    "iam:DeleteRolePolicy",
    "kms:PutKeyPolicy",
    "lambda:UpdateFunctionCode",
    "logs:PutAccountPolicy",
    "logs:PutDataProtectionPolicy",
    "logs:PutRetentionPolicy",
    "logs:PutSubscriptionFilter",
}
_DELETIONS = {
    "ec2:DeleteFlowLogs",
    "kms:ScheduleKeyDeletion",
    "logs:DeleteAccountPolicy",
    "logs:DeleteDataProtectionPolicy",
    "logs:DeleteLogGroup",
    "logs:DeleteSubscriptionFilter",
}


def _on_workload(environment: str, *, deployed: bool) -> tuple[Attempt, ...]:
    """Everything on one account; where there is no deploy role yet, only control policies speak."""
    administrator, deploy = Who(ACCESS_ROLE, environment), Who(DEPLOY, environment)
    possible = _SETTINGS | _DELETIONS if deployed else set()
    unknown = set() if deployed else _SETTINGS
    return tuple(
        Attempt(
            what=what,
            action=action,
            target=f"{environment} {target}",
            by=(administrator,) if action in unknown else (administrator, deploy),
            requirements=(requirement,),
            possible={deploy: DEPLOYS} if action in possible else {},
        )
        for what, action, target, requirement in _WORKLOAD
    )


ON_WORKLOADS = (
    *_on_workload("dev", deployed=True),
    *_on_workload("production", deployed=False),
    Attempt(
        what="become the deploy role",
        action="sts:AssumeRole",
        target="dev deploy role",
        by=(DEV, MANAGER),
        requirements=("7.2.5",),
    ),
    Attempt(
        what="do anything as root user",
        action="logs:CreateLogGroup",
        target="dev log group",
        by=(ROOT_USER,),
        requirements=("7.2.5",),
    ),
)
