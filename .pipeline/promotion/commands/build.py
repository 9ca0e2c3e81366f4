"""Build the release of this checkout: zips, configuration, bill of materials, release.json.

The same commit makes the same bytes on every machine. Nothing is signed; `sign` does that.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from promotion import bundle
from promotion.checkout import HERE, Checkout
from promotion.images import IMAGES

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--output", type=Path, default=HERE / "dist", help="folder to write into (%(default)s)"
    )
    parser.add_argument(
        "--checkout", type=Path, default=HERE, help="what to build, by default where this code is"
    )
    parser.add_argument(
        "--image",
        action="append",
        default=[],
        type=_image,
        metavar="SERVICE=DIGEST",
        help=f"an image in the registry; all or none of {', '.join(IMAGES)}",
    )
    parser.add_argument(
        "--allow-dirty",
        action="store_true",
        help="also build what isn't committed, which can't be signed",
    )


def run(options: Namespace) -> int:
    """Build it; returns the exit status."""
    release = bundle.build(
        options.output,
        checkout=Checkout(options.checkout.resolve()),
        built_images=dict(options.image),
        allow_dirty=options.allow_dirty,
        on_file=lambda name, size: print(f"{name}: {size:,} bytes"),
    )
    for name, image in release.manifest["images"].items():
        print(f"{name}: {image['status']}, {image['digest']}")
    print(f"release {release.version} of commit {release.commit} in {release.directory}")
    print(f"digest {release.digest}")
    return 0


def _image(text: str) -> tuple[str, str]:
    name, separator, digest = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text} has no =, as in service=sha256:...")
    return name, digest
