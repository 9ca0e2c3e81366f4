"""The condition keys that AWS fills in itself.

Source: "AWS global condition context keys" in the IAM user guide. Names are in lower case, as
conditions look them up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.iam.policies import Principal

Keys: TypeAlias = "dict[str, tuple[str, ...]]"


def principal_keys(
    principal: Principal, *, tags: Mapping[str, str] | None = None, principal_id: str | None = None
) -> Keys:
    """Return the keys that tell who asks."""
    if principal.service is not None:
        return {
            "aws:principalisawsservice": ("true",),
            "aws:principalservicename": (principal.service,),
            "aws:principaltype": ("Service",),
        }
    keys: Keys = {
        "aws:principalaccount": (principal.account_id,),
        "aws:principalarn": (principal.role_arn or principal.arn,),
        "aws:principalisawsservice": ("false",),
        "aws:principaltype": (_type_of(principal),),
    }
    if principal_id is not None:
        keys["aws:userid"] = (principal_id,)
    if ":user/" in principal.arn:
        keys["aws:username"] = (principal.arn.rpartition("/")[2],)
    return keys | tag_keys("aws:PrincipalTag", tags or {})


def _type_of(principal: Principal) -> str:
    if principal.role_arn:
        return "AssumedRole"
    return "Account" if principal.arn.endswith(":root") else "User"


def tag_keys(prefix: str, tags: Mapping[str, str]) -> Keys:
    """Return one key for each tag: ``aws:ResourceTag`` and its like."""
    return {f"{prefix.lower()}/{name.lower()}": (value,) for name, value in tags.items()}


def given_keys(conditions: Mapping[str, str | Sequence[str]]) -> Keys:
    """Return keys as a test or table writes them: in any case, one value or several."""
    return {
        name.lower(): (value,) if isinstance(value, str) else tuple(value)
        for name, value in conditions.items()
    }
