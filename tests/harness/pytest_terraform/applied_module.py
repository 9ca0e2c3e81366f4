"""What a test is handed of an applied folder: its resources and outputs, looked up by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jmespath  # type: ignore[import-untyped]

from harness.terraform import SENSITIVE
from harness.terraform.plan import mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.terraform import Root

Resources = dict[str, dict[str, dict[str, Any]]]
"""Attributes by resource type and name."""


class AppliedModule:
    """An applied folder, or the record of one.

    Attributes:
        resources: attributes by resource type and name. Of several instances the first is kept,
            and of several modules' resources of one type and name that of the outermost.
        outputs: as in the state: the value of each is under `value`.
        terraform: the root to plan or apply again; None for a record.
    """

    def __init__(
        self,
        resources: Resources,
        outputs: Mapping[str, Mapping[str, Any]],
        terraform: Root | None = None,
    ) -> None:
        self.resources = resources
        self.outputs = outputs
        self.terraform = terraform

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], terraform: Root | None = None, *, masked: bool = False
    ) -> AppliedModule:
        """Read `terraform show -json`; `masked` leaves out what Terraform marks as sensitive."""
        values = state.get("values", {})
        resources: Resources = {}
        for item in _resources(values.get("root_module", {})):
            attributes = item["values"]
            if masked:
                attributes = mask(attributes, item.get("sensitive_values"))
            resources.setdefault(item["type"], {}).setdefault(item["name"], attributes)
        outputs = {
            name: {**output, "value": SENSITIVE} if masked and output.get("sensitive") else output
            for name, output in values.get("outputs", {}).items()
        }
        return cls(resources, outputs, terraform)

    @property
    def work_dir(self) -> str | None:
        """Where Terraform keeps what it writes; None for a record."""
        return str(self.terraform.workdir) if self.terraform else None

    def get(self, key: str, default: Any = None) -> Any:
        """Look up a resource or one of its attributes.

        Args:
            key: `type.name.attribute` or `name.attribute`, which may go on as a JMESPath
                expression; or a resource's name alone, which gives all its attributes, or just
                its id when it has no other.
            default: what to return for what isn't there, or is null.

        Raises:
            ValueError: resources of several types have this name.
        """
        named = self._named(key.partition(".")[0])
        if "." in key:
            found = jmespath.search(key, self.resources)
            if found is None and named is not None:
                found = jmespath.search(key.partition(".")[2], named)
        else:
            found = named["id"] if named is not None and set(named) == {"id"} else named
        return default if found is None else found

    def __getitem__(self, key: str) -> Any:
        found = self.get(key)
        if found is None:
            known = [f"{kind}.{name}" for kind, names in self.resources.items() for name in names]
            raise KeyError(
                f"nothing is at {key!r}, or null; the resources are: "
                f"{', '.join(sorted(known)) or 'none'}"
            )
        return found

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(sorted(self.resources)) or 'nothing'}>"

    def _named(self, name: str) -> dict[str, Any] | None:
        kinds = [kind for kind, names in self.resources.items() if name in names]
        if len(kinds) > 1:
            raise ValueError(
                f"{name!r} names resources of several types ({', '.join(kinds)}): "
                "put the type before the name"
            )
        return self.resources[kinds[0]][name] if kinds else None


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a module's resources before its children's, and managed ones before data sources."""
    yield from sorted(module.get("resources", ()), key=lambda item: item["mode"] != "managed")
    for child in module.get("child_modules", ()):
        yield from _resources(child)
