"""Build the functions' zips, byte for byte the same on every machine.

``python lambda_src/package.py [--output dist]`` writes one zip per function and ``release.json``,
which names each with its digest: hexadecimal for people and signing, base64 for Lambda's
``source_code_hash``. Images are built elsewhere: under ``images`` the release names each service
with a digest of its sources, Dockerfile and lock file, and says that it isn't built. Whoever pushes
the images writes the registry's digests there.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any, TypedDict

SOURCE = Path(__file__).resolve().parent
SERVICES_SOURCE = SOURCE.parent / "ecs_src"
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
"""What is packed for each function: the packages beside this file."""

IMAGES: dict[str, tuple[str, ...]] = {
    "fraud_detection": ("payment_core",),
    "merchant_dashboard": (
        "payment_core",
        "api_functions",
        "transaction_gateway",
        "dashboard_projector",
    ),
}
"""What goes into each service's image besides its own package: packages beside this file."""

NOT_BUILT = "images not built"
_NOT_SOURCES = ("__pycache__", ".pyc")

_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_READABLE_BY_ALL = 0o100644 << 16
_UNIX = 3


class Artifact(TypedDict):
    """One built zip, as ``release.json`` lists it."""

    file: str
    sha256: str
    sha256_base64: str
    size_bytes: int


class Image(TypedDict):
    """One service's image, as ``release.json`` lists it."""

    digest: str
    status: str


def build(output: Path) -> dict[str, Any]:
    """Write every zip and ``release.json`` into the folder ``output``; return the release.

    It holds an ``Artifact`` by each function's name, and under ``images`` an ``Image`` by each
    service's. Raises ``FileNotFoundError`` when a package to pack is missing.
    """
    output.mkdir(parents=True, exist_ok=True)
    release: dict[str, Any] = {
        name: _pack(output / f"{name}.zip", packages) for name, packages in FUNCTIONS.items()
    }
    release["images"] = {
        name: Image(digest=_digest_of_sources(name, packages), status=NOT_BUILT)
        for name, packages in IMAGES.items()
    }
    manifest = json.dumps(release, indent=2, sort_keys=True) + "\n"
    (output / "release.json").write_text(manifest, encoding="utf-8")
    return release


def _pack(target: Path, packages: tuple[str, ...]) -> Artifact:
    # Stored, not deflated: compressed bytes differ between zlib builds, and Python sources are
    # small beside Lambda's limits.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(_modules(packages)):
            entry = zipfile.ZipInfo(path.relative_to(SOURCE).as_posix(), _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE_READABLE_BY_ALL
            archive.writestr(entry, path.read_bytes())
    content = target.read_bytes()
    digest = hashlib.sha256(content)
    return Artifact(
        file=target.name,
        sha256=digest.hexdigest(),
        sha256_base64=base64.b64encode(digest.digest()).decode(),
        size_bytes=len(content),
    )


def _digest_of_sources(service: str, packages: tuple[str, ...]) -> str:
    folders = [SERVICES_SOURCE / service, *(SOURCE / name for name in packages)]
    _check(folders)
    lock = SOURCE.parent / f"requirements-{service.replace('_', '-')}.lock"
    files = [(lock.name, lock)]
    for folder in folders:
        files += [
            (path.relative_to(folder.parent).as_posix(), path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not any(part in path.as_posix() for part in _NOT_SOURCES)
        ]
    digest = hashlib.sha256()
    for name, path in files:
        content = path.read_bytes()
        # With lengths, so that no two sets of files are the same bytes.
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"sha256:{digest.hexdigest()}"


def _modules(packages: tuple[str, ...]) -> list[Path]:
    _check([SOURCE / name for name in packages])
    return [path for name in packages for path in (SOURCE / name).rglob("*.py")]


def _check(folders: list[Path]) -> None:
    missing = [folder for folder in folders if not (folder / "__init__.py").is_file()]
    if missing:
        names = ", ".join(folder.name for folder in missing)
        raise FileNotFoundError(f"no package {names} in {missing[0].parent}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(description="Build the functions' zips and release.json.")
    parser.add_argument(
        "--output",
        type=Path,
        default=SOURCE.parent / "dist",
        help="folder to write into (default: dist beside lambda_src)",
    )
    output: Path = parser.parse_args(arguments).output
    release = build(output)
    for name in FUNCTIONS:
        artifact = release[name]
        sys.stdout.write(
            f"{name}: {output / artifact['file']}, "
            f"{artifact['size_bytes']:,} bytes, sha256 {artifact['sha256']}\n"
        )
    for name, image in release["images"].items():
        sys.stdout.write(f"{name}: {image['status']}, sources {image['digest']}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
