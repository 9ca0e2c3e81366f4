"""What stays true of the applied dev while payments run through it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness.platform import REPOSITORY
from harness.testing import pci
from promotion.bundle import Release

if TYPE_CHECKING:
    from harness.aws import Call
    from harness.caller import Caller
    from harness.platform import Platform


def test_payments_leave_nothing_to_plan(platform: Platform, caller: Caller) -> None:
    caller.authorized()
    plan = platform.environment.plan()
    assert plan.is_empty, str(plan)
    assert len(plan.resources) > 50


def test_a_void_needs_no_body(caller: Caller) -> None:
    """Its body is optional in the contract, so the gateway must not want one either."""
    response = caller.send("POST", f"/payments/{caller.authorized()}/void")
    assert (response.status_code, response.json().get("state")) == (200, "voided"), response.text


def test_warm_authorization_makes_two_dynamodb_calls(platform: Platform, caller: Caller) -> None:
    for _ in range(20):  # every worker of the pool has read the merchant's profile
        caller.authorized()
    since = platform.aws.calls.mark()
    for _ in range(10):
        caller.authorized()
    calls = [
        call.action
        for call in platform.aws.calls.select("dynamodb", since=since)
        if role_of(call) == role_of_function(platform, "transaction_gateway")
    ]
    assert sorted(calls) == ["PutItem"] * 10 + ["UpdateItem"] * 10


@pci("7.2.5")
def test_workers_have_the_role_that_was_deployed(platform: Platform, caller: Caller) -> None:
    since = platform.aws.calls.mark()
    caller.authorized()
    callers = {
        role_of(call)
        for call in platform.aws.calls.select("dynamodb", since=since)
        if call.action in ("PutItem", "UpdateItem")
        and call.resource == platform.outputs["tables"]["transactions"]["name"]
    }
    assert callers == {role_of_function(platform, "transaction_gateway")}


@pci("6.5.1")
def test_the_account_notes_which_release_it_runs(platform: Platform) -> None:
    release = Release.read(REPOSITORY / "dist")
    noted = platform.aws.client("ssm", platform.account_id).get_parameter(
        Name="/payments/release", WithDecryption=True
    )["Parameter"]
    assert json.loads(noted["Value"]) == {
        "commit": release.commit,
        "digest": release.digest,
        "version": release.version,
    }
    deployed = platform.aws.client("lambda", platform.account_id).get_function_configuration(
        FunctionName=platform.outputs["functions"]["tokenizer"]["name"]
    )
    assert deployed["CodeSha256"] == release.manifest["functions"]["tokenizer"]["sha256_base64"]


def role_of(call: Call) -> str:
    """Give the name of the role that made a call."""
    return call.principal_arn.split("/")[1]


def role_of_function(platform: Platform, name: str) -> str:
    """Give the name of the role that a function was deployed with."""
    function = platform.aws.client("lambda", platform.account_id).get_function_configuration(
        FunctionName=platform.outputs["functions"][name]["name"]
    )
    return str(function["Role"].rpartition("/")[2])
