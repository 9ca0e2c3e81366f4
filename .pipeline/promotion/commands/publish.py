"""Keep a signed release in the artifact store, for later stages and for going back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promotion import bundle, exported, releases
from promotion.settings import required
from promotion.signing import KmsKey
from promotion.store import Store

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("directory", type=Path, help="the release's folder")
    parser.add_argument("--variables", type=Path, metavar="FILE", help="for later stages")


def run(options: Namespace) -> int:
    """Publish; returns the exit status."""
    release = bundle.verify(options.directory, KmsKey(required("RELEASE_KEY")))
    store = Store.of_environment()
    key = releases.publish(store, release)
    if options.variables:
        exported.write(
            options.variables, RELEASE_DIGEST=release.digest, RELEASE_VERSION=release.version
        )
    print(store.address(key))
    return 0
