"""Roles: what bounds them, who may assume them, and what no policy may allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pci_dss.policy import policy
from pci_dss.production import is_production
from pci_dss.related import missing
from pci_dss.statements import CALLER_KEYS, SOURCE_KEYS, Statement, matches, statements
from pci_dss.subject import Subject, UndecidedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "aws_iam_role"
_WITHOUT_SOURCE = {"ec2.amazonaws.com", "edgelambda.amazonaws.com", "lambda.amazonaws.com"}
"""Services that don't say for what they assume a role: who may pass it is what guards it."""
_VOUCHED_FOR = ("*:sub", "saml:*", "cognito-identity.amazonaws.com:aud")
"""Keys that tell whom an identity provider vouches for."""

_SHOWING_AND_UNLOCKING = frozenset({"logs:Unmask", "s3:BypassGovernanceRetention"})
_LOSING_KEYS = frozenset({"kms:ScheduleKeyDeletion"})
_MANAGED_BY_AWS = {
    "AdministratorAccess": _SHOWING_AND_UNLOCKING | _LOSING_KEYS,
    "AmazonS3FullAccess": frozenset({"s3:BypassGovernanceRetention"}),
    "CloudWatchFullAccess": frozenset({"logs:Unmask"}),
    "CloudWatchFullAccessV2": frozenset({"logs:Unmask"}),
    "CloudWatchLogsFullAccess": frozenset({"logs:Unmask"}),
    "PowerUserAccess": _SHOWING_AND_UNLOCKING | _LOSING_KEYS,
}
_DOCUMENTS = {
    "aws_iam_group_policy": "policy",
    "aws_iam_policy": "policy",
    "aws_iam_role_policy": "policy",
    "aws_iam_user_policy": "policy",
    "aws_ssoadmin_permission_set_inline_policy": "inline_policy",
}
_ATTACHMENTS = {
    "aws_iam_group_policy_attachment": "policy_arn",
    "aws_iam_policy_attachment": "policy_arn",
    "aws_iam_role_policy_attachment": "policy_arn",
    "aws_iam_user_policy_attachment": "policy_arn",
    "aws_ssoadmin_managed_policy_attachment": "managed_policy_arn",
}


@policy(
    "PCI_33",
    "Roles have a permissions boundary",
    requirements=("7.2.5",),
    types=(ROLE,),
    fix="Set permissions_boundary to a policy that whoever makes roles can't change.",
)
def role_is_bounded(subject: Subject) -> Iterator[str]:
    """Fail on a role whose policies alone decide what it may do."""
    if not subject.get("permissions_boundary"):
        yield from missing(subject, "nothing bounds what its policies may allow")


@policy(
    "PCI_34",
    "Roles are assumed for ourselves only",
    requirements=("7.2.5", "7.3.3"),
    types=(ROLE,),
    fix=(
        "Bind services to aws:SourceAccount or aws:SourceArn, everyone to aws:PrincipalOrgID,"
        " and who comes from an identity provider to a subject."
    ),
)
def role_is_nobodys_deputy(subject: Subject) -> Iterator[str]:
    """Fail on a trust policy that others can have a service, or a provider, use for them."""
    for statement in statements(subject, "assume_role_policy"):
        if statement.allows:
            yield from _open_to_others(statement)


def _open_to_others(statement: Statement) -> Iterator[str]:
    if statement.anyone and not statement.bound_by(CALLER_KEYS):
        yield f"{statement} lets anyone assume it"
    telling = [each for each in statement.services if each not in _WITHOUT_SOURCE]
    if telling and not statement.bound_by(SOURCE_KEYS):
        yield f"{statement} lets {', '.join(telling)} assume it, whoever it acts for"
    providers = statement.principals.get("Federated", ())
    if providers and not any(
        condition.binds and any(matches(key, condition.key) for key in _VOUCHED_FOR)
        for condition in statement.conditions
    ):
        yield f"{statement} lets anyone assume it whom {', '.join(providers)} knows"


def _grants(subject: Subject) -> bool:
    """Leave out policies that only bound roles."""
    if subject.type != "aws_iam_policy":
        return True
    attached = together(subject.naming(kind, path) for kind, path in _ATTACHMENTS.items())
    try:
        bounds = any(True for _ in subject.naming(ROLE, "permissions_boundary"))
        return not bounds or any(True for _ in attached)
    except UndecidedError:
        return True


@policy(
    "PCI_35",
    "No policy allows to unmask, to unlock or to delete keys",
    requirements=("7.2.5",),
    types=(ROLE, *_DOCUMENTS, *_ATTACHMENTS),
    fix=(
        "Name actions instead of wildcards, or deny logs:Unmask, s3:BypassGovernanceRetention and,"
        " in production, kms:ScheduleKeyDeletion beside them."
    ),
    applies=_grants,
)
def nobody_may_undo_protection(subject: Subject) -> Iterator[str]:
    """Fail on whatever lets somebody read what is masked, lift locks, or lose keys."""
    forbidden = _SHOWING_AND_UNLOCKING
    if _in_production(subject):
        forbidden |= _LOSING_KEYS
    if subject.type in _ATTACHMENTS:
        yield from _allowed_by_aws(subject.get(_ATTACHMENTS[subject.type]), forbidden)
    elif subject.type in _DOCUMENTS:
        found = statements(subject, _DOCUMENTS[subject.type])
        yield from _allowed(found, forbidden)
    else:
        yield from _allowed_within(subject, forbidden)


def _allowed_within(role: Subject, forbidden: frozenset[str]) -> Iterator[str]:
    """Judge what is written into the role itself; otherwise AWS tells what is attached."""
    if role.configures("inline_policy"):
        for inline in role.each("inline_policy"):
            yield from _allowed(statements(role, *inline, "policy"), forbidden)
    if role.configures("managed_policy_arns"):
        for arn in role.get("managed_policy_arns", default=()):
            yield from _allowed_by_aws(arn, forbidden)


def _allowed(found: tuple[Statement, ...], forbidden: frozenset[str]) -> Iterator[str]:
    for action in sorted(forbidden):
        if any(each.concerns(action) and _is_final(each) for each in found):
            continue
        for statement in found:
            if statement.allows and statement.concerns(action):
                yield f"{statement} allows {action}"


def _is_final(statement: Statement) -> bool:
    return not statement.allows and statement.covers_everything and not statement.conditions


def _allowed_by_aws(arn: str, forbidden: frozenset[str]) -> Iterator[str]:
    name = arn.rpartition("/")[2] if ":iam::aws:policy/" in arn else ""
    for action in sorted(_MANAGED_BY_AWS.get(name, frozenset()) & forbidden):
        yield f"{name} allows {action}"


def _in_production(subject: Subject) -> bool:
    """Whether it is production's; policies within a role have no tags of their own."""
    if not subject.type.startswith("aws_iam_role_policy"):
        return is_production(subject)
    found = subject.named("role", types=[ROLE])
    return all(is_production(each) for each in found if isinstance(each, Subject))
