"""What a promotion leaves as evidence: who, what, when, hashes and durations, as one document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from promotion import approvals, history
from promotion.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promotion.bundle import Release
    from promotion.store import Store

CURRENT_SOURCE = "releases/current/source.zip"
"""The source of the release that was promoted last, which the look for drift starts from."""


def make(
    store: Store,
    release: Release,
    execution: Mapping[str, Any],
    actions: Sequence[Mapping[str, Any]],
    running: Mapping[str, str | None],
) -> dict[str, Any]:
    """Put the record together.

    Args:
        store: where applies and shifts were noted.
        release: what was promoted.
        execution: what GetPipelineExecution tells.
        actions: what ListActionExecutions tells.
        running: the release that each environment runs, read back.

    Raises:
        Refused: an environment runs another release.
    """
    check_everywhere(running, release.digest)
    execution_id = str(execution["pipelineExecutionId"])
    return {
        "pipeline": execution["pipelineName"],
        "execution_id": execution_id,
        "started_by": execution.get("trigger", {}),
        "recorded_at": history.now(),
        "release": {
            "digest": release.digest,
            "version": release.version,
            "commit": release.commit,
            "author": release.manifest["author"],
            "files": release.listed,
        },
        "environments": {name: _environment(store, name, release.digest) for name in running},
        "approvals": [{**asdict(item), "person": item.person} for item in approvals.read(actions)],
        "shifts": list(_shifts(store, release.digest)),
        "stages": stages(actions),
    }


def check_everywhere(running: Mapping[str, str | None], digest: str) -> None:
    """Refuse to call a release promoted that doesn't run everywhere.

    Raises:
        Refused: names the environments that run another.
    """
    if others := {name: found for name, found in running.items() if found != digest}:
        raise Refused(
            rule="release-not-everywhere",
            evidence=f"{digest} was promoted, but "
            + ", ".join(f"{name} runs {found or 'none'}" for name, found in others.items()),
            fix="run the stages of these environments again",
            override="nobody",
        )


def stages(actions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tell each stage with its actions: when, how long, how it ended, and who."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for action in sorted(actions, key=lambda action: action["startTime"]):
        found.setdefault(action["stageName"], []).append(action)
    return [_stage(name, within) for name, within in found.items()]


def _stage(name: str, actions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    begun = min(action["startTime"] for action in actions)
    ended = max(action["lastUpdateTime"] for action in actions)
    return {
        "name": name,
        "begun_at": begun.isoformat(timespec="seconds"),
        "seconds": round((ended - begun).total_seconds(), 3),
        "actions": [
            {
                "name": action["actionName"],
                "status": action["status"],
                "seconds": _seconds(action),
                "by": action.get("updatedBy", ""),
                "build": (action.get("output", {}).get("executionResult") or {}).get(
                    "externalExecutionId", ""
                ),
            }
            for action in actions
        ],
    }


def _seconds(action: Mapping[str, Any]) -> float:
    took = action["lastUpdateTime"] - action["startTime"]
    return round(float(took.total_seconds()), 3)


def _environment(store: Store, environment: str, digest: str) -> dict[str, Any]:
    applied = [
        item for item in history.applies(store, environment) if item.release_digest == digest
    ]
    return {
        "release_digest": digest,
        "applies": [
            {
                "plan_sha256": item.plan_sha256,
                "begun_at": item.begun_at,
                "ended_at": item.ended_at,
                "seconds": item.seconds,
                "changes": [str(change) for change in item.changes],
            }
            for item in applied
        ],
    }


def _shifts(store: Store, digest: str) -> Iterable[Any]:
    for key in store.keys("records/shifts/"):
        shift = store.get_json(key)
        if shift["release_digest"] == digest:
            yield {"record": key, **shift}


def source_of(actions: Iterable[Mapping[str, Any]]) -> Mapping[str, str] | None:
    """Return where the store has the source that was promoted."""
    for action in actions:
        if action.get("input", {}).get("actionTypeId", {}).get("category") == "Source":
            for artifact in action.get("output", {}).get("outputArtifacts") or ():
                place: Mapping[str, str] = artifact["s3location"]
                return place
    return None
