"""Verify a release: who signed it, and that every file is as it was signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promotion import bundle
from promotion.signing import KEY_ALIAS, KmsKey, PublicKey

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from promotion.signing import Verifier


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("directory", type=Path, help="the release's folder")
    trusted = parser.add_mutually_exclusive_group()
    trusted.add_argument(
        "--public-key", type=Path, metavar="FILE", help="the key in PEM, from elsewhere: offline"
    )
    trusted.add_argument(
        "--key", default=KEY_ALIAS, help="the key in KMS, which is asked (%(default)s)"
    )


def run(options: Namespace) -> int:
    """Verify it; returns the exit status."""
    key: Verifier = (
        PublicKey.read(options.public_key) if options.public_key else KmsKey(options.key)
    )
    release = bundle.verify(options.directory, key)
    print(f"release {release.version} of commit {release.commit} is as {key.fingerprint} signed it")
    print(f"digest {release.digest}")
    return 0
