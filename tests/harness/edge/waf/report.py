"""What the web ACLs of the deployed stages couldn't be evaluated for: said, never passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.edge.table import RouteTable


def web_acls(table: RouteTable) -> list[dict[str, Any]]:
    """Each web ACL with its stages, and what isn't evaluated, since the last reload.

    Managed rule groups are always there, the rest when it happened.
    """
    found: dict[str, dict[str, Any]] = {}
    for (api_id, name), stage in sorted(table.stages.items()):
        if stage.web_acl is None:
            continue
        web_acl = stage.web_acl.web_acl
        if web_acl.arn not in found:
            found[web_acl.arn] = {
                "name": web_acl.name,
                "arn": web_acl.arn,
                "stages": [],
                "not_evaluated": [
                    {
                        "rule": gap.rule,
                        "group": gap.group,
                        "version": gap.version,
                        "reason": gap.reason,
                        "requests": gap.requests,
                    }
                    for gap in web_acl.not_evaluated()
                ],
            }
        found[web_acl.arn]["stages"].append(f"{api_id}/{name}")
    return list(found.values())


def sentences(report: Iterable[dict[str, Any]]) -> list[str]:
    """One sentence for each web ACL with rules that are never evaluated."""
    said = []
    for web_acl in report:
        groups = [gap for gap in web_acl["not_evaluated"] if gap["group"]]
        if groups:
            rules = ", ".join(f"{gap['rule']} ({gap['group']} {gap['version']})" for gap in groups)
            said.append(
                f"Web ACL {web_acl['name']} of {', '.join(web_acl['stages'])}: managed rule "
                f"groups aren't evaluated here, AWS would: {rules}"
            )
    return said
