"""EC2: rules of security groups that name a group or a prefix list."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule

from harness.aws.supplement.registry import mend

_DESCRIPTION = mend(
    "ec2:AuthorizeSecurityGroupIngress",
    reason="forgets the description of a rule that names a group or a prefix list",
    observed="second plan of aws_vpc_security_group_ingress_rule wanted to describe it again",
)
_CHANGE = mend(
    "ec2:ModifySecurityGroupRules",
    reason="changes the ports of a rule, but not the group or prefix list that it names",
    observed="second plan of aws_vpc_security_group_egress_rule after changing the group",
)


@_DESCRIPTION.around(SecurityGroupRule, "__init__")
def _init(
    original: Any,
    rule: SecurityGroupRule,
    ec2_backend: Any,
    ip_protocol: str,
    group_id: str,
    from_port: str | None,
    to_port: str | None,
    ip_range: dict[str, str] | None,
    source_group: dict[str, str] | None = None,
    prefix_list_id: dict[str, str] | None = None,
    **options: Any,
) -> None:
    peers = (ip_range, source_group, prefix_list_id)
    original(rule, ec2_backend, ip_protocol, group_id, from_port, to_port, *peers, **options)
    description = (source_group or prefix_list_id or {}).get("Description")
    if description:
        rule.ip_range["Description"] = description  # where moto itself puts a changed one


@_CHANGE.around(SecurityGroupBackend, "modify_security_group_rules")
def _modify_security_group_rules(
    original: Any, backend: SecurityGroupBackend, group_id: str, rules: dict[str, dict[str, Any]]
) -> None:
    original(backend, group_id, rules)
    group: Any = backend.get_security_group_by_name_or_id(group_id)
    for rule_id, wanted in rules.items():
        rule = group.get_rule(rule_id)
        if "ReferencedGroupId" in wanted:
            rule.source_group = {**rule.source_group, "GroupId": wanted["ReferencedGroupId"]}
        if "PrefixListId" in wanted:
            rule.prefix_list_id = wanted["PrefixListId"]
