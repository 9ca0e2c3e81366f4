"""Web ACLs: what they may hold, what they stand before, and what keeps them from being deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.wafv2.exceptions import WAFNonexistentItemException, WAFv2ClientError
from moto.wafv2.models import FakeWebACL, WAFV2Backend
from moto.wafv2.responses import WAFV2Response

from harness.aws.supplement.registry import mend
from harness.aws.supplement.wafv2_capacity import MOST_UNITS, units_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moto.wafv2.models import FakeLoggingConfiguration, FakeRule

_CAPACITY = mend(
    "wafv2:CreateWebACL",
    reason="says that every web ACL has 3 units of capacity, takes rules without end and several"
    " of one priority",
    observed="capacity of a web ACL with a managed group of 700 units",
)
_PROTECTION = mend(
    "wafv2:GetWebACL",
    reason="forgets which fields are protected",
    observed="second plan of aws_wafv2_web_acl with a data_protection_config",
)
_UPDATE = mend(
    "wafv2:UpdateWebACL",
    reason="keeps the old rules of a web ACL that is to have none",
    observed="boto3 update_web_acl(Rules=[])",
)
_DELETE = mend(
    "wafv2:DeleteWebACL",
    reason="deletes a web ACL that stands before a stage",
    observed="destroying aws_wafv2_web_acl before its association succeeded",
)
_DELETE_SET = mend(
    "wafv2:DeleteIPSet",
    reason="deletes a set of addresses that a rule refers to",
    observed="boto3 delete_ip_set",
)
_ASSOCIATE = mend(
    "wafv2:AssociateWebACL",
    reason="leaves a stage with the web ACL that it had, and takes stages that don't exist",
    observed="get_web_acl_for_resource after a second association",
)
_RESOURCES = mend(
    "wafv2:ListResourcesForWebACL",
    reason="can't list what a web ACL stands before (500)",
    observed="boto3 list_resources_for_web_acl",
)
_LOGGING = mend(
    "wafv2:PutLoggingConfiguration",
    reason="logs to a group of any name, for a web ACL that needn't exist",
    observed="aws_wafv2_web_acl_logging_configuration with another group was applied",
)
_LOG_GROUPS = ":log-group:aws-waf-logs-"


class _WafError(WAFv2ClientError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


@_CAPACITY.around(WAFV2Backend, "create_web_acl")
def _create_within_limits(original: Any, backend: WAFV2Backend, *args: Any) -> FakeWebACL:
    acl: FakeWebACL = original(backend, *args)
    try:
        _check(acl.rules, backend)
    except _WafError:
        del backend.wacls[acl.arn]
        raise
    acl.capacity = units_of(acl.rules, _groups(backend))
    return acl


@_CAPACITY.around(WAFV2Backend, "update_web_acl")
def _update_within_limits(
    original: Any, backend: WAFV2Backend, name: str, acl_id: str, *args: Any
) -> str:
    acl = backend.get_web_acl(None, name, acl_id)
    before = acl.rules
    token: str = original(backend, name, acl_id, *args)
    try:
        _check(acl.rules, backend)
    except _WafError:
        acl.rules = before
        raise
    acl.capacity = units_of(acl.rules, _groups(backend))
    return token


def _check(rules: list[FakeRule], backend: WAFV2Backend) -> None:
    if len({rule.priority for rule in rules}) < len(rules):
        raise _WafError(
            "WAFInvalidParameterException",
            "Error reason: You have used two or more rules with the same priority value.",
        )
    if units_of(rules, _groups(backend)) > MOST_UNITS:
        raise _WafError(
            "WAFLimitsExceededException",
            "AWS WAF couldn't perform the operation because you exceeded your resource limit.",
        )


def _groups(backend: WAFV2Backend) -> Mapping[str, int]:
    return {arn: group.capacity for arn, group in backend.rule_groups.items()}


@_PROTECTION.around(WAFV2Response, "create_web_acl")
@_PROTECTION.around(WAFV2Response, "update_web_acl")
def _keep_protection(original: Any, response: WAFV2Response) -> Any:
    answer = original(response)
    asked = json.loads(response.body)
    for acl in response.wafv2_backend.wacls.values():
        if acl.name == asked["Name"]:
            vars(acl)["data_protection_config"] = asked.get("DataProtectionConfig")
    return answer


@_PROTECTION.around(FakeWebACL, "to_dict")
def _tell_protection(original: Any, acl: FakeWebACL) -> dict[str, Any]:
    protection = vars(acl).get("data_protection_config")
    told = {"DataProtectionConfig": protection} if protection else {}
    return {**original(acl), **told}


@_UPDATE.around(FakeWebACL, "update")
def _update_all_rules(
    original: Any, acl: FakeWebACL, default_action: Any, rules: Any, *args: Any
) -> None:
    original(acl, default_action, rules or [], *args)


@_DELETE.around(WAFV2Backend, "delete_web_acl")
def _delete_unused_acl(
    original: Any, backend: WAFV2Backend, name: str, scope: str, acl_id: str, token: str
) -> None:
    acl = backend.get_web_acl(None, name, acl_id)
    if any(_stands_before(backend, acl)):
        raise _in_use()
    original(backend, name, scope, acl_id, token)
    backend.logging_configurations.pop(acl.arn, None)


@_DELETE_SET.around(WAFV2Backend, "delete_ip_set")
def _delete_unused_set(
    original: Any, backend: WAFV2Backend, name: str, scope: str, set_id: str, token: str
) -> None:
    arn = next((arn for arn, each in backend.ip_sets.items() if each.ip_set_id == set_id), "")
    rules = [rule for acl in backend.wacls.values() for rule in acl.rules]
    rules += [rule for group in backend.rule_groups.values() for rule in group.rules]
    if arn and any(arn in json.dumps(rule.statement) for rule in rules):
        raise _in_use()
    original(backend, name, scope, set_id, token)


def _in_use() -> _WafError:
    return _WafError(
        "WAFAssociatedItemException",
        "AWS WAF couldn't perform the operation because your resource is being used by another"
        " resource or it's associated with another resource.",
    )


@_ASSOCIATE.around(WAFV2Backend, "associate_web_acl")
def _associate(original: Any, backend: WAFV2Backend, acl_arn: str, resource_arn: str) -> None:
    if ":apigateway:" in resource_arn and backend._find_apigw_stage(resource_arn) is None:
        raise WAFNonexistentItemException
    if acl_arn in backend.wacls:
        backend.disassociate_web_acl(resource_arn)
    original(backend, acl_arn, resource_arn)


@_RESOURCES.instead(WAFV2Response, "list_resources_for_web_acl")
def _list_resources(self: WAFV2Response) -> str:
    asked = json.loads(self.body)
    acl = self.wafv2_backend.get_web_acl(asked["WebACLArn"], None, None)
    # Load balancers are what AWS lists unless told otherwise.
    api_gateway = asked.get("ResourceType") == "API_GATEWAY"
    found = [
        arn
        for arn in _stands_before(self.wafv2_backend, acl)
        if (":apigateway:" in arn) == api_gateway
    ]
    return json.dumps({"ResourceArns": found})


def _stands_before(backend: WAFV2Backend, acl: FakeWebACL) -> Iterator[str]:
    """Yield what is associated and still there: a deleted stage takes its association along."""
    for arn in acl.associated_resources:
        if ":apigateway:" not in arn or backend._find_apigw_stage(arn) is not None:
            yield arn


@_LOGGING.around(WAFV2Backend, "put_logging_configuration")
def _log_somewhere(
    original: Any, backend: WAFV2Backend, arn: str, destinations: list[str], *args: Any
) -> FakeLoggingConfiguration:
    if arn not in backend.wacls:
        raise WAFNonexistentItemException
    if any(":logs:" in each and _LOG_GROUPS not in each for each in destinations):
        raise _WafError(
            "WAFInvalidParameterException",
            "Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other"
            " information separated by colons or slashes., field: LOG_DESTINATION",
        )
    configuration: FakeLoggingConfiguration = original(backend, arn, destinations, *args)
    return configuration
