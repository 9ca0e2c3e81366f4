"""Plans as `terraform show -json` tells them, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def change(
    address: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    unknown: Mapping[str, Any] | None = None,
    sensitive: Mapping[str, Any] | None = None,
    mode: str = "managed",
) -> dict[str, Any]:
    """One of a plan's `resource_changes` or `resource_drift`."""
    actions = {(False, True): "create", (True, True): "update", (True, False): "delete"}
    action = actions[before is not None, after is not None]
    return {
        "address": address,
        "type": address.split(".")[-2],
        "mode": mode,
        "change": {
            "actions": ["no-op" if before == after and not unknown else action],
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            "before_sensitive": sensitive or {},
            "after_sensitive": sensitive or {},
        },
    }


def plan(
    *changes: Mapping[str, Any], drift: tuple[Mapping[str, Any], ...] = (), **ids: str
) -> dict[str, Any]:
    """A plan, with resources of the state by address and id."""
    resources = [
        {"address": address.replace("__", "."), "values": {"id": made}}
        for address, made in ids.items()
    ]
    return {
        "resource_changes": list(changes),
        "resource_drift": list(drift),
        "prior_state": {"values": {"root_module": {"resources": resources}}},
    }
