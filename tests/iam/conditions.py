"""Random conditions over the keys of a request, of every operator and quantifier."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import random

Context: TypeAlias = "dict[str, str | list[str]]"

MANY = ("aws:TagKeys", "aws:PrincipalOrgPaths", "dynamodb:LeadingKeys")
SINGLE = (
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalTag/merchant_id",
    "aws:PrincipalTag/team",
    "aws:PrincipalType",
    "aws:RequestTag/team",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceTag/team",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:username",
    "kms:ViaService",
    "s3:x-amz-server-side-encryption",
    "sts:ExternalId",
    "sts:RoleSessionName",
)
ARNS = ("aws:PrincipalArn", "aws:SourceArn")
BOOLEANS = ("aws:MultiFactorAuthPresent", "aws:PrincipalIsAWSService", "aws:SecureTransport")
NUMBERS = ("aws:MultiFactorAuthAge", "kms:ScheduleKeyDeletionPendingWindowInDays")
ELSE = "something-else"


def condition(rng: random.Random, context: Context, *, fits: bool) -> tuple[str, str, Any]:
    """Make an operator, a key and wanted values that the request meets, if it should."""
    make = rng.choices(
        [_text, _many, _arn, _boolean, _number, _date, _address, _null, _binary],
        [6, 3, 2, 3, 2, 2, 2, 2, 0.4],
    )[0]
    operator, key, wanted = make(rng, context, fits)
    if operator != "Null" and rng.random() < 0.15:
        operator += "IfExists"
    return operator, rng.choice([key, key, key.lower()]), wanted


def _present(rng: random.Random, context: Context, keys: tuple[str, ...]) -> str:
    """Choose a key, mostly one that the request has."""
    there = [key for key in keys if key in context]
    return rng.choice(there if there and rng.random() < 0.85 else list(keys))


def _text(rng: random.Random, context: Context, fits: bool) -> tuple[str, str, Any]:
    key = _present(rng, context, SINGLE)
    value = str(context.get(key, "absent"))
    negated = rng.random() < 0.3
    kind = rng.choice(["Equals", "Equals", "EqualsIgnoreCase", "Like"])
    same: Any = value
    if kind == "EqualsIgnoreCase":
        same = value.swapcase()
    elif kind == "Like":
        same = rng.choice([value, f"{value[:3]}*", f"*{value[-2:]}", f"{value[:-1]}?", "*"])
    elif rng.random() < 0.2:
        same = f"${{{key}}}"
    other: Any = rng.choice([ELSE, f"{value}x", "${aws:PrincipalTag/missing}", "x${*}"])
    wanted = other if fits is negated else same
    if rng.random() < 0.25:
        wanted = [wanted, ELSE]
    return f"String{'Not' if negated else ''}{kind}", key, wanted


def _many(rng: random.Random, context: Context, fits: bool) -> tuple[str, str, Any]:
    key = _present(rng, context, MANY)
    values = list(context.get(key, []))
    quantifier = rng.choice(["ForAnyValue", "ForAllValues"])
    if fits:
        chosen = values if quantifier == "ForAllValues" else values[:1]
    else:
        chosen = values[:1] if quantifier == "ForAllValues" and len(values) > 1 else []
    operator = rng.choice(["StringEquals", "StringLike", "StringEquals", "StringNotEquals"])
    return f"{quantifier}:{operator}", key, [*chosen, ELSE]


def _arn(rng: random.Random, context: Context, fits: bool) -> tuple[str, str, Any]:
    key = _present(rng, context, ARNS)
    value = str(context.get(key, "arn:aws:iam::444444444444:role/absent"))
    parts = value.split(":")
    like = rng.choice([value, ":".join([*parts[:4], "*", *parts[5:]]), f"{value[:-3]}*"])
    miss = rng.choice(["arn:aws:iam::*:role/other-*", "arn:aws:iam::000000000000:*"])
    negated = rng.random() < 0.3
    kind = rng.choice(["Like", "Equals"])
    return f"Arn{'Not' if negated else ''}{kind}", key, miss if fits is negated else like


def _boolean(rng: random.Random, context: Context, fits: bool) -> tuple[str, str, Any]:
    key = _present(rng, context, BOOLEANS)
    value = context.get(key, "true")
    return "Bool", key, value if fits else ("false" if value == "true" else "true")


def _number(rng: random.Random, context: Context, fits: bool) -> tuple[str, str, Any]:
    key = _present(rng, context, NUMBERS)
    value = int(str(context.get(key, "7")))
    operator, right, wrong = rng.choice(
        [
            ("Equals", value, value + 1),
            ("NotEquals", value + 1, value),
            ("LessThan", value + 1, value),
            ("LessThanEquals", value, value - 1),
            ("GreaterThan", value - 1, value),
            ("GreaterThanEquals", value, value + 1),
        ]
    )
    return f"Numeric{operator}", key, str(right if fits else wrong)


def _date(rng: random.Random, context: Context, fits: bool) -> tuple[str, str, Any]:
    now, later = str(context["aws:CurrentTime"]), "2030-01-01T00:00:00Z"
    operator, right, wrong = rng.choice(
        [
            ("Equals", now, later),
            ("NotEquals", later, now),
            ("LessThan", later, now),
            ("LessThanEquals", now, "2020-06-30"),
            ("GreaterThan", "2020-06-30T12:00:00+02:00", now),
            ("GreaterThanEquals", now, rng.choice([later, "1893456000"])),
        ]
    )
    return f"Date{operator}", "aws:CurrentTime", right if fits else wrong


def _address(rng: random.Random, context: Context, fits: bool) -> tuple[str, str, Any]:
    value = str(context.get("aws:SourceIp", "203.0.113.9"))
    inside = {"203.0.113.9": "203.0.113.0/24", "10.1.2.3": "10.0.0.0/8"}.get(value, "2001:db8::/32")
    outside = rng.choice(["192.0.2.0/24", "198.51.100.7", "2001:db9::/32"])
    negated = rng.random() < 0.3
    wanted = outside if fits is negated else rng.choice([inside, [outside, inside]])
    return f"{'Not' if negated else ''}IpAddress", "aws:SourceIp", wanted


def _null(rng: random.Random, context: Context, fits: bool) -> tuple[str, str, Any]:
    key = rng.choice([*SINGLE[:16], *MANY[:2], "aws:SourceIp"])
    return "Null", key, "true" if (key not in context) is fits else "false"


def _binary(rng: random.Random, context: Context, fits: bool) -> tuple[str, str, Any]:
    """No key of the calls is binary, so these are about a key that is absent."""
    del rng, context, fits
    return "BinaryEquals", "aws:PrincipalTag/missing", base64.b64encode(b"x").decode()
