"""How a configuration is run, apart from its variables."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Options:
    """The account, region and providers of a run, and files to put beside its configuration."""

    account_id: str = "555555555555"
    region: str | None = None
    """None is the region of the embedded AWS."""
    providers: Mapping[str, Mapping[str, Any]] | None = None
    """Configurations of the AWS provider by alias, `""` being the default one."""
    files: Mapping[str, str] | None = None
    """Texts by name; the configuration sees them as if they lay in its directory."""

    @property
    def key(self) -> str:
        """The same text for the same options."""
        return json.dumps(asdict(self), sort_keys=True)

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return the AWS variables of an account, moved to the region of these options."""
        if self.region is None:
            return dict(variables)
        return {**variables, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
