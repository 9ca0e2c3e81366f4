"""What no account of the organization can do, and the trail of what all of them did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pci_dss.organization_tree import POLICY, Tree
from pci_dss.policy import policy
from pci_dss.related import missing
from pci_dss.statements import Condition, Statement, statements
from pci_dss.subject import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pci_dss.subject import Subject

EVERYWHERE = frozenset(
    {
        "cloudtrail:DeleteTrail",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:StopLogging",
        "cloudtrail:UpdateTrail",
        "ec2:DeleteFlowLogs",
        "kms:DisableKey",
        "kms:ScheduleKeyDeletion",
        "logs:DeleteAccountPolicy",
        "logs:DeleteDataProtectionPolicy",
        "logs:DeleteLogGroup",
        "logs:DeleteLogStream",
        "logs:DeleteSubscriptionFilter",
        "logs:PutAccountPolicy",
        "logs:PutRetentionPolicy",
        "logs:PutSubscriptionFilter",
        "logs:Unmask",
        "organizations:LeaveOrganization",
    }
)
"""What no account may do to its logs, their way to the archive, or their keys."""
IN_THE_ARCHIVE = frozenset(
    {
        "s3:BypassGovernanceRetention",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutLifecycleConfiguration",
    }
)
"""What nobody may do where the archive is; elsewhere buckets are the accounts' own."""
_SERVICE_CONTROL = "SERVICE_CONTROL_POLICY"
_NAMED_ROLE = re.compile(r"arn:[^:]+:(?:iam|sts)::[^:]*:(?:assumed-role|role|user)/[^*?].*")


def _decides_about_logs(subject: Subject) -> bool:
    return subject.type != POLICY or any(
        not each.allows and any(map(each.concerns, EVERYWHERE | IN_THE_ARCHIVE))
        for each in _control_statements(subject)
    )


@policy(
    "PCI_12",
    "No account can tamper with logs",
    requirements=("10.2.1.6", "10.3.2"),
    types=(POLICY, "aws_organizations_organization"),
    fix=(
        "Deny everyone but named roles what stops, deletes or redirects logs, on all resources and"
        " above every account; where the archive is, deny changes of its buckets too."
    ),
    applies=_decides_about_logs,
)
def organization_guards_logs(subject: Subject) -> Iterator[str]:
    """Fail on control policies that together leave a way to tamper, or bind nobody."""
    if subject.type != POLICY:
        yield from _takes_policies(subject)
        return
    tree = Tree(subject)
    if not tree.targets(subject):
        yield from missing(subject, "it is attached to nothing")
        return
    refused = {place: _refused_by(tree.policies_over(place)) for place in tree.ends()}
    for place in tree.ends_under(subject):
        if left := EVERYWHERE - refused[place]:
            yield f"in {place} nothing refuses {', '.join(sorted(left))}"
    if not any(actions >= IN_THE_ARCHIVE for actions in refused.values()):
        yield f"nowhere are all of {', '.join(sorted(IN_THE_ARCHIVE))} refused"


def _takes_policies(organization: Subject) -> Iterator[str]:
    if organization.get("feature_set", default="ALL") != "ALL":
        yield "an organization for billing alone knows no policies"
    if _SERVICE_CONTROL not in organization.get("enabled_policy_types", default=()):
        yield "service control policies aren't enabled"
    if not any(map(_decides_about_logs, organization.others(POLICY))):
        raise UndecidedError(
            f"{organization.address}: control policies that guard logs must be in another root"
        )


def _refused_by(policies: Iterable[Subject]) -> frozenset[str]:
    return frozenset(action for each in policies for action in _refused(each))


def _refused(control: Subject) -> frozenset[str]:
    """List what a service control policy denies everyone but named roles."""
    found = [each for each in _control_statements(control) if _binds_everyone(each)]
    return frozenset(
        action
        for action in EVERYWHERE | IN_THE_ARCHIVE
        for each in found
        if each.concerns(action) and (each.covers_everything or action in IN_THE_ARCHIVE)
    )


def _control_statements(control: Subject) -> tuple[Statement, ...]:
    if control.get("type", default=_SERVICE_CONTROL) != _SERVICE_CONTROL:
        return ()
    return statements(control, "content")


def _binds_everyone(statement: Statement) -> bool:
    return not statement.allows and all(map(_spares_named_roles, statement.conditions))


def _spares_named_roles(condition: Condition) -> bool:
    """Whether a condition leaves out roles by name, of whichever account."""
    if condition.key == "aws:principalisawsservice":
        return True  # control policies never bind services
    named = all(map(_NAMED_ROLE.fullmatch, condition.values))
    return condition.key == "aws:principalarn" and "Not" in condition.operator and named


@policy(
    "PCI_13",
    "One trail records every account, with who read and wrote data",
    requirements=("10.2.1",),
    types=("aws_cloudtrail",),
    fix=(
        "Make the organization's trail, in all regions, and select management events and data"
        " events, reads among them."
    ),
)
def trail_sees_the_organization(subject: Subject) -> Iterator[str]:
    """Fail on a trail that misses accounts, regions, management or access to data."""
    if not subject.get("is_organization_trail"):
        yield "it records one account only"
    if not subject.get("is_multi_region_trail"):
        yield "it records one region only"
    if not subject.get("include_global_service_events", default=True):
        yield "it leaves out services without a region, such as IAM"
    if not subject.get("enable_logging", default=True):
        yield "it is switched off"
    if subject.get("advanced_event_selector"):
        yield from _missed_by_advanced_selectors(subject)
    else:
        yield from _missed_by_selectors(subject)


def _missed_by_advanced_selectors(trail: Subject) -> Iterator[str]:
    seen: dict[str, bool] = {}
    """By category, whether reads are recorded too."""
    for selector in trail.each("advanced_event_selector"):
        fields = {
            trail.get(*each, "field"): trail.get(*each, "equals", default=())
            for each in trail.each(*selector, "field_selector")
        }
        reads = "false" not in [str(value).lower() for value in fields.get("readOnly", ())]
        for category in fields.get("eventCategory", ()):
            seen[category] = reads or seen.get(category, False)
    if "Management" not in seen:
        yield "it leaves out management events"
    if not seen.get("Data"):
        yield "it records nobody who reads data" if "Data" in seen else "it leaves out data events"


def _missed_by_selectors(trail: Subject) -> Iterator[str]:
    selectors = list(trail.each("event_selector"))
    managed = not selectors or any(
        trail.get(*each, "include_management_events", default=True) for each in selectors
    )
    if not managed:
        yield "it leaves out management events"
    of_data = [each for each in selectors if any(True for _ in trail.each(*each, "data_resource"))]
    if not of_data:
        yield "it leaves out data events"
    elif all(trail.get(*each, "read_write_type") == "WriteOnly" for each in of_data):
        yield "it records nobody who reads data"
