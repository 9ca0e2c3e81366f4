"""Variables in the configuration of actions: `#{namespace.NAME}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.pipeline.errors import ActionFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")

Namespaces = dict[str, dict[str, str]]
"""Values by namespace and name: `codepipeline`, `variables`, and those that actions have."""


def references(text: str) -> list[tuple[str, str]]:
    """Return the namespaces and names that a text refers to."""
    return [(found[1], found[2]) for found in _REFERENCE.finditer(text)]


def resolve(text: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """Put values in the place of references.

    Raises:
        ActionFailedError: a reference leads nowhere, as CodePipeline says it.
    """

    def value(found: re.Match[str]) -> str:
        namespace, name = found.groups()
        if name not in known.get(namespace, {}):
            raise ActionFailedError(
                f"Unresolved variable: {found[0]}; known are "
                f"{', '.join(f'{n}.{v}' for n in known for v in known[n]) or 'none'}",
                code="InvalidVariable",
            )
        return known[namespace][name]

    return _REFERENCE.sub(value, text)


def resolve_all(
    configuration: Mapping[str, str], known: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Resolve every value of an action's or a rule's configuration."""
    return {name: resolve(value, known) for name, value in configuration.items()}
