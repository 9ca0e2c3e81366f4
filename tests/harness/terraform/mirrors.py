"""Looks at the directories and settings of a machine that may hold the AWS provider."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.terraform.executable import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOST = "registry.terraform.io"
PROVIDER = f"{HOST}/hashicorp/aws"
OLDEST, BELOW = (5, 100), (7,)
"""The range of provider versions that the modules admit."""

_ADD_ON_DIRECTORIES = (
    "opt/*",
    "opt/*/*",
    "usr/local/share/terraform*",
    "usr/local/share/terraform*/*",
    "usr/share/terraform*",
    "usr/share/terraform*/*",
)
_COMMENT = re.compile(r"^\s*(#|//).*$", re.MULTILINE)
_FILESYSTEM_MIRROR = re.compile(r'filesystem_mirror\s*\{[^}]*?path\s*=\s*"([^"]+)"', re.DOTALL)
_OVERRIDE = re.compile(r'dev_overrides\s*\{[^}]*?hashicorp/aws"', re.DOTALL)
_CACHE_SETTING = re.compile(r'^\s*plugin_cache_dir\s*=\s*"([^"]+)"', re.MULTILINE)


class UnusableError(Exception):
    """A place that can't serve the provider; the message is the reason."""


@dataclass(frozen=True)
class Mirror:
    """A filesystem mirror that holds a usable AWS provider."""

    path: Path
    versions: tuple[str, ...]
    """Versions of hashicorp/aws within the range, for the platform asked for."""
    providers: tuple[str, ...]
    """Every provider that the mirror holds, such as `registry.terraform.io/hashicorp/aws`."""


@dataclass(frozen=True)
class Surroundings:
    """The machine as the search sees it; tests build others."""

    environ: Mapping[str, str]
    home: Path
    system: Path = Path("/")

    @classmethod
    def real(cls) -> Surroundings:
        """The machine that this process runs on."""
        return cls(os.environ, Path.home())

    @property
    def plugin_cache(self) -> Path:
        """Where providers that came from the registry are kept between runs."""
        named = self.environ.get("TF_PLUGIN_CACHE_DIR") or UserConfig.read(self).plugin_cache
        if named:
            return Path(named)
        base = self.environ.get("XDG_CACHE_HOME") or self.home / ".cache"
        return Path(base) / "terraform-plugins"


@dataclass(frozen=True)
class UserConfig:
    """What the user's own Terraform CLI configuration says about providers."""

    path: Path
    text: str

    @classmethod
    def read(cls, surroundings: Surroundings) -> UserConfig:
        """Read the file that Terraform would; one that is missing counts as empty."""
        setting = surroundings.environ.get("TF_CLI_CONFIG_FILE")
        path = Path(setting) if setting else surroundings.home / ".terraformrc"
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        return cls(path, _COMMENT.sub("", text))

    @property
    def plugin_cache(self) -> str:
        """The plugin cache directory that it names, or an empty string."""
        found = _CACHE_SETTING.search(self.text)
        return os.path.expandvars(found[1]) if found else ""

    def usable_versions(self, platform: str) -> tuple[str, ...]:
        """Return the versions in its mirrors; none where only Terraform can tell.

        Raises:
            UnusableError: it doesn't say where providers are installed from, or no mirror serves.
        """
        if not self.path.is_file():
            raise UnusableError("there is no such file")
        if "provider_installation" not in self.text:
            raise UnusableError("it has no provider_installation block")
        if "network_mirror" in self.text or _OVERRIDE.search(self.text):
            return ()
        mirrors = _FILESYSTEM_MIRROR.findall(self.text)
        if not mirrors:
            raise UnusableError("it names no mirror")
        reasons = []
        for mirror in mirrors:
            try:
                return inspect(Path(mirror), platform).versions
            except UnusableError as error:
                reasons.append(f"{mirror}: {error}")
        raise UnusableError("; ".join(reasons))


def places(surroundings: Surroundings) -> Iterator[tuple[str, Path]]:
    """Yield what to call them and the directories where mirrors usually lie, likeliest first."""
    environ, home, system = surroundings.environ, surroundings.home, surroundings.system
    data_home = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    data_dirs = environ.get("XDG_DATA_DIRS")
    shared = (
        [Path(name) for name in data_dirs.split(os.pathsep) if name]
        if data_dirs
        else [system / "usr/local/share", system / "usr/share"]
    )
    implied = "a mirror that Terraform implies"
    yield implied, home / ".terraform.d/plugins"
    for base in (data_home, *shared):
        yield implied, base / "terraform/plugins"
    for base in (home, system):
        yield implied, base / "Library/Application Support/io.terraform/plugins"
    for pattern in _ADD_ON_DIRECTORIES:
        for holder in sorted(system.glob(f"{pattern}/{HOST}")):
            yield "an add-on directory", holder.parent
    yield "the plugin cache of earlier downloads", surroundings.plugin_cache


def inspect(path: Path, platform: str) -> Mirror:
    """Return what the mirror at `path` holds for `platform`, such as `linux_amd64`.

    Raises:
        UnusableError: it isn't there, or holds no hashicorp/aws that the modules could use.
    """
    root = path.parent if path.name == HOST else path
    if not root.is_dir():
        raise UnusableError("there is no such directory")
    holding = root / PROVIDER
    if not holding.is_dir():
        raise UnusableError(f"it holds no {PROVIDER}")
    present = sorted(set(_unpacked(holding)) | set(_packed(holding)))
    for_platform = [version for version, built_for in present if built_for == platform]
    if not for_platform:
        others = ", ".join(f"{version} for {name}" for version, name in present) or "nothing"
        raise UnusableError(f"it holds no hashicorp/aws for {platform}, but {others}")
    usable = sorted(filter(_in_range, for_platform), key=parse_version)
    if not usable:
        bounds = f">= {'.'.join(map(str, OLDEST))}, < {BELOW[0]}.0"
        raise UnusableError(
            f"it holds hashicorp/aws {', '.join(for_platform)}, outside the range {bounds}"
        )
    providers = tuple(sorted(str(kind.relative_to(root)) for kind in root.glob(f"{HOST}/*/*")))
    return Mirror(root.resolve(), tuple(usable), providers)


def _in_range(version: str) -> bool:
    return OLDEST <= parse_version(version) < BELOW


def _unpacked(holding: Path) -> Iterator[tuple[str, str]]:
    for program in holding.glob("*/*/terraform-provider-aws*"):
        if os.access(program, os.X_OK):
            yield program.parent.parent.name, program.parent.name


def _packed(holding: Path) -> Iterator[tuple[str, str]]:
    for archive in holding.glob("terraform-provider-aws_*.zip"):
        _, version, platform = archive.stem.split("_", 2)
        yield version, platform
