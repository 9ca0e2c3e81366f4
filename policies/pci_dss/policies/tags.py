"""Tags that tell what is in scope, what it holds, and whose it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pci_dss.policy import ANY, policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

_ASKED = {
    "scope": "whether it is in scope",
    "data": "which data it holds",
    "owner": "whose it is",
}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def _is_tagged_by_plan(subject: Subject) -> bool:
    """Leave out what takes no tags, and files: what the provider adds is known of plans only."""
    return "tags_all" in {*subject.instance.values, *subject.instance.unknown}


@policy(
    "PCI_40",
    "Tags tell scope, data and owner",
    requirements=("12.5.1",),
    types=(ANY,),
    fix="Tag everything, best by default_tags of the provider: scope, data and owner.",
    applies=_is_tagged_by_plan,
)
def scope_is_told(subject: Subject) -> Iterator[str]:
    """Fail on what an inventory of the scope can't be made from."""
    tags = subject.get("tags_all", default={})
    told = {word.lower() for key, value in tags.items() if value for word in _WORDS.findall(key)}
    for word, what in _ASKED.items():
        if word not in told:
            yield f"no tag {word} tells {what}"
