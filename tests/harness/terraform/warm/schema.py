"""What a provider says about its resources, cut down to the types that a configuration uses.

Terraform decodes a schema in each of its processes, and that of hashicorp/aws has five megabytes.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from harness.terraform.warm.messages import parse

if TYPE_CHECKING:
    from collections.abc import Collection

_BY_TYPE = ("resources", "data_sources", "ephemeral_resources", "list_resources", "actions")


class ProviderSchema:
    """The answer of a provider to GetSchema."""

    def __init__(self, whole: bytes) -> None:
        self.whole = whole
        self._trimmed: dict[frozenset[str], bytes] = {}

    def trimmed(self, types: Collection[str] | None) -> bytes:
        """Leave out all types but these; None keeps all."""
        if types is None:
            return self.whole
        wanted = frozenset(types)
        if wanted not in self._trimmed:
            self._trimmed[wanted] = _trim("ProviderSchema", _BY_TYPE, self.whole, wanted)
        return self._trimmed[wanted]

    def says_its_own_arn(self, resource_type: str) -> bool:
        """Whether `arn` of a resource is the provider's word, rather than somebody's input."""
        return any(
            item.name == "arn" and item.computed and not item.optional and not item.required
            for item in self._attributes("resources", resource_type)
        )

    def data_attributes(self, data_source: str) -> list[str]:
        """Names of a data source's attributes."""
        return [item.name for item in self._attributes("data_sources", data_source)]

    @cached_property
    def _entries(self) -> dict[tuple[str, str], bytes]:
        parsed = parse("ProviderSchema", self.whole)
        return {
            (kind, entry.key): entry.value
            for kind in ("resources", "data_sources")
            for entry in getattr(parsed, kind)
        }

    def _attributes(self, kind: str, name: str) -> list[Any]:
        return list(_block(self._entries.get((kind, name), b"")).attributes)


@cache
def _block(schema: bytes) -> Any:
    return parse("Schema", schema).block


def trim_identities(whole: bytes, types: Collection[str] | None) -> bytes:
    """Do to an answer to GetResourceIdentitySchemas what `trimmed` does to a schema."""
    if types is None:
        return whole
    return _trim("IdentitySchemas", ("resources",), whole, frozenset(types))


def _trim(message: str, maps: tuple[str, ...], whole: bytes, wanted: frozenset[str]) -> bytes:
    parsed = parse(message, whole)
    for name in maps:
        entries = getattr(parsed, name)
        kept = [entry for entry in entries if entry.key in wanted]
        del entries[:]
        entries.extend(kept)
    result: bytes = parsed.SerializeToString()
    return result
