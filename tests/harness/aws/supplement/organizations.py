"""Organizations: accounts with known ids, what members see, units, the organization's end.

A closed account counts as gone, as it does on AWS after 90 days.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends
from moto.organizations import utils
from moto.organizations.exceptions import (
    DuplicateOrganizationalUnitException,
    OrganizationsClientError,
)
from moto.organizations.models import (
    FakeAccount,
    FakeDelegatedAdministrator,
    FakeOrganization,
    FakeServiceAccess,
    OrganizationsBackend,
    organizations_backends,
)
from moto.organizations.responses import OrganizationsResponse

from harness.aws.supplement.registry import mend

if TYPE_CHECKING:
    from collections.abc import Mapping

_IDS = mend(
    "organizations:CreateAccount",
    reason="gives accounts ids by chance, and the management account's role to a stray account",
    observed="no root whose account organization.json names could follow environments/management",
)
_END = mend(
    "organizations:DeleteOrganization",
    reason="is kept from it by closed accounts for good, not 90 days; members stay members",
    observed="aws_organizations_organization could not be destroyed after close_on_deletion",
)
_MEMBERS = mend(
    "organizations:ListAccounts",
    reason="tells a member account of an empty organization of its own",
    observed="data.aws_organizations_organization of a member account had no accounts, yet roots",
)
_SERVICES = mend(
    "organizations:EnableAWSServiceAccess",
    reason="knows some of the services that work with organizations",
    observed="aws_organizations_organization with iam.amazonaws.com failed to apply",
)
_ADMINISTRATORS = mend(
    "organizations:RegisterDelegatedAdministrator",
    reason="knows six services that can be administered from another account",
    observed="aws_organizations_delegated_administrator of config.amazonaws.com failed to apply",
)
_UNITS = mend(
    "organizations:UpdateOrganizationalUnit",
    reason="refuses a name that a unit elsewhere has, and none at all when a unit is made",
    observed="two units of the same name beside each other",
)
_REMOVAL = mend(
    "organizations:DeleteOrganizationalUnit",
    reason="deletes a unit with accounts in it, and leaves policies attached to it",
    observed="an account whose parent was gone; a policy in use by nothing could not be deleted",
)

_ids: dict[str, str] = {}
_next_id: ContextVar[str | None] = ContextVar("next account id", default=None)


def name_ids(ids: Mapping[str, str]) -> None:
    """Say which id CreateAccount gives an account, by its name; others have one by chance."""
    _ids.clear()
    _ids.update(ids)


@_IDS.around(utils, "make_random_account_id")
def _make_account_id(original: Any) -> str:
    return _next_id.get() or str(original())


@_IDS.around(FakeAccount, "__init__")
def _account(
    original: Any, account: FakeAccount, organization: FakeOrganization, **given: Any
) -> None:
    management = organizations_backends[organization.master_account_id]["aws"]
    founds = not management.accounts
    name = given["AccountName"]
    known = organization.master_account_id if founds else _ids.get(name)
    taken = {each.id for each in management.accounts}
    roles = dict(iam_backends[organization.master_account_id]["aws"].roles)
    token = _next_id.set(known if known not in taken else None)
    try:
        original(account, organization, **given)
    finally:
        _next_id.reset(token)
    if founds:  # only accounts that are made for an organization have the role by which it enters
        iam_backends[organization.master_account_id]["aws"].roles = roles


@_END.around(OrganizationsBackend, "delete_organization")
def _delete_organization(original: Any, backend: OrganizationsBackend) -> None:
    accounts = backend.accounts
    backend.accounts = _present(backend)
    try:
        original(backend)
    finally:
        backend.accounts = accounts if backend.org else []
    members = organizations_backends.master_accounts
    for account_id in [each for each, (owner, _) in members.items() if owner == backend.account_id]:
        del members[account_id]


def _backend(self: OrganizationsResponse) -> OrganizationsBackend:
    """The organization as the caller may see it: whole, for reading, or not at all."""
    own = organizations_backends[self.current_account][self.partition]
    owner = organizations_backends.master_accounts.get(self.current_account)
    action = self._get_action()
    if owner is None or action == "DescribeOrganization":
        return own
    management, partition = owner
    backend = organizations_backends[management][partition]
    administrators = {each.account.id for each in backend.admins}
    if self.current_account in administrators and action.startswith(("Describe", "List")):
        return backend
    raise OrganizationsClientError(
        "AccessDeniedException",
        f"Only the management account or a delegated administrator may call {action}.",
    )


_MEMBERS.instead(OrganizationsResponse, "organizations_backend")(
    property(_backend)  # type: ignore[arg-type]  # where a property was
)


def _is_service(principal: str) -> bool:
    return principal.endswith(".amazonaws.com")


_SERVICES.instead(FakeServiceAccess, "trusted_service")(staticmethod(_is_service))
_ADMINISTRATORS.instead(FakeDelegatedAdministrator, "supported_service")(staticmethod(_is_service))


@_UNITS.around(OrganizationsBackend, "create_organizational_unit")
def _create_unit(original: Any, backend: OrganizationsBackend, **given: Any) -> Any:
    _refuse_twins(backend, given["ParentId"], given["Name"])
    return original(backend, **given)


@_UNITS.instead(OrganizationsBackend, "update_organizational_unit")
def _update_unit(self: OrganizationsBackend, **given: Any) -> Any:
    unit = self.get_organizational_unit_by_id(given["OrganizationalUnitId"])
    _refuse_twins(self, unit.parent_id, given["Name"])
    unit.name = given["Name"]
    return unit.describe()


def _refuse_twins(backend: OrganizationsBackend, parent_id: Any, name: str) -> None:
    if any(each.parent_id == parent_id and each.name == name for each in backend.ou):
        raise DuplicateOrganizationalUnitException


@_REMOVAL.around(OrganizationsBackend, "delete_organizational_unit")
def _delete_unit(original: Any, backend: OrganizationsBackend, **given: Any) -> None:
    unit = backend.get_organizational_unit_by_id(given["OrganizationalUnitId"])
    parents = {each.parent_id for each in _present(backend)} | {
        each.parent_id for each in backend.ou
    }
    if unit.id in parents:
        raise OrganizationsClientError(
            "OrganizationalUnitNotEmptyException",
            "The specified OU is not empty. Move all accounts to another root or to other OUs,"
            " remove all child OUs, and try the operation again.",
        )
    original(backend, **given)
    for policy in unit.attached_policies:
        policy.attachments.remove(unit)


def _present(backend: OrganizationsBackend) -> list[FakeAccount]:
    return [account for account in backend.accounts if account.status != "SUSPENDED"]
