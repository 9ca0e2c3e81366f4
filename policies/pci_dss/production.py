"""Whether a resource is production's.

What never holds a real card number may be kept shorter and is torn down. What doesn't say, by a tag
or else by its name, that it is another environment's counts as production's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pci_dss.subject import UndecidedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pci_dss.subject import Subject

_TAGS = {"environment", "env", "stage"}
_OTHER = "dev|development|qa|sandbox|staging|uat|non-?prod(?:uction)?|pre-?prod(?:uction)?"
# In a name these say what something does, in a tag where it is.
_OTHER_TAG = f"{_OTHER}|demo|integration|stage|test"
_PRODUCTION = "live|prd|prod(?:uction)?"


def is_production(subject: Subject) -> bool:
    """Whether a resource's tags, or else its name, leave it to production.

    Raises:
        UndecidedError: its tags aren't known.
    """
    for value in _environments(subject):
        if _says(_OTHER_TAG, value):
            return False
        if _says(_PRODUCTION, value):
            return True
    return all(map(names_production, _names(subject)))


def names_production(name: str) -> bool:
    """Whether a name leaves what it names to production."""
    return not _says(_OTHER, name)


def _says(words: str, text: str) -> bool:
    return re.search(rf"(?<![a-z])(?:{words})(?![a-z])", text.lower()) is not None


def _environments(subject: Subject) -> Iterator[str]:
    for attribute in ("tags", "tags_all"):
        for key, value in subject.get(attribute, default={}).items():
            if key.lower() in _TAGS:
                yield str(value)


def _names(subject: Subject) -> Iterator[str]:
    for attribute in ("name", "bucket"):
        try:
            yield str(subject.get(attribute, default=""))
        except UndecidedError:
            continue  # most names are no telling ones anyway
