"""How traffic is split between a stable version and a new one, as it was decided and as it is.

What was decided is kept in the store and handed to Terraform as `canary`, so that plans of anyone
(the next release, the look for drift) leave traffic where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promotion import history
from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promotion.store import Store

ALIAS_TYPE = "aws_lambda_alias"
WEIGHTS = frozenset({"function_version", "routing_config"})
"""Attributes of an alias that say where calls go."""

FUNCTION, ALIAS = "transaction_gateway", "live"
"""The function that the platform tries out, by its name in the output `functions`."""


@dataclass(frozen=True)
class Traffic:
    """The share of the newest version; the rest goes to the stable one."""

    stable_version: str
    weight: float

    @property
    def canary(self) -> dict[str, Any] | None:
        """The value of the root's variable `canary`."""
        if self.weight >= 1:
            return None
        return {"stable_version": self.stable_version, "weight": self.weight}

    def __str__(self) -> str:
        return f"{self.weight:.0%} to the new version, the rest to version {self.stable_version}"


@dataclass(frozen=True)
class Function:
    """A function of the platform as the root's outputs tell."""

    name: str
    newest: str

    @classmethod
    def of(cls, outputs: Mapping[str, Any], key: str = FUNCTION) -> Function | None:
        """Read a function; None where the platform wasn't applied yet."""
        told = (outputs.get("functions") or {}).get(key)
        return cls(str(told["name"]), str(told["version"])) if told else None


def decided(store: Store, environment: str) -> Traffic | None:
    """Return what was decided last; None where all goes to the newest version."""
    document = store.get_json(_key(environment))
    if not document or document["stable_version"] is None:
        return None
    return Traffic(str(document["stable_version"]), float(document["weight"]))


def decide(store: Store, environment: str, traffic: Traffic | None, release_digest: str) -> None:
    """Keep a decision."""
    store.put_json(
        _key(environment),
        {
            "stable_version": traffic.stable_version if traffic else None,
            "weight": traffic.weight if traffic else 1,
            "release_digest": release_digest,
            "at": history.now(),
        },
    )


def version_of(store: Store, environment: str, digest: str) -> str:
    """Return the version of the function that a release's last apply left.

    Raises:
        Refused: the release wasn't applied there.
    """
    for applied in reversed(history.applies(store, environment)):
        if applied.release_digest == digest and FUNCTION in applied.versions:
            return applied.versions[FUNCTION]
    raise Refused(
        rule="shift-unknown-release",
        evidence=f"no apply of release {digest} to {environment} is known",
        fix="deploy the release first, or name one of those that were",
        override="nobody",
    )


def live(awslambda: Any, function: str) -> tuple[str, dict[str, float]]:
    """Return the alias's version and the weights of others, as Lambda has them."""
    alias = awslambda.get_alias(FunctionName=function, Name=ALIAS)
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return str(alias["FunctionVersion"]), {str(key): float(weights[key]) for key in weights}


def held(
    store: Store, awslambda: Any, environment: str, outputs: Mapping[str, Any]
) -> Traffic | None:
    """Return what keeps traffic on the version that serves now, for the plan of a new release.

    None where nothing runs yet, so that there is nothing to hold.

    Raises:
        BrokenInputError: traffic is split, and nobody decided that.
    """
    function = Function.of(outputs)
    if function is None:
        return None
    known = decided(store, environment)
    if known and known.weight < 1:
        return Traffic(known.stable_version, 0)
    version, weights = live(awslambda, function.name)
    if weights:
        raise BrokenInputError(
            f"{function.name}:{ALIAS} sends {weights} elsewhere, and no shift is under way: "
            "somebody changed it by hand; look with `promotion drift`"
        )
    return Traffic(version, 0)


def _key(environment: str) -> str:
    return f"records/traffic/{environment}.json"
