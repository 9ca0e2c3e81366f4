"""The functions' roles allow what the functions do, and nothing that they don't.

The embedded AWS enforces no identity policy, so each call that a worker made is put to the
policies of its deployed role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.iam import AccessRequest, Decision, Policies, Principal, authorize, read_role
from harness.testing import pci

if TYPE_CHECKING:
    from harness.caller import Caller
    from harness.iam import Permissions
    from harness.platform import Platform


class Role:
    """A deployed function's role, and what its policies say."""

    def __init__(self, platform: Platform, function: str) -> None:
        self.platform = platform
        self.function = platform.outputs["functions"][function]["name"]
        configuration = platform.aws.client("lambda", platform.account_id)
        arn = configuration.get_function_configuration(FunctionName=self.function)["Role"]
        self.name = arn.rpartition("/")[2]
        self.principal = Principal(platform.account_id, arn, arn)
        iam = platform.aws.client("iam", platform.account_id)
        self.permissions: Permissions = read_role(iam, self.name)

    def decide(self, action: str, resource: str) -> Decision:
        """Decide on a call through the table's key, with no condition key but that."""
        request = AccessRequest(
            action=action, resource=resource, lookup=lambda _: None, principal=self.principal
        )
        policies = Policies(self.permissions.statements, self.permissions.boundary)
        return authorize(request, policies, resource_account=self.platform.account_id).decision


@pytest.fixture(scope="module", params=["transaction_gateway", "sweeper"])
def role(platform: Platform, request: pytest.FixtureRequest) -> Role:
    return Role(platform, request.param)


def test_every_call_is_allowed(platform: Platform, caller: Caller, role: Role) -> None:
    since = platform.aws.calls.mark()
    _use_everything(platform, caller)
    table = platform.outputs["tables"]["transactions"]["arn"]
    calls = {
        call.action
        for call in platform.aws.calls.select("dynamodb", since=since)
        if f":assumed-role/{role.name}/" in call.principal_arn
    }
    assert calls, "the function called nothing"
    for action in calls:
        # The log doesn't keep which index a query used.
        resources = [table, f"{table}/index/unresolved"] if action == "Query" else [table]
        decisions = [role.decide(f"dynamodb:{action}", resource) for resource in resources]
        assert Decision.ALLOW in decisions, f"{role.name} may not call {action}"


@pci("7.2.5")
@pytest.mark.parametrize(
    "action",
    ["dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:UpdateTable"],
)
def test_nothing_destructive_is_allowed(platform: Platform, role: Role, action: str) -> None:
    assert (
        role.decide(action, platform.outputs["tables"]["transactions"]["arn"]) is not Decision.ALLOW
    )


@pci("7.2.5")
def test_other_tables_are_out_of_reach(platform: Platform, role: Role) -> None:
    other = platform.outputs["tables"]["transactions"]["arn"] + "-of-others"
    assert role.decide("dynamodb:UpdateItem", other) is not Decision.ALLOW


def _use_everything(platform: Platform, caller: Caller) -> None:
    payment_id = caller.authorized(1000)
    caller.capture(payment_id, 1000)
    caller.send("GET", f"/payments/{payment_id}")
    caller.send("GET", "/payments?limit=1")
    caller.authorize(1000, token="tok_timeout_booked")
    platform.sweep()
