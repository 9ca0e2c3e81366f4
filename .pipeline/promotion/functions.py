"""The functions' zips, byte for byte the same on every machine."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, TypedDict

from promotion.errors import BrokenInputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from promotion.checkout import Checkout

SOURCE = "lambda_src"
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "dashboard_projector": (
        "payment_core",
        "api_functions",
        "transaction_gateway",
        "dashboard_projector",
    ),
    "event_publisher": ("payment_core", "api_functions", "transaction_gateway", "event_publisher"),
    "log_review": ("payment_core", "api_functions", "log_review"),
    "tokenizer": ("payment_core", "api_functions", "tokenizer"),
    "transaction_gateway": ("payment_core", "api_functions", "transaction_gateway"),
    "webhook_sender": ("payment_core", "api_functions", "webhook_sender"),
}
"""What is packed for each function: packages of ``lambda_src``."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_READABLE_BY_ALL = 0o100644 << 16
_UNIX = 3


class Artifact(TypedDict):
    """One built zip, as ``release.json`` lists it."""

    file: str
    sha256: str
    sha256_base64: str
    size_bytes: int


def packed(checkout: Checkout, packages: Sequence[str]) -> bytes:
    """Pack a function's packages into a zip.

    Raises:
        BrokenInputError: the checkout lacks one.
    """
    content = io.BytesIO()
    # Stored, not deflated: compressed bytes differ between zlib builds, and Python sources are
    # small beside Lambda's limits.
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in package_files(checkout, SOURCE, packages):
            if path.suffix != ".py":
                continue
            entry = zipfile.ZipInfo(path.relative_to(SOURCE).as_posix(), _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE_READABLE_BY_ALL
            archive.writestr(entry, checkout.read(path))
    return content.getvalue()


def artifact(name: str, content: bytes) -> Artifact:
    """Describe a function's zip."""
    digest = hashlib.sha256(content)
    return Artifact(
        file=f"{name}.zip",
        sha256=digest.hexdigest(),
        sha256_base64=base64.b64encode(digest.digest()).decode(),
        size_bytes=len(content),
    )


def package_files(checkout: Checkout, source: str, packages: Sequence[str]) -> list[PurePosixPath]:
    """Name the files of packages in a folder of sources.

    Raises:
        BrokenInputError: one of them is no package.
    """
    missing = [
        name for name in packages if not (checkout.root / source / name / "__init__.py").is_file()
    ]
    if missing:
        raise BrokenInputError(f"{checkout.root / source} has no package {', '.join(missing)}")
    return [
        name
        for name in checkout.files(*(f"{source}/{name}" for name in packages))
        if name.suffix != ".pyc"
    ]
