"""A configuration that was applied to the embedded AWS, as test authors see it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.terraform import ChangeCounts, Plan, TerraformError
from harness.terraform.plan import mask
from harness.testing.differences import AFTER_APPLY, Difference, ExpectationError, show
from harness.testing.leftovers import describe
from harness.testing.planned import PlannedRoot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.terraform import ApplyResult, Outputs, Root
    from harness.testing.leftovers import Holdings, Thing, Watch
    from harness.testing.planned import PlannedResource

Match = Callable[[PlannedRoot, "str | Path"], None]

_NO_CHANGE = ["no-op"]
_SET_BY_PYTEST = "PYTEST_CURRENT_TEST"


@dataclass(frozen=True)
class Clients:
    """Makes boto3 clients, in the account and region of a root unless told otherwise."""

    aws: EmbeddedAWS
    account_id: str
    region: str

    def client(
        self, service: str, *, account_id: str | None = None, region: str | None = None
    ) -> Any:
        """Make a client of a service."""
        session = self.aws.session(account_id or self.account_id)
        where = region or self.region
        return session.client(service, region_name=where)  # type: ignore[call-overload] # any


class AppliedRoot:
    """One root from its apply to its destroy; the fixture `applied` makes them.

    Resources and outputs are those of the state, so nothing about them is unknown. Comparisons
    raise `ExpectationError`, which shows what differs.
    """

    def __init__(
        self,
        root: Root,
        label: str,
        clients: Clients,
        watch: Watch,
        match: Match,
        others: Callable[[AppliedRoot], Iterable[AppliedRoot]],
    ) -> None:
        """Prepare to apply `root`.

        Args:
            root: the root, with a working directory of its own.
            label: what it is, for messages.
            clients: of its account and region.
            watch: tells what came to the embedded AWS.
            match: compares with an inventory.
            others: gives those that are applied beside this one.
        """
        self.root = root
        self.label = f"applied {label}"
        self.clients = clients
        self.tampered_by = ""
        """The test that tampered since the last apply, if one did."""
        self.destroyed_by = ""
        self._watch = watch
        self._match = match
        self._others = others
        self._before: Holdings | None = None
        self._farewells: list[Callable[[Clients], object]] = []
        self._found: PlannedRoot | None = None

    def __repr__(self) -> str:
        return f"<{self.label} in account {self.clients.account_id}>"

    @property
    def resources(self) -> Mapping[str, PlannedResource]:
        """Every managed resource by address."""
        return self.found.resources

    @property
    def outputs(self) -> Outputs:
        """The outputs by name; printing shows no secret."""
        return self.found.outputs

    @property
    def found(self) -> PlannedRoot:
        """The state with all that can be said of a plan: `all`, `expect_counts`, `matches`, ..."""
        self._check_is_there()
        if self._found is None:
            document = {"planned_values": self.root.state().get("values", {})}
            state = Plan(self.root.workdir, True, ChangeCounts(), (), lambda: document)
            self._found = PlannedRoot(state, self.label, self._match)
        return self._found

    def one(self, what: str) -> PlannedResource:
        """Return the only resource of an address, of a type, or of `type.name`.

        Raises:
            ExpectationError: there is none or more than one; lists those that may be meant.
        """
        __tracebackhide__ = True
        return self.found.one(what)

    def client(self, service: str, *, region: str | None = None) -> Any:
        """Make a boto3 client in the account of this root."""
        return self.clients.client(service, region=region)

    def apply(self) -> ApplyResult:
        """Apply; a failure is destroyed, and is raised.

        Raises:
            TerraformError: the apply's error, with a note if not everything could be destroyed.
        """
        if self._before is None:
            self._before = self._watch.now()
            self.root.init()
        self._found = None
        try:
            result = self.root.apply()
        except TerraformError as error:
            self._destroy_after(error)
            raise
        self.tampered_by = self.destroyed_by = ""
        return result

    def repair(self) -> ApplyResult:
        """Apply again, after drift or a destroy."""
        return self.apply()

    def plan(self) -> Plan:
        """Plan a change of what is applied."""
        self._check_is_there()
        return self.root.plan()

    def assert_idempotent(self) -> None:
        """Plan again, and expect that nothing would change.

        Raises:
            ExpectationError: names what would change, its attributes and outputs.
        """
        __tracebackhide__ = True
        plan = self.plan()
        if not plan.is_empty:
            message = f"{self.label} isn't idempotent; a second plan would change"
            raise ExpectationError(message, [*_changes(plan)], self._advice())

    def tamper(self, change: Callable[[Clients], object]) -> None:
        """Call `change` with what makes boto3 clients, as somebody who bypasses Terraform.

        The root is repaired when another test asks for it.
        """
        self._check_is_there()
        self.tampered_by = current_test()
        change(self.clients)

    def drifted(self) -> tuple[str, ...]:
        """Addresses of what is other than it was applied, and would be repaired."""
        return tuple(sorted(self._drift()))

    def assert_drift(self, *addresses: str) -> None:
        """Expect that exactly these resources have drifted.

        Raises:
            ExpectationError: shows which haven't, and how others have.
        """
        __tracebackhide__ = True
        drift = self._drift()
        missed = [
            Difference(address, "drift", "no drift" if address in self.resources else "no resource")
            for address in sorted(set(addresses) - set(drift))
        ]
        surplus = [
            Difference(address, "no drift", f"drift\n{_listed(drift[address])}")
            for address in sorted(set(drift) - set(addresses))
        ]
        if missed or surplus:
            message = f"{self.label} hasn't drifted as expected"
            raise ExpectationError(message, [*missed, *surplus])

    def before_destroy(self, prepare: Callable[[Clients], object]) -> None:
        """Call `prepare` before a destroy, to do what an operator must, such as lift a protection.

        The same function is called once, however often it was given.
        """
        if prepare not in self._farewells:
            self._farewells.append(prepare)

    def destroy(self) -> None:
        """Destroy everything in the state."""
        self._check_is_there()
        for prepare in self._farewells:
            prepare(self.clients)
        self.root.destroy()
        self._found = None
        self.destroyed_by = current_test()

    def leftovers(self) -> tuple[Thing, ...]:
        """What has come since the apply began and stayed after the destroy, in every account.

        What another root holds is taken for that root's.
        """
        if not self.destroyed_by:
            raise RuntimeError(f"{self.label} is still there: call destroy() first")
        others = [*self._others(self)]
        found = self._watch.leftovers(self._before or {})
        return tuple(thing for thing in found if not any(other.holds(thing) for other in others))

    def assert_no_leftovers(self) -> None:
        """Expect that the destroy left nothing behind, in any account or region.

        Raises:
            ExpectationError: lists what stayed, by account, region, service, kind and id.
        """
        __tracebackhide__ = True
        if left := self.leftovers():
            raise ExpectationError(f"{self.label} left behind\n{describe(left)}", ())

    def holds(self, thing: Thing) -> bool:
        """Whether the state speaks of a thing, by its ARN or, if it has none, by id or name."""
        texts = {self.clients.account_id, *_texts([item.raw for item in self.resources.values()])}
        if thing.arn:
            return bool({thing.arn, f"{thing.arn}:*"} & texts)
        return bool(thing.names & texts) and any(thing.account_id in text for text in texts)

    def _check_is_there(self) -> None:
        if self.destroyed_by:
            who = self.destroyed_by
            raise RuntimeError(f"{self.label} was destroyed by {who}: call repair() to apply again")

    def _destroy_after(self, error: TerraformError) -> None:
        try:
            self.root.destroy()
        except TerraformError as another:
            error.add_note(f"What it had made couldn't be destroyed either: {another}")
        self.destroyed_by = "its failed apply"

    def _drift(self) -> Mapping[str, list[str]]:
        document = self.plan().document
        repaired = {item["address"] for item in _changing(document, "resource_changes")}
        return {
            item["address"]: [*_attributes(item["change"])]
            for item in _changing(document, "resource_drift")
            if item["address"] in repaired
        }

    def _advice(self) -> str:
        if not self.tampered_by:
            return ""
        return f"{self.tampered_by} tampered with it: call repair() first."


def current_test() -> str:
    """Name the running test."""
    test, _, _ = os.environ.get(_SET_BY_PYTEST, "something outside tests").rpartition(" (")
    return test


def _changes(plan: Plan) -> Iterator[Difference]:
    """Yield the resources and outputs that a plan changes."""
    for item in _changing(plan.document, "resource_changes"):
        change = item["change"]
        action = " and ".join(change["actions"])
        yield Difference(item["address"], "no change", f"{action}\n{_listed(_attributes(change))}")
    for name, change in plan.document.get("output_changes", {}).items():
        if change["actions"] != _NO_CHANGE:
            yield Difference(f"output {name}", "no change", _shift(change, ()))


def _changing(document: Mapping[str, Any], section: str) -> Iterator[Mapping[str, Any]]:
    for item in document.get(section, ()):
        if item["mode"] == "managed" and item["change"]["actions"] != _NO_CHANGE:
            yield item


def _attributes(change: Mapping[str, Any]) -> Iterator[str]:
    """Show each attribute that changes: its name, before and after."""
    before, after = change.get("before"), change.get("after")
    if before is None or after is None:
        yield "it is gone" if after is None else "it is new"
        return
    unknown = change.get("after_unknown") or {}
    replacing = {path[0] for path in change.get("replace_paths", ())}
    for name in sorted({*before, *after, *unknown}):
        if unknown.get(name) or before.get(name) != after.get(name):
            forces = "  (forces replacement)" if name in replacing else ""
            yield f"{name}: {_shift(change, (name,))}{forces}"


def _shift(change: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """Show a value before and after, but for what is sensitive."""
    before = mask(change.get("before"), change.get("before_sensitive"))
    after = mask(change.get("after"), change.get("after_sensitive"))
    unknown = change.get("after_unknown")
    for name in path:
        before, after, unknown = before.get(name), after.get(name), (unknown or {}).get(name)
    return f"{show(before)} -> {AFTER_APPLY if unknown is True else show(after)}"


def _listed(attributes: Iterable[str]) -> str:
    return "\n".join(f"      {attribute}" for attribute in attributes)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
