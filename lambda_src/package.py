"""Build the functions' zips, byte for byte the same on every machine.

``python lambda_src/package.py [--output dist]`` writes one zip per function and ``release.json``,
which names each with its digest: hexadecimal for people and signing, base64 for Lambda's
``source_code_hash``.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import TypedDict

SOURCE = Path(__file__).resolve().parent
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "transaction_gateway": ("payment_core", "api_functions", "transaction_gateway"),
}
"""What is packed for each function: the packages beside this file."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_READABLE_BY_ALL = 0o100644 << 16
_UNIX = 3


class Artifact(TypedDict):
    """One built zip, as ``release.json`` lists it."""

    file: str
    sha256: str
    sha256_base64: str
    size_bytes: int


def build(output: Path) -> dict[str, Artifact]:
    """Write every zip and ``release.json`` into the folder ``output``; return the release.

    Raises ``FileNotFoundError`` when a package to pack is missing.
    """
    output.mkdir(parents=True, exist_ok=True)
    release = {
        name: _pack(output / f"{name}.zip", packages) for name, packages in FUNCTIONS.items()
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


def _modules(packages: tuple[str, ...]) -> list[Path]:
    missing = [name for name in packages if not (SOURCE / name / "__init__.py").is_file()]
    if missing:
        raise FileNotFoundError(f"no package {', '.join(missing)} in {SOURCE}")
    return [path for name in packages for path in (SOURCE / name).rglob("*.py")]


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
    for name, artifact in build(output).items():
        sys.stdout.write(
            f"{name}: {output / artifact['file']}, "
            f"{artifact['size_bytes']:,} bytes, sha256 {artifact['sha256']}\n"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
