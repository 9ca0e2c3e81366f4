"""What a merchant used of their usage plans, as API Gateway metered it by the API key."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_apigateway.client import APIGatewayClient


@dataclass(frozen=True, slots=True)
class PlanUsage:
    """One plan. ``used`` is requests by day, the last ``days``; None when it can't be read."""

    name: str
    rate_per_second: float | None
    burst: int | None
    quota: int | None
    quota_period: str | None
    days: Sequence[str]
    used: Sequence[int] | None
    remaining: int | None

    @property
    def used_of_quota(self) -> int | None:
        """Requests of the quota's current period."""
        if self.quota is None or self.remaining is None:
            return None
        return max(0, self.quota - self.remaining)


class Usage:
    """Reads plans and usage of one API key."""

    def __init__(self, client: APIGatewayClient) -> None:
        self._client = client

    def of_key(self, api_key_id: str, days: Sequence[str]) -> list[PlanUsage] | None:
        """Read every plan that a key is in; None when API Gateway can't be asked."""
        try:
            plans = self._client.get_usage_plans(keyId=api_key_id, limit=100)["items"]
        except (BotoCoreError, ClientError):
            return None
        return [self._plan(plan, api_key_id, days) for plan in plans]

    def _plan(self, plan: Any, api_key_id: str, days: Sequence[str]) -> PlanUsage:
        throttle, quota = plan.get("throttle") or {}, plan.get("quota") or {}
        used, remaining = self._used(plan["id"], api_key_id, days)
        return PlanUsage(
            name=plan.get("name", plan["id"]),
            rate_per_second=throttle.get("rateLimit"),
            burst=throttle.get("burstLimit"),
            quota=quota.get("limit"),
            quota_period=quota.get("period", "").lower() or None,
            days=days,
            used=used,
            remaining=remaining,
        )

    def _used(
        self, plan_id: str, api_key_id: str, days: Sequence[str]
    ) -> tuple[list[int] | None, int | None]:
        """Read requests a day, and what remains of the quota after the last of them."""
        try:
            answer = self._client.get_usage(
                usagePlanId=plan_id, keyId=api_key_id, startDate=days[0], endDate=days[-1]
            )
        except (BotoCoreError, ClientError):
            return None, None
        # One [used, remaining] a day from startDate on; a key that wasn't used has none.
        logged = answer.get("items", {}).get(api_key_id, [])
        used = [int(day[0]) for day in logged][: len(days)]
        remaining = int(logged[-1][1]) if logged else None
        return used + [0] * (len(days) - len(used)), remaining


def last_days(today: datetime.date, count: int) -> list[str]:
    """Name the last days as API Gateway takes them."""
    return [(today - datetime.timedelta(days=n)).isoformat() for n in reversed(range(count))]
