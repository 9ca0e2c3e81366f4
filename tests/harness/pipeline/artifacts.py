"""Artifacts: zips in the pipeline's store, as CodePipeline and CodeBuild hand them on."""

from __future__ import annotations

import io
import secrets
import stat
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.aws.pipelines import Artifact
from harness.pipeline.errors import ActionFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import boto3

    from harness.pipeline.buildspec import Output
    from harness.pipeline.deployed import Pipeline

_EPOCH = (1980, 1, 1, 0, 0, 0)
_PIPELINE_CHARACTERS, _ARTIFACT_CHARACTERS = 20, 10


def pack(base: Path, paths: Iterable[Path], *, flat: bool = False) -> bytes:
    """Zip files below `base` with their modes; symbolic links stay links.

    Args:
        base: what names in the zip are relative to.
        paths: the files.
        flat: leave directories out of the names.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(paths):
            name = path.name if flat else path.relative_to(base).as_posix()
            status = path.lstat()
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = status.st_mode << 16
            linked = stat.S_ISLNK(status.st_mode)
            archive.writestr(entry, str(path.readlink()) if linked else path.read_bytes())
    return buffer.getvalue()


def unpack(content: bytes, directory: Path) -> None:
    """Unzip into `directory`, with modes and links."""
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            mode = entry.external_attr >> 16
            if stat.S_ISLNK(mode):
                target = directory / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(archive.read(entry).decode())
                continue
            made = Path(archive.extract(entry, directory))
            if mode and not entry.is_dir():
                made.chmod(stat.S_IMODE(mode))


def chosen(source: Path, output: Output) -> bytes:
    """Zip what a buildspec calls an artifact.

    Raises:
        ActionFailedError: nothing matches, as CodeBuild says it.
    """
    base = (source / output.base_directory).resolve()
    found = {path for pattern in output.files for path in _matching(base, pattern)}
    kept = [path for path in found if not _excluded(path.relative_to(base), output.exclude_paths)]
    if not kept:
        raise ActionFailedError(
            f"no matching artifact paths found: {', '.join(output.files)} below "
            f"{output.base_directory}",
            code="CLIENT_ERROR",
        )
    return pack(base, kept, flat=output.discard_paths)


def _matching(base: Path, pattern: str) -> Iterator[Path]:
    for path in base.glob(pattern):
        # "**/*" is everything below, and a directory's name its files.
        inside = path.rglob("*") if path.is_dir() and not pattern.endswith("**/*") else (path,)
        yield from (each for each in inside if each.is_file() or each.is_symlink())


def _excluded(path: Path, patterns: Iterable[str]) -> bool:
    return any(fnmatch(path.as_posix(), pattern) for pattern in patterns)


def put(session: boto3.Session, pipeline: Pipeline, name: str, content: bytes) -> Artifact:
    """Write an artifact into the store, encrypted with its key."""
    folder = pipeline.name[:_PIPELINE_CHARACTERS]
    key = f"{folder}/{name[:_ARTIFACT_CHARACTERS]}/{secrets.token_hex(4)[:7]}"
    encryption: Mapping[str, Any] = {"ServerSideEncryption": "aws:kms"}
    if pipeline.encryption_key:
        encryption = {**encryption, "SSEKMSKeyId": pipeline.encryption_key}
    session.client("s3").put_object(
        Bucket=pipeline.bucket,
        Key=key,
        Body=content,
        ChecksumAlgorithm="SHA256",
        **encryption,
    )
    return Artifact(name, pipeline.bucket, key)


def get(session: boto3.Session, artifact: Artifact) -> bytes:
    """Read an artifact from the store."""
    found = session.client("s3").get_object(Bucket=artifact.bucket, Key=artifact.key)
    return bytes(found["Body"].read())
