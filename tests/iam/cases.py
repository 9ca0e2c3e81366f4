"""Random requests with random policies of every kind, the same in every run.

Most of what is generated fits its request, so that many requests are allowed and those that
aren't are refused for one reason rather than for ten.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.iam import AccessRequest, Level, Policies, Policy, Principal, Verdict, authorize
from harness.iam.context import given_keys
from iam.documents import Author

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from iam.conditions import Context
    from iam.documents import Document

HOME, OTHER = "444444444444", "999999999999"
ORGANIZATION = "o-a1b2c3d4e5"
SEED = 20261123


@dataclass(frozen=True)
class Call:
    """An action with a resource to do it to, ``{account}`` left open, and keys of its own."""

    action: str
    resource: str
    keys: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    policy: str = "none"
    """Whether the resource may or must have a policy: none, some, always."""
    controlled: bool = False
    """Whether resource control policies know the service."""


CALLS = (
    Call("s3:GetObject", "arn:aws:s3:::payments-logs/day/one.gz", policy="some", controlled=True),
    Call(
        "s3:PutObject",
        "arn:aws:s3:::payments-logs/day/two.gz",
        (("s3:x-amz-server-side-encryption", "aws:kms"),),
        policy="some",
        controlled=True,
    ),
    Call("s3:DeleteObjectVersion", "arn:aws:s3:::logs/x", policy="some", controlled=True),
    Call("sqs:SendMessage", "arn:aws:sqs:eu-west-1:{account}:jobs", (), "some", controlled=True),
    Call(
        "sqs:TagQueue",
        "arn:aws:sqs:eu-west-1:{account}:jobs",
        (("aws:RequestTag/team", "red"), ("aws:TagKeys", ("team", "stage"))),
    ),
    Call(
        "kms:Decrypt",
        "arn:aws:kms:eu-west-1:{account}:key/1234abcd",
        (
            ("kms:ViaService", "dynamodb.eu-west-1.amazonaws.com"),
            ("aws:ResourceTag/team", "red"),
        ),
        policy="always",
        controlled=True,
    ),
    Call(
        "kms:ScheduleKeyDeletion",
        "arn:aws:kms:eu-west-1:{account}:key/1234abcd",
        (("kms:ScheduleKeyDeletionPendingWindowInDays", "7"),),
        policy="always",
        controlled=True,
    ),
    Call(
        "sts:AssumeRole",
        "arn:aws:iam::{account}:role/auditor",
        (("sts:ExternalId", "payments"), ("sts:RoleSessionName", "monday")),
        policy="always",
        controlled=True,
    ),
    Call(
        "lambda:UpdateFunctionCode",
        "arn:aws:lambda:eu-west-1:{account}:function:payments-gateway",
        (("aws:ResourceTag/team", "red"),),
        policy="some",
    ),
    Call(
        "dynamodb:GetItem",
        "arn:aws:dynamodb:eu-west-1:{account}:table/payments",
        (("dynamodb:LeadingKeys", ("m_rivertown", "m_lakeside")),),
        policy="some",
        controlled=True,
    ),
    Call("logs:PutRetentionPolicy", "arn:aws:logs:eu-west-1:{account}:log-group:payments"),
    Call("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:{account}:secret:csrf"),
    Call("cloudtrail:StopLogging", "arn:aws:cloudtrail:eu-west-1:{account}:trail/payments"),
    Call("organizations:LeaveOrganization", "*"),
)


@dataclass(frozen=True)
class Case:
    """A request, everything that decides on it, and both ways to ask."""

    number: int
    principal: Principal
    action: str
    resource: str
    account: str
    context: Context
    identity: tuple[Document, ...]
    boundary: Document | None
    session: Document | None
    of_resource: Document | None
    service_control: tuple[tuple[Document, ...], ...]
    resource_control: tuple[tuple[Document, ...], ...]

    def verdict(self) -> Verdict:
        """Ask our engine."""
        request = AccessRequest(
            self.action, self.resource, given_keys(self.context).get, self.principal
        )
        policies = Policies(
            identity=_statements(*self.identity),
            boundary=_statements(self.boundary) if self.boundary else None,
            session=_statements(self.session) if self.session else None,
            resource=_statements(self.of_resource, of_resource=True) if self.of_resource else None,
            service_control=_levels(self.service_control),
            resource_control=_levels(self.resource_control, of_resource=True),
        )
        return authorize(request, policies, resource_account=self.account)

    def simulation(self) -> dict[str, Any]:
        """The same question as the simulator wants it."""
        return {
            "request": {
                "principal": self.principal.arn,
                "action": self.action,
                "resource": {"resource": self.resource, "accountId": self.account},
                "contextVariables": self.context,
            },
            "identityPolicies": _named(self.identity),
            "serviceControlPolicies": _placed(self.service_control),
            # The simulator adds AWS's own policy, which allows everything, by itself.
            "resourceControlPolicies": _placed(level[1:] for level in self.resource_control),
            **({"sessionPolicy": self.session} if self.session else {}),
            **({"resourcePolicy": self.of_resource} if self.of_resource else {}),
            **({"permissionBoundaryPolicies": _named((self.boundary,))} if self.boundary else {}),
        }

    def statements(self) -> Iterator[Document]:
        """Every statement of every policy."""
        documents = [*self.identity, self.boundary, self.session, self.of_resource]
        for level in (*self.service_control, *self.resource_control):
            documents += level
        for document in documents:
            yield from document["Statement"] if document else ()

    def altered(self, alter: Callable[[Document], Document]) -> Case:
        """The same case with every statement altered."""

        def each(document: Document | None) -> Any:
            return document and {**document, "Statement": [*map(alter, document["Statement"])]}

        def levels(found: tuple[tuple[Document, ...], ...]) -> Any:
            return tuple(tuple(map(each, level)) for level in found)

        return replace(
            self,
            identity=tuple(map(each, self.identity)),
            boundary=each(self.boundary),
            session=each(self.session),
            of_resource=each(self.of_resource),
            service_control=levels(self.service_control),
            resource_control=levels(self.resource_control),
        )


def generate(count: int, seed: int = SEED) -> list[Case]:
    """Make the first ``count`` cases of a seed."""
    # Not for secrets: the same cases in every run are the point.
    return [_case(number, random.Random(f"{seed}/{number}")) for number in range(count)]  # noqa: S311 - repeatable


def _case(number: int, rng: random.Random) -> Case:
    call = rng.choice(CALLS)
    resource = call.resource.format(account=HOME)
    has_policy = call.policy == "always" or (call.policy == "some" and rng.random() < 0.7)
    principal, keys = _principal(rng, serving=has_policy and rng.random() < 0.08)
    person = principal.service is None
    context: Context = {
        **keys,
        "aws:SecureTransport": rng.choice(["true", "true", "false"]),
        "aws:RequestedRegion": "eu-west-1",
        "aws:CurrentTime": "2026-11-23T02:00:00Z",
        "aws:ResourceAccount": HOME,
        "aws:ResourceOrgID": ORGANIZATION,
        **{name: _plain(value) for name, value in call.keys if rng.random() < 0.85},
    }
    if rng.random() < 0.5:
        context |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "120"}
    if rng.random() < 0.7:
        context["aws:SourceIp"] = rng.choice(["203.0.113.9", "10.1.2.3", "2001:db8::7"])
    write = Author(rng, call.action, resource, context)
    bounded = person and rng.random() < 0.3
    in_session = principal.role_arn is not None and rng.random() < 0.2
    controlled = person and rng.random() < 0.5
    identity = [write.of_identity(rng.randint(1, 3)) for _ in range(rng.randint(1, 2))]
    return Case(
        number=number,
        principal=replace(principal, bounded=bounded),
        action=call.action,
        resource=resource,
        account=HOME,
        context=context,
        identity=tuple(identity) if person else (),
        boundary=write.of_identity(2, likely=0.5) if bounded else None,
        session=write.of_identity(2, likely=0.5) if in_session else None,
        of_resource=write.of_resource(principal) if has_policy else None,
        service_control=write.service_control() if controlled else (),
        resource_control=(
            write.resource_control() if call.controlled and rng.random() < 0.4 else ()
        ),
    )


def _principal(rng: random.Random, *, serving: bool) -> tuple[Principal, Context]:
    if serving:
        service = rng.choice(["delivery.logs.amazonaws.com", "cloudtrail.amazonaws.com"])
        return Principal("", service, service=service), {
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": service,
            "aws:SourceAccount": rng.choice([HOME, OTHER]),
            "aws:SourceArn": f"arn:aws:cloudtrail:eu-west-1:{HOME}:trail/payments",
            "aws:SourceOrgID": ORGANIZATION,
        }
    account = rng.choices([HOME, OTHER], [0.7, 0.3])[0]
    context: Context = {"aws:PrincipalAccount": account, "aws:PrincipalIsAWSService": "false"}
    if rng.random() < 0.8:
        context |= {
            "aws:PrincipalOrgID": ORGANIZATION,
            "aws:PrincipalOrgPaths": [f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/"],
        }
    for tag, values in (("team", ["red", "blue"]), ("merchant_id", ["m_rivertown"])):
        if rng.random() < 0.8:
            context[f"aws:PrincipalTag/{tag}"] = rng.choice(values)
    if rng.random() < 0.2:
        arn = f"arn:aws:iam::{account}:user/ann"
        context |= {"aws:PrincipalArn": arn, "aws:username": "ann", "aws:PrincipalType": "User"}
        return Principal(account, arn), context
    role = f"arn:aws:iam::{account}:role/payments-deploy"
    context |= {"aws:PrincipalArn": role, "aws:PrincipalType": "AssumedRole"}
    session = f"arn:aws:sts::{account}:assumed-role/payments-deploy/monday"
    return Principal(account, session, role), context


def _plain(value: str | tuple[str, ...]) -> str | list[str]:
    return value if isinstance(value, str) else list(value)


def _statements(*documents: Document, of_resource: bool = False) -> list[Any]:
    return [
        statement
        for document in documents
        for statement in Policy(document, resource_based=of_resource).statements
    ]


def _levels(levels: tuple[tuple[Document, ...], ...], *, of_resource: bool = False) -> list[Level]:
    return [
        Level(f"level {number}", _statements(*documents, of_resource=of_resource))
        for number, documents in enumerate(levels)
    ]


def _named(documents: tuple[Document, ...]) -> list[dict[str, Any]]:
    return [
        {"name": f"policy {number}", "policy": document}
        for number, document in enumerate(documents)
    ]


def _placed(levels: Iterable[tuple[Document, ...]]) -> list[dict[str, Any]]:
    return [
        {"orgIdentifier": f"level {number}", "policies": _named(documents)}
        for number, documents in enumerate(levels)
    ]
