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
# In the name of a thing these say what it does, in that of a place where it is.
_OTHER_PLACE = f"{_OTHER}|demo|integration|stage|test"
_PRODUCTION = "live|prd|prod(?:uction)?"


def is_production(subject: Subject) -> bool:
    """Whether a resource's tags, or else its name, leave it to production.

    Raises:
        UndecidedError: its tags aren't known.
    """
    for value in _environments(subject):
        if says_other(value):
            return False
        if says_production(value):
            return True
    return all(map(leaves_to_production, _names(subject)))


def leaves_to_production(name: str) -> bool:
    """Whether the name of a thing doesn't say that it is another environment's."""
    return not _says(_OTHER, name)


def says_other(environment: str) -> bool:
    """Whether the name of a place or stage says that it isn't production."""
    return _says(_OTHER_PLACE, environment)


def says_production(environment: str) -> bool:
    """Whether the name of a place or stage says that it is production."""
    return _says(_PRODUCTION, environment)


def _says(words: str, text: str) -> bool:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", text).lower()
    return re.search(rf"(?<![a-z])(?:{words})(?![a-z])", apart) is not None


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
