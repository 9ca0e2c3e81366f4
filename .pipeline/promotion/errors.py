"""What stops a promotion, said so that a person knows what to do."""

from __future__ import annotations


class BrokenInputError(Exception):
    """A command can't do its work with what it was given; says what is wrong and what to do."""


class Refused(Exception):  # noqa: N818 - what the command prints, and no defect of it
    """A rule of the promotion forbids to go on; nothing was changed."""

    def __init__(self, *, rule: str, evidence: str, fix: str, override: str) -> None:
        """Say which rule refuses, what shows the breach, what mends it, and who may override."""
        super().__init__(rule, evidence, fix, override)
        self.rule = rule
        self.evidence = evidence
        self.fix = fix
        self.override = override

    def __str__(self) -> str:
        return (
            f"REFUSED {self.rule}: {self.evidence}\n"
            f"  fix: {self.fix}\n"
            f"  may override: {self.override}"
        )
