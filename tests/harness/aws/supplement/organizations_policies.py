"""Organizations: policies of types that aren't enabled, and the organization's own policy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from moto.moto_api._internal import mock_random
from moto.organizations.exceptions import OrganizationsClientError, PolicyTypeNotEnabledException
from moto.organizations.models import FakeRoot, OrganizationsBackend
from moto.organizations.responses import OrganizationsResponse

from harness.aws.supplement.registry import mend

_ATTACHMENT = mend(
    "organizations:AttachPolicy",
    reason="attaches a policy whose type isn't enabled, and the same one twice",
    observed="a resource control policy that on AWS would be refused was attached",
)
_RESOURCE_POLICY = mend(
    "organizations:PutResourcePolicy",
    reason="has no resource policy of the organization (500)",
    observed="aws_organizations_resource_policy failed to apply",
)


@_ATTACHMENT.around(OrganizationsResponse, "attach_policy")
def _attach_policy(original: Any, response: OrganizationsResponse) -> Any:
    backend = response.organizations_backend
    policy = backend.get_policy_by_id(response._get_param("PolicyId"))
    enabled = {
        each["Type"]
        for root in backend.ou
        if isinstance(root, FakeRoot)
        for each in root.policy_types
    }
    if policy.type not in enabled:
        raise PolicyTypeNotEnabledException
    if response._get_param("TargetId") in {each.id for each in policy.attachments}:
        raise OrganizationsClientError(
            "DuplicatePolicyAttachmentException",
            "The selected policy is already attached to the specified target.",
        )
    return original(response)


@dataclass
class _ResourcePolicy:
    id: str
    arn: str
    content: str
    tags: dict[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        summary = {"Id": self.id, "Arn": self.arn}
        return json.dumps(
            {"ResourcePolicy": {"ResourcePolicySummary": summary, "Content": self.content}}
        )


@_RESOURCE_POLICY.instead(OrganizationsResponse, "put_resource_policy")
def _put_resource_policy(self: OrganizationsResponse) -> str:
    backend, content = self.organizations_backend, self._get_param("Content")
    found: _ResourcePolicy | None = vars(backend).get("resource_policy")
    if found is None:
        found = vars(backend)["resource_policy"] = _new(backend, content)
    found.content = content
    found.tags |= {tag["Key"]: tag["Value"] for tag in self._get_param("Tags", [])}
    return found.describe()


@_RESOURCE_POLICY.instead(OrganizationsResponse, "describe_resource_policy")
def _describe_resource_policy(self: OrganizationsResponse) -> str:
    return _existing(self.organizations_backend).describe()


@_RESOURCE_POLICY.instead(OrganizationsResponse, "delete_resource_policy")
def _delete_resource_policy(self: OrganizationsResponse) -> str:
    _existing(self.organizations_backend)
    del vars(self.organizations_backend)["resource_policy"]
    return "{}"


@_RESOURCE_POLICY.around(OrganizationsBackend, "_get_resource_for_tagging")
def _get_resource_for_tagging(
    original: Any, backend: OrganizationsBackend, resource_id: str
) -> Any:
    return _existing(backend) if resource_id.startswith("rp-") else original(backend, resource_id)


def _new(backend: OrganizationsBackend, content: str) -> _ResourcePolicy:
    policy_id = f"rp-{mock_random.get_random_hex(8)}"
    organization = backend.describe_organization()["Organization"]["Id"]
    arn = f"arn:aws:organizations::{backend.account_id}:resourcepolicy/{organization}/{policy_id}"
    return _ResourcePolicy(policy_id, arn, content)


def _existing(backend: OrganizationsBackend) -> _ResourcePolicy:
    found: _ResourcePolicy | None = vars(backend).get("resource_policy")
    if found is None:
        raise OrganizationsClientError(
            "ResourcePolicyNotFoundException", "We can't find a resource policy."
        )
    return found
