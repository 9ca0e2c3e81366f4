"""CloudTrail's administrator in an organization, which CloudTrail registers itself."""

from __future__ import annotations

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.organizations.models import OrganizationsBackend, organizations_backends

from harness.aws.supplement.registry import mend

_TRAIL = "cloudtrail.amazonaws.com"

_CLOUDTRAIL = mend(
    "cloudtrail:RegisterOrganizationDelegatedAdmin",
    reason="has no delegated administrators (500)",
    observed="aws_cloudtrail_organization_delegated_admin_account failed to apply",
)


@_CLOUDTRAIL.instead(CloudTrailResponse, "register_organization_delegated_admin")
def _register(self: CloudTrailResponse) -> str:
    backend = _organization(self)
    trusted = {each["ServicePrincipal"] for each in backend.services}
    if _TRAIL not in trusted:
        raise JsonRESTError(
            "CloudTrailAccessNotEnabledException",
            "CloudTrail isn't a trusted service of the organization.",
        )
    backend.register_delegated_administrator(
        AccountId=self._get_param("MemberAccountId"), ServicePrincipal=_TRAIL
    )
    return "{}"


@_CLOUDTRAIL.instead(CloudTrailResponse, "deregister_organization_delegated_admin")
def _deregister(self: CloudTrailResponse) -> str:
    _organization(self).deregister_delegated_administrator(
        AccountId=self._get_param("DelegatedAdminAccountId"), ServicePrincipal=_TRAIL
    )
    return "{}"


def _organization(response: CloudTrailResponse) -> OrganizationsBackend:
    return organizations_backends[response.current_account][response.partition]
