"""GuardDuty in an organization: its administrator, and what is on in all accounts (kept only)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.guardduty.models import GuardDutyBackend, guardduty_backends
from moto.guardduty.responses import GuardDutyResponse
from moto.guardduty.urls import url_paths

from harness.aws.supplement.registry import mend

_ADMINISTRATOR = mend(
    "guardduty:DisableOrganizationAdminAccount",
    reason="can't take the administrator's part back (404), and makes no detector for it",
    observed="aws_guardduty_organization_admin_account failed to be destroyed",
)
_ADMINISTRATOR.serves(url_paths, "{0}/admin/disable$", GuardDutyResponse)
_CONFIGURATION = mend(
    "guardduty:UpdateOrganizationConfiguration",
    reason="has no configuration for an organization (404)",
    observed="aws_guardduty_organization_configuration failed to apply",
)
_CONFIGURATION.serves(url_paths, "{0}/detector/(?P<detector_id>[^/]+)/admin$", GuardDutyResponse)
_TAGS = mend(
    "guardduty:TagResource",
    reason="changes no tags (404)",
    observed="aws_guardduty_detector failed to be updated when its tags changed",
)
_TAGS.serves(url_paths, "{0}/tags/(?P<resource_arn>.+)$", GuardDutyResponse)


@_ADMINISTRATOR.around(GuardDutyBackend, "enable_organization_admin_account")
def _enable(original: Any, backend: GuardDutyBackend, admin_account_id: str) -> None:
    original(backend, admin_account_id)
    theirs = guardduty_backends[admin_account_id][backend.region_name]
    if not theirs.detectors:
        theirs.create_detector(True, "SIX_HOURS", {}, {}, [])


@_ADMINISTRATOR.instead(GuardDutyResponse, "disable_organization_admin_account")
def _disable(self: GuardDutyResponse) -> str:
    self.guardduty_backend.admin_account_ids.remove(self._get_param("adminAccountId"))
    return "{}"


@_CONFIGURATION.instead(GuardDutyResponse, "update_organization_configuration")
def _update(self: GuardDutyResponse) -> str:
    detector = self.guardduty_backend.get_detector(self.path.split("/")[-2])
    found: dict[str, Any] = vars(detector).setdefault("organization", {"features": {}})
    found["members"] = self._get_param("autoEnableOrganizationMembers") or found.get("members")
    for feature in self._get_param("features") or ():
        found["features"][feature["name"]] = feature
    return "{}"


@_CONFIGURATION.instead(GuardDutyResponse, "describe_organization_configuration")
def _describe(self: GuardDutyResponse) -> str:
    detector = self.guardduty_backend.get_detector(self.path.split("/")[-2])
    found = vars(detector).get("organization", {"features": {}})
    members = found.get("members") or "NONE"
    return json.dumps(
        {
            "autoEnable": members != "NONE",
            "autoEnableOrganizationMembers": members,
            "memberAccountLimitReached": False,
            "features": list(found["features"].values()),
        }
    )


@_TAGS.instead(GuardDutyResponse, "list_tags_for_resource")
def _list_tags(self: GuardDutyResponse) -> str:
    return json.dumps({"tags": _tags(self)})


@_TAGS.instead(GuardDutyResponse, "tag_resource")
def _tag(self: GuardDutyResponse) -> str:
    _tags(self).update(self._get_param("tags"))
    return "{}"


@_TAGS.instead(GuardDutyResponse, "untag_resource")
def _untag(self: GuardDutyResponse) -> str:
    for key in self.querystring["tagKeys"]:
        _tags(self).pop(key, None)
    return "{}"


def _tags(response: GuardDutyResponse) -> dict[str, str]:
    _, _, detector_id = unquote(response.path).rpartition("detector/")
    detector = response.guardduty_backend.get_detector(detector_id)
    detector.tags = detector.tags or {}
    tags: dict[str, str] = detector.tags
    return tags
