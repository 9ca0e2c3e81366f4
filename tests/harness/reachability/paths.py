"""Who may be asked about, and what an answer consists of."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from harness.reachability.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Collection

ANYWHERE = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True)
class Member:
    """Something with network interfaces: a function, the tasks of a service, an endpoint."""

    name: str
    _: KW_ONLY
    groups: Collection[str] | None
    """Those that it carries; without any, no group holds it back and no rule names it."""
    subnets: Collection[str]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Way:
    """A way out of the VPC: where it leads, and the elements that it takes."""

    destinations: tuple[IPv4Network, ...]
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' -> '.join(self.steps)} -> {', '.join(map(str, self.destinations))}"


@dataclass(frozen=True)
class Gate:
    """One element that traffic must pass."""

    name: str
    """What the element is for, such as "security group aws_security_group.functions, egress"."""
    admits: tuple[tuple[Traffic, str], ...]
    """What passes, and the rule that lets it."""

    @property
    def traffic(self) -> Traffic:
        """All that passes."""
        total = Traffic.nothing()
        for traffic, _ in self.admits:
            total |= traffic
        return total

    def rule_for(self, wanted: Traffic) -> str | None:
        """Name the first rule that lets some traffic pass."""
        return next((rule for traffic, rule in self.admits if traffic.covers(wanted)), None)


@dataclass(frozen=True)
class Course:
    """All gates between two places."""

    source: str
    target: str
    gates: tuple[Gate, ...]

    @property
    def traffic(self) -> Traffic:
        """What passes all gates."""
        total = Traffic.everything()
        for gate in self.gates:
            total &= gate.traffic
        return total

    def explain(self, wanted: Traffic) -> Verdict:
        """Name the rules that let some traffic pass, or the gate that doesn't."""
        steps = [f"from {self.source}"]
        for gate in self.gates:
            rule = gate.rule_for(wanted)
            if rule is None:
                refusal = f"{gate.name} lets {gate.traffic} pass, not {wanted}"
                return Verdict(False, tuple(steps), refusal)
            steps.append(f"{gate.name}: {rule}")
        return Verdict(True, (*steps, f"to {self.target}"))


@dataclass(frozen=True)
class Verdict:
    """Whether traffic may pass: true with the whole path, or false with what refuses it."""

    allowed: bool
    steps: tuple[str, ...]
    refused_by: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def __str__(self) -> str:
        end = [] if self.allowed else [f"refused: {self.refused_by}"]
        return "\n".join([*self.steps, *end])
