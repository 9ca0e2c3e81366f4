"""Chooses where the AWS provider is installed from, without copying its 700 megabytes.

Tried in this order: what is set explicitly, the user's own CLI configuration, the mirrors that
Terraform implies, conventional add-on directories, and the public registry with a plugin cache.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.terraform.errors import DiscoveryError
from harness.terraform.mirrors import (
    PROVIDER,
    Mirror,
    Surroundings,
    UnusableError,
    UserConfig,
    inspect,
    places,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = "HARNESS_PROVIDER_MIRROR"
"""Environment variable: the directory of a filesystem mirror, or the word `registry`."""

REGISTRY = "registry"

ADVICE = (
    f"Set {SETTING} to a directory that holds {PROVIDER}/VERSION/PLATFORM/; on a machine with "
    "network access, `terraform providers mirror DIRECTORY` makes one."
)


@dataclass(frozen=True)
class Rejected:
    """A place that was looked at and can't serve, with the reason."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"  - {self.place}: {self.reason}"


@dataclass(frozen=True)
class ProviderSource:
    """Where `terraform init` gets hashicorp/aws."""

    kind: Literal["mirror", "cli-config", "registry"]
    location: Path
    """The mirror, the user's configuration file, or the plugin cache of the registry."""
    origin: str
    versions: tuple[str, ...] = ()
    """Usable versions that were seen; empty where only Terraform can tell."""
    providers: tuple[str, ...] = ()
    """Every provider that the mirror holds; the others come from the registry."""
    rejected: tuple[Rejected, ...] = ()

    @classmethod
    def from_mirror(
        cls, mirror: Mirror, origin: str, rejected: tuple[Rejected, ...] = ()
    ) -> ProviderSource:
        """Take the provider from a directory that was inspected."""
        return cls("mirror", mirror.path, origin, mirror.versions, mirror.providers, rejected)

    def write_cli_config(self, workdir: Path) -> Path:
        """Write the CLI configuration of a run into `workdir` and return its path."""
        if self.kind == "cli-config":
            return self.location
        path = workdir / "terraform.tfrc"
        path.write_text(self._mirror() if self.kind == "mirror" else self._registry())
        return path

    def _mirror(self) -> str:
        held = json.dumps(self.providers)
        return (
            "provider_installation {\n"
            "  filesystem_mirror {\n"
            f"    path    = {json.dumps(str(self.location))}\n"
            f"    include = {held}\n"
            "  }\n"
            "  direct {\n"
            f"    exclude = {held}\n"
            "  }\n"
            "}\n"
        )

    def _registry(self) -> str:
        self.location.mkdir(parents=True, exist_ok=True)
        return (
            f"plugin_cache_dir = {json.dumps(str(self.location))}\n"
            "plugin_cache_may_break_dependency_lock_file = true\n"
        )

    @contextlib.contextmanager
    def exclusively(self) -> Iterator[None]:
        """Hold off other runs: Terraform's plugin cache breaks under two installations at once."""
        if self.kind != "registry":
            yield
            return
        with (self.location / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def explain(self) -> str:
        """Say why the provider was to come from here, and how to choose another place."""
        looked = "\n".join(map(str, self.rejected)) or "  - nowhere else"
        return (
            f"The AWS provider was to come from {self.origin} ({self.location}).\n"
            f"Before that it was looked for in:\n{looked}\n{ADVICE}"
        )


def find_providers(
    platform: str, explicit: Path | None = None, surroundings: Surroundings | None = None
) -> ProviderSource:
    """Return the first usable source of hashicorp/aws for `platform` (such as `linux_amd64`).

    Raises:
        DiscoveryError: what was set explicitly can't be used; says why.
    """
    surroundings = surroundings or Surroundings.real()
    setting = surroundings.environ.get(SETTING, "").strip()
    if explicit is not None:
        return _explicit(explicit, "the argument plugin_dir", platform)
    if setting and setting != REGISTRY:
        return _explicit(Path(setting), SETTING, platform)
    rejected: list[Rejected] = []
    if not setting:
        found = next(_search(surroundings, platform, rejected), None)
        if found is not None:
            return found
    return ProviderSource(
        "registry", surroundings.plugin_cache, "the public registry", rejected=tuple(rejected)
    )


def _explicit(path: Path, origin: str, platform: str) -> ProviderSource:
    try:
        return ProviderSource.from_mirror(inspect(path, platform), origin)
    except UnusableError as error:
        raise DiscoveryError(
            f"{origin} names {path}, which can't provide hashicorp/aws: {error}.\n{ADVICE}"
        ) from None


def _search(
    surroundings: Surroundings, platform: str, rejected: list[Rejected]
) -> Iterator[ProviderSource]:
    """Yield the usable sources in order of preference; note the others in `rejected`."""
    config = UserConfig.read(surroundings)
    origin = "your Terraform CLI configuration"
    try:
        versions = config.usable_versions(platform)
        yield ProviderSource("cli-config", config.path, origin, versions, rejected=tuple(rejected))
    except UnusableError as error:
        rejected.append(Rejected(f"{origin} ({config.path})", str(error)))
    for origin, path in places(surroundings):
        try:
            mirror = inspect(path, platform)
            yield ProviderSource.from_mirror(mirror, origin, tuple(rejected))
        except UnusableError as error:
            rejected.append(Rejected(f"{origin} ({path})", str(error)))
