"""Adds up how long a promotion may take, from `.pipeline/budget.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = Path(__file__).resolve().parents[1] / "budget.toml"
APART = frozenset({"drift"})
"""Projects that no promotion waits for."""
CHANGES_AN_ACCOUNT = ("dev", "qa", "integration", "prod-deploy", "prod-shift")
_ALL = 100


@dataclass(frozen=True)
class Budget:
    """Minutes by project, and what they may not exceed."""

    total: float
    plan_lifetime: float
    approval: float
    session: float
    timeouts: Mapping[str, float]
    shift: Mapping[str, Any]

    @classmethod
    def read(cls, file: Path = FILE) -> Budget:
        """Read the file.

        Raises:
            BrokenInputError: it isn't what is expected.
        """
        try:
            return cls(**tomllib.loads(file.read_text(encoding="utf-8")))
        except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
            raise BrokenInputError(f"{file} isn't a time budget: {error}") from None

    @property
    def planned(self) -> float:
        """Minutes of all stages, one after the other."""
        return sum(minutes for name, minutes in self.timeouts.items() if name not in APART)

    @property
    def shift_minutes(self) -> float:
        """Minutes of a shift that nothing stops."""
        below = [share for share in self.shift["weights_percent"] if share < _ALL]
        watched = len(below) * self.shift["step_minutes"] + self.shift["bake_minutes"]
        return float(watched + self.shift["margin_minutes"])

    def overruns(self) -> Iterator[str]:
        """Yield what doesn't fit, each as a sentence."""
        if self.planned > self.total:
            yield (
                f"the stages may take {self.planned:.0f} minutes together, the budget is "
                f"{self.total:.0f}"
            )
        if self.shift_minutes > self.timeouts["prod-shift"]:
            yield (
                f"a shift takes {self.shift_minutes:.0f} minutes with its margin, prod-shift may "
                f"take {self.timeouts['prod-shift']:.0f}"
            )
        for name in CHANGES_AN_ACCOUNT:
            if self.timeouts[name] > self.session:
                yield (
                    f"{name} may take {self.timeouts[name]:.0f} minutes, the session of its role "
                    f"ends after {self.session:.0f}"
                )
        if self.approval + self.timeouts["prod-deploy"] > self.plan_lifetime:
            yield (
                f"an approval may come {self.approval:.0f} minutes after the plan and prod-deploy "
                f"may take {self.timeouts['prod-deploy']:.0f}, the plan lives "
                f"{self.plan_lifetime:.0f}"
            )
        if self.shift["step_minutes"] < self.shift["alarm_minutes"]:
            yield (
                f"a share is watched for {self.shift['step_minutes']} minutes, an alarm needs "
                f"{self.shift['alarm_minutes']} to sound"
            )

    def check(self) -> None:
        """Refuse a budget that doesn't fit.

        Raises:
            Refused: says what doesn't.
        """
        if found := list(self.overruns()):
            raise _over("; ".join(found))

    def check_measured(self, seconds: Mapping[str, float]) -> None:
        """Refuse durations that were longer than the budget has for them, by stage.

        Raises:
            Refused: names the stages, or all of them together.
        """
        late = [
            f"{name} took {seconds[name]:.0f} s of {60 * self.timeouts[name]:.0f} s"
            for name in seconds
            if name in self.timeouts and seconds[name] > 60 * self.timeouts[name]
        ]
        together = sum(seconds[name] for name in seconds if name in self.timeouts)
        if together > 60 * self.total:
            late.append(f"all stages took {together:.0f} s of {60 * self.total:.0f} s")
        if late:
            raise _over("; ".join(late))

    def table(self) -> str:
        """Return the budget for people."""
        rows = [
            f"  {name:<14}{minutes:>5.0f} min" + ("  (apart)" if name in APART else "")
            for name, minutes in self.timeouts.items()
        ]
        return "\n".join(
            [
                *rows,
                f"  {'together':<14}{self.planned:>5.0f} min of {self.total:.0f}",
                f"  {'shift':<14}{self.shift_minutes:>5.0f} min of "
                f"{self.timeouts['prod-shift']:.0f}, at "
                + ", ".join(f"{share} %" for share in self.shift["weights_percent"]),
                f"  {'approval':<14}{self.approval:>5.0f} min, not counted: people",
            ]
        )


def _over(evidence: str) -> Refused:
    return Refused(
        rule="time-budget",
        evidence=evidence,
        fix="shorten a step, or change .pipeline/budget.toml and the timeouts of modules/delivery",
        override="a reviewer of .pipeline/budget.toml",
    )
