"""The organization's root, units and accounts in a plan, and which control policies bind them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pci_dss.subject import Subject, UndecidedError

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = "aws_organizations_policy"
ROOT = "the root"
_ACCOUNT = "aws_organizations_account"
_ATTACHMENT = "aws_organizations_policy_attachment"
_ORGANIZATION = "aws_organizations_organization"
_UNIT = "aws_organizations_organizational_unit"


class Tree:
    """Places of the organization by address, or by id where they are made elsewhere.

    Args:
        subject: any resource of the plan.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def targets(self, policy: Subject) -> list[str]:
        """List the places that a policy is attached to.

        Raises:
            UndecidedError: it isn't told.
        """
        return [place for each, place in self._attached if each.address == policy.address]

    def policies_over(self, place: str) -> list[Subject]:
        """List the policies that bind a place: its own and those above it."""
        above = {place, *self._above(place)}
        return [policy for policy, target in self._attached if target in above]

    def ends(self) -> list[str]:
        """List accounts, and the places with policies that hold neither."""
        accounts = {each.address for each in self._subject.others(_ACCOUNT)}
        places = accounts | {target for _, target in self._attached}
        return sorted(places - {above for place in places for above in self._above(place)})

    def ends_under(self, policy: Subject) -> list[str]:
        """List those of the ends that a policy binds."""
        targets = {*self.targets(policy)}
        return [place for place in self.ends() if targets & {place, *self._above(place)}]

    @cached_property
    def _attached(self) -> list[tuple[Subject, str]]:
        found = []
        for attachment in self._subject.others(_ATTACHMENT):
            policy = _only(attachment, "policy_id", POLICY)
            if isinstance(policy, Subject):
                found.append((policy, _place(attachment, "target_id")))
        return found

    @cached_property
    def _parents(self) -> dict[str, str]:
        members = self._subject.others(_UNIT, _ACCOUNT)
        return {each.address: _place(each, "parent_id") for each in members}

    def _above(self, place: str) -> Iterator[str]:
        while place != ROOT:
            place = self._parents.get(place, ROOT)
            yield place


def _place(subject: Subject, attribute: str) -> str:
    if not subject.configures(attribute):
        return ROOT  # where accounts are made that nobody placed
    found = _only(subject, attribute, _UNIT, _ACCOUNT, _ORGANIZATION)
    if isinstance(found, Subject):
        return ROOT if found.type == _ORGANIZATION else found.address
    return ROOT if found.startswith("r-") else found


def _only(subject: Subject, attribute: str, *types: str) -> Subject | str:
    found = subject.named(attribute, types=types)
    if len(found) == 1:
        return found[0]
    told = f"{attribute} may name {len(found)} things" if found else f"{attribute} names nothing"
    raise UndecidedError(f"{subject.address}: {told} before the apply: judge a plan made after it")
