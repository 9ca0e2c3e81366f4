"""Runs Terraform roots and single modules: init, plan, apply, destroy and outputs as Python.

terraform = Terraform.discover()
root = terraform.root(Path("environments/dev"), workdir=tmp, environment=aws.environment())
root.init()
root.apply()
assert root.plan().is_empty
root.destroy()
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.terraform.errors import DiscoveryError
from harness.terraform.executable import TerraformCli, find_cli
from harness.terraform.providers import ProviderSource, find_providers
from harness.terraform.root import Root
from harness.terraform.warm import WarmProviders, shared

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MODE = "HARNESS_TERRAFORM_PROVIDERS"
"""Environment variable: `warm` or `stock`."""

WARM, STOCK = "warm", "stock"


@dataclass(frozen=True)
class Terraform:
    """A Terraform and a source of the AWS provider."""

    cli: TerraformCli
    providers: ProviderSource
    warm: WarmProviders | None = None
    """Where roots on the embedded AWS get their providers; None launches them as Terraform does."""

    @classmethod
    def discover(cls, plugin_dir: Path | None = None, *, mode: str | None = None) -> Terraform:
        """Find both on this machine; `python -m harness.terraform` prints what this finds.

        Args:
            plugin_dir: a mirror to take the provider from.
            mode: `warm` or `stock`; by default what HARNESS_TERRAFORM_PROVIDERS says, or warm.

        Raises:
            DiscoveryError: nothing usable was found; says where it looked and what to set.
        """
        cli = find_cli()
        providers = find_providers(cli.platform, plugin_dir)
        chosen = mode or os.environ.get(MODE, "").strip() or WARM
        if chosen not in (WARM, STOCK):
            raise DiscoveryError(f"{MODE} is {chosen!r}; it can be {WARM!r} or {STOCK!r}")
        return cls(cli, providers, shared() if chosen == WARM else None)

    def __str__(self) -> str:
        versions = " or ".join(self.providers.versions) or "as Terraform chooses"
        mode = WARM if self.warm else STOCK
        return f"{self.cli.version} with hashicorp/aws {versions}, {mode} providers"

    def root(
        self,
        directory: Path,
        *,
        workdir: Path,
        environment: Mapping[str, str],
        variables: Mapping[str, Any] | None = None,
        files: Mapping[str, str] | None = None,
        parallelism: int = 10,
        timeout_seconds: float = 900,
        grace_seconds: float = 60,
    ) -> Root:
        """Prepare to run the root module in `directory`, writing to `workdir` alone.

        `environment` holds the credentials and, for the embedded AWS, its address: no `AWS_*` or
        `TF_*` variable of this process reaches Terraform, so no run touches an account by accident.
        `files` are put beside the configuration, by name; the directory itself stays as it is.

        Raises:
            FileNotFoundError: `directory` holds no Terraform files.
            ValueError: a variable is given that the root doesn't declare.
        """
        return Root(
            self.cli,
            self.providers,
            directory,
            workdir=workdir,
            environment=environment,
            variables=variables,
            extra_files=files,
            warm=self.warm,
            parallelism=parallelism,
            timeout_seconds=timeout_seconds,
            grace_seconds=grace_seconds,
        )

    def module(
        self,
        path: Path,
        *,
        workdir: Path,
        environment: Mapping[str, str],
        variables: Mapping[str, Any] | None = None,
        providers: Mapping[str, Mapping[str, Any]] | None = None,
        files: Mapping[str, str] | None = None,
        parallelism: int = 10,
        timeout_seconds: float = 900,
        grace_seconds: float = 60,
    ) -> Root:
        """Prepare to run a single module as a root, so that its addresses carry no prefix.

        `providers` configures the AWS provider by alias, `""` being the default one, for a module
        that declares `configuration_aliases`. The rest is as for `root`.
        """
        return Root(
            self.cli,
            self.providers,
            path,
            workdir=workdir,
            environment=environment,
            variables=variables,
            extra_files={
                **(files or {}),
                **({"providers.tf.json": _provider_blocks(providers)} if providers else {}),
            },
            warm=self.warm,
            parallelism=parallelism,
            timeout_seconds=timeout_seconds,
            grace_seconds=grace_seconds,
        )


def _provider_blocks(providers: Mapping[str, Mapping[str, Any]]) -> str:
    blocks = [
        {**({"alias": alias} if alias else {}), **configuration}
        for alias, configuration in providers.items()
    ]
    return json.dumps({"provider": {"aws": blocks}})
