"""Lets the pipeline run Terraform with the harness's warm providers: seconds for minutes."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.terraform import installation
from promotion.terraform import Root

if TYPE_CHECKING:
    import pytest

    from harness.terraform.warm import WarmProviders

_WITH_PROVIDER = ("apply", "plan", "show")


def attach(patch: pytest.MonkeyPatch, warm: WarmProviders) -> None:
    """Attach each command that needs a provider to a warm one; what is run stays the same."""
    run = Root._run

    def attached(root: Root, *arguments: str, quiet: bool = False) -> tuple[int, str]:
        data = root.directory / ".terraform"
        binary = installation.installed(root.directory, data)
        if arguments[0] not in _WITH_PROVIDER or binary is None:
            return run(root, *arguments, quiet=quiet)
        environment = {**os.environ, **root.credentials}
        types = installation.Configuration(root.directory, data).types()
        with warm.lease(binary, root.directory, environment, types) as variables:
            warmed = replace(root, credentials={**root.credentials, **variables})
            return run(warmed, *arguments, quiet=quiet)

    patch.setattr(Root, "_run", attached)
