"""Saved plans and their records: who planned what, for which state, until when; signed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from promotion import signing
from promotion.errors import BrokenInputError, Refused
from promotion.plan_document import Change, Counts
from promotion.store import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from promotion.signing import KmsKey, Verifier
    from promotion.store import Store

LIFETIME = timedelta(hours=4)
AGAIN = "start the stage that plans again"
PLAN, RECORD, CHANGES = "plan", "plan-record.json", "changes.json"


@dataclass(frozen=True)
class PlanRecord:
    """What is known of a saved plan without opening it; holds no secrets."""

    plan_sha256: str
    release_digest: str
    account_id: str
    environment: str
    serial: int
    lineage: str
    created_at: str
    expires_at: str
    changes: Counts
    is_empty: bool
    summary: tuple[str, ...]
    changes_sha256: str
    """SHA-256 of `changes.json`, which parity compares."""
    execution_id: str
    stable_version: str | None
    """The version that keeps all traffic until a shift moves it; None releases at once."""

    def encoded(self) -> bytes:
        """Return the bytes that are signed."""
        return encode(asdict(self))

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Read what `encoded` wrote.

        Raises:
            ValueError: it isn't a record.
        """
        document = json.loads(content)
        try:
            return cls(
                **{
                    **document,
                    "changes": Counts(**document["changes"]),
                    "summary": tuple(document["summary"]),
                }
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"it isn't a plan's record: {error}") from None


@dataclass(frozen=True)
class SavedPlan:
    """A plan with its record, as the store keeps them."""

    content: bytes
    record: PlanRecord
    changes: tuple[Change, ...]


def folder(environment: str, sha256: str) -> str:
    """Return where the store keeps a plan."""
    return f"plans/{environment}/{sha256}"


def state_of(plan: bytes) -> tuple[int, str]:
    """Return serial and lineage of the state that a plan was made from.

    Raises:
        BrokenInputError: the file isn't a plan of Terraform.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(plan)) as archive:
            state = json.loads(archive.read("tfstate"))
        return int(state["serial"]), str(state["lineage"])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BrokenInputError(f"that isn't a saved plan of Terraform: {error}") from None


def make(
    plan: bytes,
    changes: Sequence[Change],
    counts: Counts,
    *,
    is_empty: bool,
    release_digest: str,
    account_id: str,
    environment: str,
    execution_id: str,
    stable_version: str | None,
    now: datetime | None = None,
) -> SavedPlan:
    """Make the record of a plan that was just saved."""
    serial, lineage = state_of(plan)
    now = now or datetime.now(UTC)
    record = PlanRecord(
        plan_sha256=hashlib.sha256(plan).hexdigest(),
        release_digest=release_digest,
        account_id=account_id,
        environment=environment,
        serial=serial,
        lineage=lineage,
        created_at=now.isoformat(timespec="seconds"),
        expires_at=(now + LIFETIME).isoformat(timespec="seconds"),
        changes=counts,
        is_empty=is_empty,
        summary=(str(counts), *map(str, changes)),
        changes_sha256=hashlib.sha256(_encoded(changes)).hexdigest(),
        execution_id=execution_id,
        stable_version=stable_version,
    )
    return SavedPlan(plan, record, tuple(changes))


def keep(store: Store, saved: SavedPlan, key: KmsKey, workdir: Path) -> str:
    """Sign a plan's record and write both to the store; returns the folder there."""
    place = folder(saved.record.environment, saved.record.plan_sha256)
    record = workdir / RECORD
    record.write_bytes(saved.record.encoded())
    key.sign(record)
    store.put(f"{place}/{PLAN}", saved.content)
    store.put(f"{place}/{CHANGES}", _encoded(saved.changes))
    # The record comes last: what has one is whole.
    for name in (f"{RECORD}{signing.SIGNATURE}", f"{RECORD}{signing.PUBLIC_KEY}", RECORD):
        store.put(f"{place}/{name}", (workdir / name).read_bytes())
    return place


def fetch(store: Store, environment: str, sha256: str, key: Verifier, workdir: Path) -> SavedPlan:
    """Read a plan from the store and compare it with its signed record.

    Raises:
        Refused: the plan, its changes or its record aren't what was signed.
        BrokenInputError: there is no such plan.
    """
    place = folder(environment, sha256)
    for name in (RECORD, f"{RECORD}{signing.SIGNATURE}", f"{RECORD}{signing.PUBLIC_KEY}"):
        if (found := store.get(f"{place}/{name}")) is not None:
            (workdir / name).write_bytes(found)
    content, changes = store.get(f"{place}/{PLAN}"), store.get(f"{place}/{CHANGES}")
    if content is None or changes is None or not (workdir / RECORD).is_file():
        raise BrokenInputError(
            f"there is no plan in {store.address(place)}: {AGAIN}; plans are kept for some days"
        )
    signing.require(workdir / RECORD, key, what="plan")
    known = PlanRecord.decode((workdir / RECORD).read_bytes())
    is_now = hashlib.sha256(content).hexdigest()
    if not is_now == known.plan_sha256 == sha256:
        raise _tampered(
            f"{store.address(place)}/{PLAN} has SHA-256 {is_now}; its record, which was signed, "
            f"says {known.plan_sha256}, and {sha256} was asked for"
        )
    if hashlib.sha256(changes).hexdigest() != known.changes_sha256:
        raise _tampered(f"{store.address(place)}/{CHANGES} isn't what was signed")
    if known.environment != environment:
        raise _tampered(f"the plan is of {known.environment}, and lies in {store.address(place)}")
    return SavedPlan(content, known, tuple(map(Change.of, json.loads(changes))))


def check_age(record: PlanRecord, now: datetime | None = None) -> None:
    """Refuse a plan that is too old.

    Raises:
        Refused: its time is over.
    """
    now = now or datetime.now(UTC)
    if (
        not datetime.fromisoformat(record.created_at)
        <= now
        < datetime.fromisoformat(record.expires_at)
    ):
        raise Refused(
            rule="plan-expired",
            evidence=f"the plan was made at {record.created_at} and could be applied until "
            f"{record.expires_at}; now it is {now.isoformat(timespec='seconds')}",
            fix=f"{AGAIN}, and have the new plan approved",
            override="nobody: what was approved may not be what is there any more",
        )


def check_state(
    record: PlanRecord, state: Mapping[str, Any] | None, *, begun_at: str | None
) -> None:
    """Refuse a plan that was made from another state than there is now.

    Raises:
        Refused: serial or lineage differ.
    """
    serial, lineage = (int(state["serial"]), str(state["lineage"])) if state else (0, "")
    if (serial, lineage) == (record.serial, record.lineage):
        return
    cause = (
        f"; this plan's apply began at {begun_at} and didn't end, so part of it may be done"
        if begun_at
        else ""
    )
    raise Refused(
        rule="plan-stale",
        evidence=f"the plan was made from serial {record.serial} of state "
        f"{record.lineage or '(none)'}; now it is serial {serial} of {lineage or '(none)'}{cause}",
        fix=f"{AGAIN}: it plans what is left",
        override="nobody: Terraform refuses it too",
    )


def _encoded(changes: Sequence[Change]) -> bytes:
    return encode([change.as_document() for change in changes])


def _tampered(evidence: str) -> Refused:
    return Refused(
        rule="plan-tampered",
        evidence=evidence,
        fix=f"{AGAIN}; find out who wrote to the store (CloudTrail data events of the bucket)",
        override="nobody; tell security",
    )
