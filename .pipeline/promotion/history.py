"""Which plans were applied where, in their order: begun and ended, with what they changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from promotion.plan_document import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promotion.plans import SavedPlan
    from promotion.store import Store


@dataclass(frozen=True)
class Applied:
    """One apply that ended."""

    environment: str
    release_digest: str
    plan_sha256: str
    execution_id: str
    begun_at: str
    ended_at: str
    changes: tuple[Change, ...]
    versions: Mapping[str, str]
    """Versions of functions that the apply left, by the function's name in the platform."""

    @property
    def seconds(self) -> float:
        """How long it took."""
        took = datetime.fromisoformat(self.ended_at) - datetime.fromisoformat(self.begun_at)
        return took.total_seconds()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read what was kept."""
        return cls(**{**document, "changes": tuple(map(Change.of, document["changes"]))})


def now() -> str:
    """Return the time as it is written to records."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def begin(store: Store, saved: SavedPlan) -> str:
    """Note that an apply begins; returns when."""
    begun_at = now()
    store.put_json(
        _begun(saved.record.environment, saved.record.plan_sha256), {"begun_at": begun_at}
    )
    return begun_at


def begun_at(store: Store, environment: str, plan_sha256: str) -> str | None:
    """Return when the apply of a plan began, if it did."""
    noted = store.get_json(_begun(environment, plan_sha256))
    return str(noted["begun_at"]) if noted else None


def end(store: Store, saved: SavedPlan, begun: str, versions: Mapping[str, str]) -> Applied:
    """Note that an apply ended well."""
    record = saved.record
    applied = Applied(
        environment=record.environment,
        release_digest=record.release_digest,
        plan_sha256=record.plan_sha256,
        execution_id=record.execution_id,
        begun_at=begun,
        ended_at=now(),
        changes=saved.changes,
        versions=dict(versions),
    )
    store.put_json(
        f"{_ended(record.environment)}{applied.ended_at}-{record.plan_sha256}.json", asdict(applied)
    )
    return applied


def applies(store: Store, environment: str) -> list[Applied]:
    """Return the applies of an environment that ended, the oldest first."""
    return [Applied.of(store.get_json(key)) for key in store.keys(_ended(environment))]


def is_applied(store: Store, environment: str, plan_sha256: str) -> bool:
    """Tell whether a plan was applied to its end."""
    return any(key.endswith(f"-{plan_sha256}.json") for key in store.keys(_ended(environment)))


def since(applied: Sequence[Applied], release_digest: str | None) -> Sequence[Applied]:
    """Return the applies after the last one of a release; all where it isn't among them."""
    last = max(
        (place for place, item in enumerate(applied, 1) if item.release_digest == release_digest),
        default=0,
    )
    return applied[last:]


def _begun(environment: str, plan_sha256: str) -> str:
    return f"records/begun/{environment}/{plan_sha256}.json"


def _ended(environment: str) -> str:
    return f"records/applied/{environment}/"
