"""What takes code to production: who approves it, and how what it carries is encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pci_dss.policy import policy
from pci_dss.production import leaves_to_production, says_other, says_production

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

PIPELINE = "aws_codepipeline"
_DOING = {"Build", "Compute", "Deploy", "Invoke"}
_KEYS = ("aws_kms_key", "aws_kms_alias", "aws_kms_replica_key", "aws_kms_external_key")


@dataclass(frozen=True)
class _Action:
    stage: str
    name: str
    category: str

    @property
    def is_to_production(self) -> bool:
        """Whether it deploys, or does something in a stage that is called production."""
        names = (self.stage, self.name)
        if any(map(says_other, names)):
            return False
        return self.category == "Deploy" or (
            self.category in _DOING and any(map(says_production, names))
        )

    @property
    def is_deployed_to_production(self) -> bool:
        """Whether it certainly changes production."""
        return self.category == "Deploy" and self.is_to_production

    @property
    def is_to_elsewhere(self) -> bool:
        """Whether it changes another environment, which is what an approval before it is about."""
        if self.category == "Deploy":
            return says_other(self.stage) or says_other(self.name)
        return self.category in _DOING and not leaves_to_production(self.stage)


@policy(
    "PCI_36",
    "Somebody approves what goes to production",
    requirements=("6.5.1", "6.5.4"),
    types=(PIPELINE,),
    fix="Put a manual approval between the last deployment to another environment and production.",
    applies=lambda subject: any(each.is_to_production for each in _actions(subject)),
)
def production_is_approved(subject: Subject) -> Iterator[str]:
    """Fail on a pipeline that reaches production without a person in between.

    Builds that come before the last one may prepare it: a plan to be approved.
    """
    actions = list(_actions(subject))
    last = [each for each in actions if each.is_to_production][-1]
    approved = False
    for action in actions:
        if action.category == "Approval":
            approved = True
        elif action.is_to_elsewhere:
            approved = False
        elif not approved and (action is last or action.is_deployed_to_production):
            yield f"nobody approves {action.name} in {action.stage}"


def _actions(pipeline: Subject) -> Iterator[_Action]:
    """Yield the actions in their order; an approval that runs beside others comes after them."""
    for stage in pipeline.each("stage"):
        name = pipeline.get(*stage, "name")
        ordered = []
        for path in pipeline.each(*stage, "action"):
            action = _Action(name, pipeline.get(*path, "name"), pipeline.get(*path, "category"))
            order = pipeline.number(*path, "run_order", default=1)
            ordered.append((order, action.category == "Approval", action))
        yield from (action for _, _, action in sorted(ordered, key=lambda each: each[:2]))


@policy(
    "PCI_37",
    "Every artifact store has a key of ours",
    requirements=("3.6.1",),
    types=(PIPELINE,),
    fix="Give each artifact_store, of every region, an encryption_key with a key that you made.",
)
def artifacts_are_encrypted(subject: Subject) -> Iterator[str]:
    """Fail on any artifact store without a key, or with AWS's own."""
    for number, store in enumerate(subject.each("artifact_store"), start=1):
        shown = subject.get(*store, "region") or f"number {number}"
        keys = list(subject.each(*store, "encryption_key"))
        if not keys:
            yield f"the artifact store {shown} has no key"
        for key in keys:
            if any(map(_is_of_aws, subject.named(*key, "id", types=_KEYS))):
                yield f"the artifact store {shown} has AWS's own key"


def _is_of_aws(key: Subject | str) -> bool:
    return isinstance(key, str) and "alias/aws/" in key
