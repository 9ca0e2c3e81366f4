"""What web ACLs stop, and what their logs leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pci_dss.policy import policy
from pci_dss.related import first, missing, names
from pci_dss.subject import Subject, UndecidedError, together

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

_WEB_ACL, _RULE_GROUP = "aws_wafv2_web_acl", "aws_wafv2_rule_group"
_ATTACHED = "aws_wafv2_web_acl_rule_group_association"
_REFUSING = ("block", "captcha", "challenge")

BASELINE = {
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
}
SECRET_HEADERS = {"authorization", "cookie"}


@policy(
    "PCI_7",
    "Rules of web ACLs refuse",
    requirements=("6.4.2",),
    types=(_WEB_ACL, _RULE_GROUP, _ATTACHED),
    fix="Let rules block (groups: override_action none); count only what a blocking rule looks"
    " for by its label.",
)
def rules_refuse(subject: Subject) -> Iterator[str]:
    """Fail on rules and groups that only count, and on web ACLs none of whose rules refuses."""
    if subject.type == _ATTACHED:
        yield from _attachment_spares(subject)
        return
    rules = list(_rules(subject))
    yield from together(_spares(subject, rule) for rule in rules)
    if subject.type == _WEB_ACL and not _refuses_something(subject):
        yield from missing(subject, "no rule of it refuses anything")


def _spares(subject: Subject, rule: Path) -> Iterator[str]:
    name = subject.get(*rule, "name")
    if _has(subject, *rule, "action", 0, "count"):
        given = {_last(subject.get(*each, "name")) for each in subject.each(*rule, "rule_label")}
        if not (given and given & _awaited_labels(subject)):
            yield f"the rule {name} only counts"
    if _has(subject, *rule, "override_action", 0, "count"):
        yield f"the group of the rule {name} only counts"
    for kind in ("managed_rule_group_statement", "rule_group_reference_statement"):
        yield from _overridden(subject, (*rule, "statement", 0, kind, 0), str(name))


def _attachment_spares(subject: Subject) -> Iterator[str]:
    name = str(subject.get("rule_name"))
    if subject.get("override_action") == "count":
        yield f"the group of the rule {name} only counts"
    for kind in ("managed_rule_group", "rule_group_reference"):
        yield from _overridden(subject, (kind, 0), name)


def _overridden(subject: Subject, group: Path, name: str) -> Iterator[str]:
    for override in subject.each(*group, "rule_action_override"):
        overridden = str(subject.get(*override, "name"))
        if _has(subject, *override, "action_to_use", 0, "allow"):
            yield f"{overridden} in the group of the rule {name} lets in what it finds"
        counts = _has(subject, *override, "action_to_use", 0, "count")
        if counts and _last(overridden) not in _awaited_labels(subject):
            yield f"{overridden} in the group of the rule {name} only counts"


def _refuses_something(subject: Subject) -> bool:
    return (
        _has(subject, "default_action", 0, "block")
        or any(_refuses(subject, rule) for rule in _rules(subject))
        or first(_attached(subject), lambda each: each.get("override_action") != "count")
        is not None
    )


@policy(
    "PCI_8",
    "Web ACLs hold AWS's baseline of managed groups",
    requirements=("6.4.2",),
    types=(_WEB_ACL,),
    fix="Add AWS's managed groups CommonRuleSet, KnownBadInputs, SQLi and AmazonIpReputationList.",
)
def baseline_is_there(subject: Subject) -> Iterator[str]:
    """Fail on web ACLs without a group of the baseline."""
    found = {
        name
        for rule in _rules(subject)
        for name in _managed(subject, *rule, "statement", 0, "managed_rule_group_statement")
    }
    if not found >= BASELINE:
        for attached in _attached(subject):
            found.update(_managed(attached, "managed_rule_group"))
    for name in sorted(BASELINE - found):
        yield from missing(subject, f"it lacks {name}")


def _managed(subject: Subject, *groups: str | int) -> Iterator[str]:
    for group in subject.each(*groups):
        if subject.get(*group, "vendor_name") == "AWS":
            yield str(subject.get(*group, "name"))


@policy(
    "PCI_9",
    "Web ACLs refuse floods",
    requirements=("6.4.2",),
    types=(_WEB_ACL,),
    fix="Add a rule with a rate_based_statement and the action block.",
)
def floods_are_refused(subject: Subject) -> Iterator[str]:
    """Fail on web ACLs without a rate rule that blocks, of their own or in a group of theirs."""
    if not any(_limits_a_rate(subject, rule) for rule in _rules(subject)):
        referred = list(_referred_groups(subject))
        if not any(_limits_a_rate(group, rule) for group in referred for rule in _rules(group)):
            yield from missing(subject, "no rate rule of it blocks")


def _limits_a_rate(subject: Subject, rule: Path) -> bool:
    return _has(subject, *rule, "statement", 0, "rate_based_statement") and _has(
        subject, *rule, "action", 0, "block"
    )


def _referred_groups(subject: Subject) -> Iterator[Subject]:
    """Yield the rule groups whose rules act, and aren't overridden to count."""
    for rule in _rules(subject):
        statement = (*rule, "statement", 0, "rule_group_reference_statement")
        if not _has(subject, *rule, "override_action", 0, "count"):
            for group in subject.each(*statement):
                yield from _group(subject, *group, "arn")
    for attached in _attached(subject):
        if attached.get("override_action") != "count":
            for group in attached.each("rule_group_reference"):
                yield from _group(attached, *group, "arn")


