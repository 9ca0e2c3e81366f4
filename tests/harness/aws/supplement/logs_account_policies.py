"""CloudWatch Logs: policies for all log groups of an account and region."""

from __future__ import annotations

import json
import time
from typing import Any

from moto.logs.exceptions import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from moto.logs.responses import LogsResponse

from harness.aws.log_delivery import subscriptions
from harness.aws.supplement.logs_destinations import check_sender
from harness.aws.supplement.registry import mend

_SINGLE = {"DATA_PROTECTION_POLICY", "SUBSCRIPTION_FILTER_POLICY"}

_POLICIES = mend(
    "logs:PutAccountPolicy",
    reason="has no policies of an account (500)",
    observed="aws_cloudwatch_log_account_policy failed to apply",
)


@_POLICIES.instead(LogsResponse, "put_account_policy")
def _put_account_policy(self: LogsResponse) -> str:
    kind, name = self._get_param("policyType"), self._get_param("policyName")
    policies = subscriptions.account_policies(self.logs_backend)
    others = [key for key in policies if key[0] == kind and key[1] != name]
    if kind in _SINGLE and others:
        raise LimitExceededException
    policy = {
        "policyName": name,
        "policyDocument": self._get_param("policyDocument"),
        "lastUpdatedTime": int(time.time() * 1000),
        "policyType": kind,
        "scope": self._get_param("scope") or "ALL",
        "accountId": self.current_account,
    }
    if criteria := self._get_param("selectionCriteria"):
        policy["selectionCriteria"] = criteria
    _check(self, policy)
    policies[kind, name] = policy
    return json.dumps({"accountPolicy": policy})


@_POLICIES.instead(LogsResponse, "describe_account_policies")
def _describe_account_policies(self: LogsResponse) -> str:
    kind, wanted = self._get_param("policyType"), self._get_param("policyName")
    found = [
        policy
        for (each, name), policy in subscriptions.account_policies(self.logs_backend).items()
        if each == kind and wanted in (None, name)
    ]
    return json.dumps({"accountPolicies": found})


@_POLICIES.instead(LogsResponse, "delete_account_policy")
def _delete_account_policy(self: LogsResponse) -> str:
    key = self._get_param("policyType"), self._get_param("policyName")
    if subscriptions.account_policies(self.logs_backend).pop(key, None) is None:
        raise ResourceNotFoundException("The specified account policy does not exist.")
    return ""


def _check(response: LogsResponse, policy: dict[str, Any]) -> None:
    try:
        document = json.loads(policy["policyDocument"])
        if policy["policyType"] == "SUBSCRIPTION_FILTER_POLICY":
            subscriptions.excluded_groups(policy.get("selectionCriteria"))
            destination, role = document["DestinationArn"], document.get("RoleArn")
            check_sender(response.logs_backend, "logs:PutAccountPolicy", destination, role)
        elif policy["policyType"] == "DATA_PROTECTION_POLICY":
            check_data_protection(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidParameterException(f"The policy isn't valid: {error!r}") from None


def check_data_protection(document: dict[str, Any]) -> None:
    """See that a data protection policy audits exactly what it masks.

    Raises:
        InvalidParameterException: it doesn't.
    """
    identifiers: dict[str, list[str]] = {}
    for statement in document["Statement"]:
        (operation,) = statement["Operation"]
        identifiers[operation] = sorted(statement["DataIdentifier"])
    if len(identifiers) != 2 or identifiers["Audit"] != identifiers["Deidentify"]:
        raise InvalidParameterException(
            "A data protection policy needs one Audit and one Deidentify statement"
            " with the same data identifiers."
        )
