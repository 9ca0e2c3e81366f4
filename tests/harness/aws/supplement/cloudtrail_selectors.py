"""CloudTrail: what a trail selects, and the keys that its digests are checked by."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend, Trail
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError

from harness.aws.supplement.registry import mend
from harness.aws.trails import digests
from harness.aws.trails.selectors import DEFAULT_SELECTOR

DAYS = 24 * 60 * 60

_SELECTORS = mend(
    "cloudtrail:PutEventSelectors",
    reason="keeps advanced selectors beside basic ones, and says that a trail has none of its own",
    observed="second plan of aws_cloudtrail wanted its event selectors",
)
_INSIGHTS = mend(
    "cloudtrail:PutInsightSelectors",
    reason="adds selectors to those that are there, and answers when there are none",
    observed="an insight selector couldn't be taken away",
)
_KEYS = mend(
    "cloudtrail:ListPublicKeys",
    reason="has no keys (500)",
    observed="aws cloudtrail validate-logs: no public keys found",
)


@_SELECTORS.instead(Trail, "put_event_selectors")
def _put_event_selectors(
    self: Trail,
    event_selectors: list[dict[str, Any]] | None,
    advanced_event_selectors: list[dict[str, Any]] | None,
) -> None:
    self.event_selectors = event_selectors or []
    self.advanced_event_selectors = advanced_event_selectors or []


@_SELECTORS.around(CloudTrailResponse, "get_event_selectors")
def _get_event_selectors(original: Any, response: CloudTrailResponse) -> str:
    found = json.loads(original(response))
    if found["AdvancedEventSelectors"]:
        del found["EventSelectors"]
    else:
        del found["AdvancedEventSelectors"]
        found["EventSelectors"] = found["EventSelectors"] or [DEFAULT_SELECTOR]
    return json.dumps(found)


@_SELECTORS.around(Trail, "description")
def _description(original: Any, trail: Trail, *args: Any, **options: Any) -> dict[str, Any]:
    own = trail.advanced_event_selectors or trail.event_selectors not in ([], [DEFAULT_SELECTOR])
    return {
        **original(trail, *args, **options),
        "HasCustomEventSelectors": bool(own),
        "HasInsightSelectors": bool(trail.insight_selectors),
    }


@_INSIGHTS.instead(Trail, "put_insight_selectors")
def _put_insight_selectors(self: Trail, insight_selectors: list[dict[str, str]]) -> None:
    self.insight_selectors = insight_selectors


@_INSIGHTS.around(CloudTrailBackend, "get_insight_selectors")
def _get_insight_selectors(
    original: Any, backend: CloudTrailBackend, trail_name: str
) -> tuple[str, list[dict[str, str]]]:
    arn, found = original(backend, trail_name)
    if not found:
        raise JsonRESTError(
            "InsightNotEnabledException",
            f"Trail {arn} does not have Insights enabled. Edit the trail settings to enable"
            " Insights, and then try the operation again.",
        )
    return arn, found


@_KEYS.instead(CloudTrailResponse, "list_public_keys")
def _list_public_keys(self: CloudTrailResponse) -> str:
    now = time.time()
    key = {
        "Value": base64.b64encode(digests.public_key(self.region)).decode(),
        "ValidityStartTime": int(now - DAYS),
        "ValidityEndTime": int(now + DAYS),
        "Fingerprint": digests.fingerprint(self.region),
    }
    asked_from = self._get_param("StartTime") or now
    asked_to = self._get_param("EndTime") or now
    is_valid = float(asked_from) <= now + DAYS and float(asked_to) >= now - DAYS
    return json.dumps({"PublicKeyList": [key] if is_valid else []})