def _group(subject: Subject, *path: str | int) -> Iterator[Subject]:
    for found in subject.named(*path, types=[_RULE_GROUP]):
        if not isinstance(found, Subject):
            raise UndecidedError(f"{subject.address}: the rule group {found} is elsewhere")
        yield found


@policy(
    "PCI_38",
    "Logs of web ACLs hide what clients prove themselves by",
    requirements=("3.3.1", "8.3.2"),
    types=("aws_wafv2_web_acl_logging_configuration",),
    fix="Redact the single headers authorization and cookie: a log line quotes every header that"
    " isn't; log refusals only (logging_filter), since unknown headers can't be named.",
)
def secret_headers_are_redacted(subject: Subject) -> Iterator[str]:
    """Fail where authorization or cookie is neither redacted nor protected by the web ACL."""
    lacking = SECRET_HEADERS - {
        str(subject.get(*header, "name")).lower()
        for redacted in subject.each("redacted_fields")
        for header in subject.each(*redacted, "single_header")
    }
    if lacking:
        for web_acl in subject.named("resource_arn", types=[_WEB_ACL]):
            if isinstance(web_acl, Subject):
                lacking -= set(_protected_headers(web_acl))
    for header in sorted(lacking):
        yield f"the header {header} is logged"


def _protected_headers(web_acl: Subject) -> Iterator[str]:
    for each in web_acl.each("data_protection_config", 0, "data_protection"):
        if web_acl.get(*each, "field", 0, "field_type") == "SINGLE_HEADER":
            for key in web_acl.each(*each, "field", 0, "field_keys"):
                yield str(web_acl.get(*key)).lower()


def _rules(subject: Subject) -> Iterator[Path]:
    """Yield the paths of rules.

    Raises:
        UndecidedError: they aren't blocks.
    """
    if subject.get("rule_json"):
        raise UndecidedError(f"{subject.address}: rule_json isn't read; write blocks of rule")
    return subject.each("rule")


def _attached(web_acl: Subject) -> Iterator[Subject]:
    """Yield the groups that resources of their own attach to a web ACL."""
    for attached in web_acl.others(_ATTACHED):
        if names(attached, web_acl, "web_acl_arn"):
            yield attached


def _refuses(subject: Subject, rule: Path) -> bool:
    return _has(subject, *rule, "override_action", 0, "none") or any(
        _has(subject, *rule, "action", 0, action) for action in _REFUSING
    )


def _awaited_labels(subject: Subject) -> set[str]:
    """Return the labels that refusing rules look for."""
    return {
        _last(subject.get(*match, "key"))
        for rule in _rules(subject)
        if any(_has(subject, *rule, "action", 0, action) for action in _REFUSING)
        for statement in _with_nested(subject, (*rule, "statement", 0))
        for match in subject.each(*statement, "label_match_statement")
    }


def _with_nested(subject: Subject, statement: Path) -> Iterator[Path]:
    yield statement
    for kind in ("and_statement", "or_statement"):
        for block in subject.each(*statement, kind):
            for inner in subject.each(*block, "statement"):
                yield from _with_nested(subject, inner)


def _last(label: object) -> str:
    """Return the last part of a label; a managed rule's is called as the rule."""
    return str(label).rpartition(":")[2].casefold()


def _has(subject: Subject, *path: str | int) -> bool:
    return any(True for _ in subject.each(*path))
