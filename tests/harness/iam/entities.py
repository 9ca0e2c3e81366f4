"""Reads a role's or user's policies from IAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.iam.policies import Policy, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_iam import IAMClient


@dataclass(frozen=True, slots=True)
class Permissions:
    """The identity policies, boundary and tags of a role or user, and who may become a role."""

    statements: Sequence[Statement]
    boundary: Sequence[Statement] | None
    tags: Mapping[str, str]
    trust: Sequence[Statement] | None = None


def read_role(iam: IAMClient, name: str) -> Permissions:
    """Read what a role's policies, boundary, tags and trust policy say."""
    role = iam.get_role(RoleName=name)["Role"]
    inline = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in _all(iam, "list_role_policies", "PolicyNames", RoleName=name)
    }
    attached = _all(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    return _permissions(iam, role, inline, attached)


def read_user(iam: IAMClient, name: str) -> Permissions:
    """Read what a user's policies, those of its groups, boundary and tags say."""
    user = iam.get_user(UserName=name)["User"]
    inline = {
        policy: iam.get_user_policy(UserName=name, PolicyName=policy)["PolicyDocument"]
        for policy in _all(iam, "list_user_policies", "PolicyNames", UserName=name)
    }
    attached = list(_all(iam, "list_attached_user_policies", "AttachedPolicies", UserName=name))
    for group in _all(iam, "list_groups_for_user", "Groups", UserName=name):
        group_name = group["GroupName"]
        inline |= {
            f"{group_name}/{policy}": iam.get_group_policy(GroupName=group_name, PolicyName=policy)[
                "PolicyDocument"
            ]
            for policy in _all(iam, "list_group_policies", "PolicyNames", GroupName=group_name)
        }
        attached += _all(
            iam, "list_attached_group_policies", "AttachedPolicies", GroupName=group_name
        )
    return _permissions(iam, user, inline, attached)


def _permissions(
    iam: IAMClient, entity: Mapping[str, Any], inline: Mapping[str, Any], attached: Iterable[Any]
) -> Permissions:
    policies = [Policy(document, name=name) for name, document in inline.items()]
    policies += [_managed(iam, policy["PolicyArn"]) for policy in attached]
    boundary = entity.get("PermissionsBoundary")
    trust = entity.get("AssumeRolePolicyDocument")
    return Permissions(
        statements=[statement for policy in policies for statement in policy.statements],
        boundary=_managed(iam, boundary["PermissionsBoundaryArn"]).statements if boundary else None,
        tags={tag["Key"]: tag["Value"] for tag in entity.get("Tags", ())},
        trust=_trust(trust, entity["Arn"]) if trust else None,
    )


def _trust(document: Mapping[str, Any], arn: str) -> Sequence[Statement]:
    return Policy(document, resource_based=True, name=f"trust of {arn}").statements


def _managed(iam: IAMClient, arn: str) -> Policy:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    return Policy(found["Document"], name=arn.rpartition("/")[2])


def _all(iam: IAMClient, operation: str, key: str, **arguments: str) -> Iterable[Any]:
    for page in iam.get_paginator(operation).paginate(**arguments):  # type: ignore[call-overload]  # any
        yield from page[key]
