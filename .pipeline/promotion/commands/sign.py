"""Sign a release with a key of KMS: the signature is written beside release.json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promotion import bundle
from promotion.signing import KEY_ALIAS, KmsKey

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("directory", type=Path, help="the release's folder")
    parser.add_argument("--key", default=KEY_ALIAS, help="id, ARN or alias (%(default)s)")


def run(options: Namespace) -> int:
    """Sign it; returns the exit status."""
    key = KmsKey(options.key)
    release = bundle.sign(options.directory, key)
    print(f"release {release.digest} is signed by {options.key}, fingerprint {key.fingerprint}")
    return 0
