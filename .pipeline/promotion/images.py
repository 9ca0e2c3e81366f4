"""The services' images, which are built elsewhere: a release names them by digest."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, TypedDict

from promotion import functions
from promotion.errors import BrokenInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promotion.checkout import Checkout

SOURCE = "ecs_src"
IMAGES: dict[str, tuple[str, ...]] = {
    "fraud_detection": ("payment_core",),
    "merchant_dashboard": (
        "payment_core",
        "api_functions",
        "transaction_gateway",
        "dashboard_projector",
    ),
}
"""What goes into each service's image besides its own package: packages of ``lambda_src``."""

BUILT, NOT_BUILT = "in the registry", "images not built"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Image(TypedDict):
    """One service's image, as ``release.json`` lists it."""

    digest: str
    status: str


def listed(checkout: Checkout, built: Mapping[str, str]) -> dict[str, Image]:
    """List the images: by the registry's digests, or by digests of their sources.

    Args:
        checkout: where the sources are.
        built: the registry's digest of each service's image; empty where none was built.

    Raises:
        BrokenInputError: some images were built and others not, or a digest is none.
    """
    if not built:
        return {
            name: Image(digest=_of_sources(checkout, name), status=NOT_BUILT) for name in IMAGES
        }
    if set(built) != set(IMAGES):
        raise BrokenInputError(
            f"a release has all images or none: digests of {', '.join(sorted(built))} were given, "
            f"it takes {', '.join(IMAGES)}"
        )
    if wrong := [digest for digest in built.values() if not _DIGEST.fullmatch(digest)]:
        raise BrokenInputError(
            f"{wrong[0]!r} is no digest of a registry: give sha256: and 64 hexadecimal digits"
        )
    return {name: Image(digest=built[name], status=BUILT) for name in IMAGES}


def lock_of(service: str) -> str:
    """Name the lock file of what a service's image holds."""
    return f"requirements-{service.replace('_', '-')}.lock"


def _of_sources(checkout: Checkout, service: str) -> str:
    files = [
        *functions.package_files(checkout, SOURCE, [service]),
        *functions.package_files(checkout, functions.SOURCE, IMAGES[service]),
    ]
    contents = {lock_of(service): checkout.read(lock_of(service))}
    contents |= {path.as_posix(): checkout.read(path) for path in files}
    digest = hashlib.sha256()
    for name, content in contents.items():
        # With lengths, so that no two sets of files are the same bytes.
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"sha256:{digest.hexdigest()}"
