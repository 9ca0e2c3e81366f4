"""Where the simulator isn't what AWS documents, one by one, with AWS's words and an example.

A random case that has one of these may be decided differently. It must be decided alike once the
statements concerned are made to speak of something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.iam import Decision, Principal
from iam.cases import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from iam.conditions import Context
    from iam.documents import Document

_VARIABLE = re.compile(r"\$\{([^*?$},]+)(,[^}]*)?\}")


@dataclass(frozen=True)
class Limitation:
    """A difference that is the simulator's: AWS's words and the page of the IAM user guide.

    ``example`` shows it with nothing else in the way, and is decided by AWS as ``expected``.
    """

    name: str
    words: str
    page: str
    example: Case
    concerns: Callable[[Document, Context], bool] = lambda *_: False
    """Whether a statement touches it."""
    expected: Decision = Decision.ALLOW


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _unresolved(text: str, context: Context) -> bool:
    known = {name.lower() for name in context}
    return any(
        match[1].strip().lower() not in known and not match[2] for match in _VARIABLE.finditer(text)
    )


def _conditions(statement: Document) -> Iterator[tuple[str, list[str]]]:
    for operator, block in statement.get("Condition", {}).items():
        for wanted in block.values():
            yield operator, _texts(wanted)


def _names_without_type(statement: Document, _: Context) -> bool:
    texts = _texts(statement.get("Resource", statement.get("NotResource", ())))
    return any(
        re.search(r"^[^/:]*\$\{", text.split(":", 5)[-1]) and not text.startswith("arn:aws:s3:")
        for text in texts
        if "${" in text
    )


def _valueless_exception(statement: Document, context: Context) -> bool:
    return any(_unresolved(text, context) for text in _texts(statement.get("NotResource", ())))


def _valueless_negation(statement: Document, context: Context) -> bool:
    return any(
        "Not" in operator and any(_unresolved(text, context) for text in wanted)
        for operator, wanted in _conditions(statement)
    )


def _seconds(statement: Document, _: Context) -> bool:
    return any(
        operator.startswith("Date") and any(text.isdigit() for text in wanted)
        for operator, wanted in _conditions(statement)
    )


def _other_version(statement: Document, context: Context) -> bool:
    return ":" in str(context.get("aws:SourceIp", "")) and any(
        operator.startswith("NotIpAddress") and any("/" not in text for text in wanted)
        for operator, wanted in _conditions(statement)
    )


def _spared(statement: Document, _: Context) -> bool:
    return statement["Effect"] == "Deny" and "NotPrincipal" in statement


def _example(
    statement: Document, *, of_resource: Document | None = None, session: Document | None = None
) -> Case:
    """A role's session that sends to a queue of its account, by one statement."""
    account = "444444444444"
    role = f"arn:aws:iam::{account}:role/clerk"
    speaker = Principal(account, f"arn:aws:sts::{account}:assumed-role/clerk/monday", role)
    made = {"Sid": "Example", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    if "NotResource" in statement:
        del made["Resource"]
    return Case(
        number=-1,
        principal=speaker,
        action="sqs:SendMessage",
        resource=f"arn:aws:sqs:eu-west-1:{account}:jobs",
        account=account,
        context={
            "aws:CurrentTime": "2026-11-23T02:00:00Z",
            "aws:PrincipalArn": role,
            "aws:PrincipalTag/queue": "jobs",
            "aws:SourceIp": "2001:db8::7",
        },
        identity=(_policy({**made, **statement}),),
        boundary=None,
        session=session and _policy({**made, **session}),
        of_resource=of_resource and _policy({**made, **of_resource}),
        service_control=(),
        resource_control=(),
    )


def _policy(statement: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": [statement]}


_QUEUES = "arn:aws:sqs:eu-west-1:444444444444:"
_VARIABLES = "IAM policy elements: Variables and tags"
_OPERATORS = "IAM JSON policy elements: Condition operators"
_SESSION = "arn:aws:sts::444444444444:assumed-role/clerk/monday"
_ROLE = "arn:aws:iam::444444444444:role/clerk"

SESSION_GRANT = Limitation(
    "a session policy limits what is granted to the session itself",
    "Permissions granted directly to a session are not limited by an implicit deny in an"
    " identity-based policy, a permissions boundary, or session policy.",
    "Policy evaluation logic",
    _example(
        {"Action": "sqs:List*"},
        session={"Action": "sqs:List*"},
        of_resource={"Principal": {"AWS": _SESSION}},
    ),
)
LIMITATIONS = (
    Limitation(
        "a variable right after the account is no variable",
        "You can use a policy variable in the Resource element, but only in the resource portion of"
        " the ARN. This portion of the ARN appears after the fifth colon (:).",
        _VARIABLES,
        _example({"Resource": f"{_QUEUES}${{aws:PrincipalTag/queue}}"}),
        _names_without_type,
    ),
    Limitation(
        "an exception whose variable has no value excepts everything",
        "If a variable that has no value in the authorization context is used as part of the"
        " Resource or NotResource element of a policy, the resource that includes a policy variable"
        " with no value will not match any resource.",
        _VARIABLES,
        replace(
            _example(
                {
                    "Action": "s3:GetObject",
                    "NotResource": "arn:aws:s3:::logs/${aws:PrincipalTag/missing}",
                }
            ),
            action="s3:GetObject",
            resource="arn:aws:s3:::logs/one",
        ),
        _valueless_exception,
    ),
    Limitation(
        "a negated condition whose variable has no value never holds",
        "Inverted condition operators like StringNotEquals or StringNotLike do match against a null"
        " value, as the value of the condition key they are testing against is not equal to or like"
        " the effectively null value.",
        _VARIABLES,
        _example(
            {
                "Condition": {
                    "StringNotEquals": {"aws:PrincipalTag/queue": "${aws:PrincipalTag/missing}"}
                }
            }
        ),
        _valueless_negation,
    ),
    Limitation(
        "seconds since 1970 are taken for milliseconds",
        "You must specify date/time values with one of the W3C implementations of the ISO 8601"
        " date formats or in epoch (UNIX) time.",
        _OPERATORS,
        _example({"Condition": {"DateLessThan": {"aws:CurrentTime": "1893456000"}}}),
        _seconds,
    ),
    Limitation(
        "an address of version 6 isn't outside a single one of version 4",
        "NotIpAddress: All IP addresses except the specified IP address or range.",
        _OPERATORS,
        _example({"Condition": {"NotIpAddress": {"aws:SourceIp": "198.51.100.7"}}}),
        _other_version,
    ),
    Limitation(
        "one name in NotPrincipal spares all forms of a principal",
        "When you use NotPrincipal with Deny, you must also specify the account ARN of the"
        " not-denied principal. [...] AWS might validate the account first, then the role, and then"
        " the assumed-role user.",
        "AWS JSON policy elements: NotPrincipal",
        _example({}, of_resource={"Effect": "Deny", "NotPrincipal": {"AWS": _ROLE}}),
        _spared,
        Decision.EXPLICIT_DENY,
    ),
    SESSION_GRANT,
)


def limitations_of(case: Case) -> set[str]:
    """Name the limitations that a case touches."""
    found = {
        limitation.name
        for limitation in LIMITATIONS
        for statement in case.statements()
        if limitation.concerns(statement, case.context)
    }
    return found | ({SESSION_GRANT.name} if case.session and case.of_resource else set())


def without_limitations(case: Case) -> Case:
    """The case with the statements concerned made to speak of something else."""

    def alter(statement: Document) -> Document:
        if not any(limitation.concerns(statement, case.context) for limitation in LIMITATIONS):
            return statement
        principal = {"Principal": "*"} if {"Principal", "NotPrincipal"} & set(statement) else {}
        return {
            "Sid": statement["Sid"],
            "Effect": statement["Effect"],
            "Action": "s3:ListBucket",
            "Resource": "*",
            **principal,
        }

    altered = case.altered(alter)
    return replace(altered, session=None) if case.of_resource else altered
