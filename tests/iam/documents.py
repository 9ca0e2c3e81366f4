"""Random policy documents of every kind, most of which fit the request that they are made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from iam.conditions import condition

if TYPE_CHECKING:
    import random

    from harness.iam import Principal
    from iam.conditions import Context

Document: TypeAlias = "dict[str, Any]"
EVERYTHING = {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}
ANYONE = {"Principal": "*"}


@dataclass(frozen=True)
class Author:
    """Writes policies about one request."""

    rng: random.Random
    action: str
    resource: str
    context: Context

    def of_identity(self, statements: int, likely: float = 0.9) -> Document:
        """A policy without principals, whose first statement allows and ``likely`` fits."""
        effects = ["Allow", *(self._effect() for _ in range(statements - 1))]
        return _policy(*(self._statement(effect, likely=likely) for effect in effects))

    def of_resource(self, principal: Principal) -> Document:
        """A policy of the resource, or of the role that is to be assumed."""
        effects = ["Allow", *(self._effect() for _ in range(self.rng.randint(0, 2)))]
        made = []
        for effect in effects:
            statement = {**self._statement(effect), **self._principals(principal, effect)}
            if self.action.startswith("sts:"):
                statement.pop("Resource", None)
                statement.pop("NotResource", None)
            made.append(statement)
        return _policy(*made)

    def service_control(self) -> tuple[tuple[Document, ...], ...]:
        """Service control policies by level; some levels allow by a list of their own."""
        levels = []
        for _ in range(self.rng.randint(1, 3)):
            listed = self.rng.random() < 0.25
            allowing = self._statement("Allow", likely=0.6) if listed else EVERYTHING
            denying = self._denials() if self.rng.random() < 0.5 else []
            levels.append((_policy(allowing), *denying))
        return tuple(levels)

    def resource_control(self) -> tuple[tuple[Document, ...], ...]:
        """Resource control policies by level, AWS's own first, which every level has."""
        levels = []
        for _ in range(self.rng.randint(1, 3)):
            denying = self._denials(of_resource=True) if self.rng.random() < 0.5 else []
            levels.append((_policy({**EVERYTHING, **ANYONE}), *denying))
        return tuple(levels)

    def _denials(self, *, of_resource: bool = False) -> list[Document]:
        made = [self._statement("Deny") for _ in range(self.rng.randint(1, 2))]
        if of_resource:
            for statement in made:
                statement |= ANYONE
                # Resource control policies must name actions.
                if statement.pop("NotAction", None):
                    statement["Action"] = self.action
        return [_policy(*made)]

    def _effect(self) -> str:
        return self.rng.choices(["Allow", "Deny"], [0.8, 0.2])[0]

    def _statement(self, effect: str, likely: float = 0.9) -> Document:
        rng = self.rng
        fits = rng.random() < (likely if effect == "Allow" else 0.1)
        made: Document = {"Sid": f"S{rng.randrange(10**6)}", "Effect": effect}
        for write in (self._actions, self._resources):
            name, value = write(fits=fits or rng.random() < 0.5)
            made[name] = value
        blocks: dict[str, dict[str, Any]] = {}
        for _ in range(rng.choices([0, 1, 2, 3], [0.45, 0.3, 0.2, 0.05])[0]):
            operator, key, wanted = condition(rng, self.context, fits=fits or rng.random() < 0.5)
            blocks.setdefault(operator, {}).setdefault(key, wanted)
        return {**made, "Condition": blocks} if blocks else made

    def _actions(self, *, fits: bool) -> tuple[str, Any]:
        rng = self.rng
        service, _, name = self.action.partition(":")
        named = rng.choice(
            [
                self.action,
                f"{service}:*",
                f"{service}:{name[: rng.randint(1, len(name))]}*",
                f"{service.upper()}:{name.lower()}",
                f"{service}:{name[:2]}?{name[3:]}",
                [self.action, "ec2:DescribeInstances"],
            ]
        )
        missed = rng.choice(["ec2:*", ["iam:GetRole", "iam:PassRole"], f"{service}:List*"])
        if rng.random() < 0.15:
            return "NotAction", missed if fits else named
        return "Action", named if fits else missed

    def _resources(self, *, fits: bool) -> tuple[str, Any]:
        rng, resource = self.rng, self.resource
        if resource == "*":
            return "Resource", "*"
        stem, last = resource[:-4], resource[-4:]
        _, _, _, region, account, _ = resource.split(":", 5)
        named = rng.choice(
            [
                "*",
                resource,
                f"{stem}*",
                f"{stem}{last[:2]}?{last[3:]}",
                resource.replace(f":{region}:{account}:", ":*:*:"),
                f"{stem}${{aws:PrincipalTag/missing, '{last}'}}",
                [resource, f"{stem}other"],
            ]
        )
        missed = rng.choice(
            [
                f"{stem}other",
                f"{resource}/${{aws:PrincipalTag/team}}",
                f"{stem}${{aws:PrincipalTag/missing}}",
                [f"{stem}{self.context.get('aws:PrincipalTag/team', 'none')}", f"{stem}?"],
            ]
        )
        if rng.random() < 0.12:
            return "NotResource", missed if fits else named
        return "Resource", named if fits else missed

    def _principals(self, principal: Principal, effect: str) -> Document:
        rng = self.rng
        if principal.service is not None:
            named = [principal.service, principal.service, "config.amazonaws.com"]
            return {"Principal": {"Service": rng.choice(named)}}
        account, arn = principal.account_id, principal.arn
        root, other = f"arn:aws:iam::{account}:root", f"arn:aws:iam::{account}:role/other"
        role = principal.role_arn or arn
        if effect == "Deny" and rng.random() < 0.1:
            spared = rng.choice([[other], [arn, role, root], [role], [root]])
            return {"NotPrincipal": {"AWS": spared}}
        ways: list[Any] = [root, account, role, [arn], [other, role], other, "*"]
        return {"Principal": rng.choice(["*", *({"AWS": each} for each in ways)])}


def _policy(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
