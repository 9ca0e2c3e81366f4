"""The release: everything that is promoted, in one folder that one manifest describes.

``release.json`` names every file of it with its hash. A release's digest is the SHA-256 of that
manifest, and signing the manifest signs all of it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypedDict, cast

from promotion import archives, functions, images, sbom, signing
from promotion.checkout import Checkout, is_committed
from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promotion.functions import Artifact
    from promotion.images import Image
    from promotion.signing import Verifier

MANIFEST = "release.json"
CONFIGURATION = "configuration.tar"
SBOM = "sbom.cdx.json"
SIGNATURE_FILES = frozenset({f"{MANIFEST}{signing.SIGNATURE}", f"{MANIFEST}{signing.PUBLIC_KEY}"})

_CONFIGURED_BY = ("environments", "modules")
_PAGES = ".md"
_OPENAPI = "openapi"
_ALREADY_BUILT: Mapping[str, str] = MappingProxyType({})


class Listed(TypedDict):
    """A file of the release, as ``release.json`` lists it."""

    file: str
    sha256: str
    size_bytes: int


class Configuration(Listed):
    """The archive of what Terraform reads, and the SHA-256 of each file in it."""

    files: dict[str, str]


class Manifest(TypedDict):
    """What ``release.json`` holds."""

    version: str
    commit: str
    author: str
    functions: dict[str, Artifact]
    images: dict[str, Image]
    openapi: dict[str, str]
    configuration: Configuration
    sbom: Listed


@dataclass(frozen=True)
class Release:
    """A release in a folder."""

    directory: Path
    digest: str
    """SHA-256 of its manifest, in hexadecimal."""
    manifest: Manifest

    @classmethod
    def read(cls, directory: Path) -> Release:
        """Read a release that nobody verified.

        Raises:
            BrokenInputError: there is none, or its manifest is of another form.
        """
        path = directory / MANIFEST
        try:
            content = path.read_bytes()
            manifest = json.loads(content)
        except OSError as error:
            raise BrokenInputError(
                f"there is no release in {directory}: build it with `make release`"
            ) from error
        except ValueError as error:
            raise BrokenInputError(f"{path} isn't JSON: build it with `make release`") from error
        if not isinstance(manifest, dict) or Manifest.__required_keys__ - set(manifest):
            raise BrokenInputError(f"{path} isn't of this form: build it with `make release`")
        return cls(directory, hashlib.sha256(content).hexdigest(), cast("Manifest", manifest))

    @property
    def version(self) -> str:
        """Its version."""
        return self.manifest["version"]

    @property
    def commit(self) -> str:
        """The commit that it was built from."""
        return self.manifest["commit"]

    @property
    def listed(self) -> dict[str, str]:
        """The files that the manifest lists, with their SHA-256."""
        others = (self.manifest["configuration"], self.manifest["sbom"])
        entries = [*self.manifest["functions"].values(), *others]
        return {entry["file"]: entry["sha256"] for entry in entries}

    def lay_out(self, target: Path) -> None:
        """Place what Terraform reads as in a checkout: configuration, and zips in ``dist``.

        Raises:
            BrokenInputError: the target isn't empty.
        """
        if target.exists() and any(target.iterdir()):
            raise BrokenInputError(f"{target} isn't empty: name a new folder")
        archives.extract((self.directory / CONFIGURATION).read_bytes(), target)
        (target / "dist").mkdir()
        for name in [MANIFEST, *self.listed]:
            shutil.copyfile(self.directory / name, target / "dist" / name)


def build(
    output: Path,
    *,
    checkout: Checkout | None = None,
    built_images: Mapping[str, str] = _ALREADY_BUILT,
    allow_dirty: bool = False,
    on_file: Callable[[str, int], None] = lambda _name, _size: None,
) -> Release:
    """Build the release of a checkout into a folder, in place of one that is there.

    The same commit makes the same bytes, whatever the machine, time and path.

    Args:
        output: the folder; it must be new, empty, or hold a release.
        checkout: what to build; the one that this code is of.
        built_images: digests of the services' images in their registry.
        allow_dirty: also build what isn't committed; such a release can't be signed.
        on_file: hears of each file and its size.

    Raises:
        Refused: the checkout isn't what was committed.
        BrokenInputError: the checkout isn't whole, or the folder is somebody else's.
    """
    checkout = checkout or Checkout()
    _check_is_ours(output)
    revision = checkout.revision(allow_dirty=allow_dirty)
    zips = {
        name: functions.packed(checkout, packages) for name, packages in functions.FUNCTIONS.items()
    }
    artifacts = {name: functions.artifact(name, content) for name, content in zips.items()}
    listed_images = images.listed(checkout, built_images)
    materials = sbom.document(checkout, revision, artifacts, listed_images)
    configuration = _configuration(checkout)
    packed = archives.tar(configuration)
    hashes = {name: _sha256(content) for name, content in sorted(configuration.items())}
    manifest = Manifest(
        version=revision.version,
        commit=revision.commit,
        author=revision.author,
        functions=artifacts,
        images=listed_images,
        openapi={name: digest for name, digest in hashes.items() if _is_contract(name)},
        configuration=Configuration(**_listed(CONFIGURATION, packed), files=hashes),
        sbom=_listed(SBOM, materials),
    )
    contents = {artifacts[name]["file"]: content for name, content in zips.items()}
    contents |= {CONFIGURATION: packed, SBOM: materials, MANIFEST: _as_json(manifest)}
    for name, content in contents.items():
        on_file(name, len(content))
    _replace(output, contents)
    return Release.read(output)


def verify(directory: Path, key: Verifier) -> Release:
    """Read a release and let it pass if the key signed it and every file is as listed.

    Raises:
        Refused: it isn't so; the rule says in which way.
        BrokenInputError: there is no release.
    """
    if not (directory / MANIFEST).is_file():
        raise BrokenInputError(f"there is no {MANIFEST} in {directory}: name a release's folder")
    signing.require(directory / MANIFEST, key, what="release")
    release = Release.read(directory)
    _check_files(release)
    return release


def sign(directory: Path, key: signing.KmsKey) -> Release:
    """Sign a release that is whole, and was built from a commit.

    Raises:
        Refused: it isn't so.
        BrokenInputError: there is no release.
    """
    release = Release.read(directory)
    _check_files(release)
    if not is_committed(release.commit):
        raise Refused(
            rule="release-not-committed",
            evidence=f"it was built from {release.commit}",
            fix="commit, and build it again without --allow-dirty",
            override="nobody",
        )
    key.sign(directory / MANIFEST)
    return release


def is_signed(release: Release) -> bool:
    """Tell whether there is a signature, good or not."""
    return (release.directory / f"{MANIFEST}{signing.SIGNATURE}").is_file()


def packed(release: Release) -> bytes:
    """Pack a release into one archive, with its signature if it has one."""
    names = {MANIFEST, *release.listed, *SIGNATURE_FILES}
    return archives.tar(
        {
            name: (release.directory / name).read_bytes()
            for name in names
            if (release.directory / name).is_file()
        }
    )


def _check_files(release: Release) -> None:
    found = {path.name for path in release.directory.iterdir()}
    listed = release.listed
    _refuse("release-file-missing", sorted(set(listed) - found), "listed, and not there")
    unknown = found - set(listed) - SIGNATURE_FILES - {MANIFEST}
    _refuse("release-file-extra", sorted(unknown), "there, and not listed")
    changed = [
        name
        for name, expected in sorted(listed.items())
        if (path := release.directory / name).is_symlink()
        or not path.is_file()
        or _sha256(path.read_bytes()) != expected
    ]
    zips = [name for name in changed if name.endswith(".zip")]
    _refuse("release-zip-swapped", zips, "not the bytes that the manifest lists")
    _refuse("release-file-changed", changed, "not the bytes that the manifest lists")


def _refuse(rule: str, names: list[str], problem: str) -> None:
    if names:
        raise Refused(
            rule=rule,
            evidence=f"{', '.join(names)}: {problem}",
            fix="take the release from the artifact store again; if it is so there, build it anew",
            override="nobody",
        )


def _configuration(checkout: Checkout) -> dict[str, bytes]:
    """Read what Terraform reads: roots, modules, and the contracts that modules refer to."""
    names = [name for name in checkout.files(*_CONFIGURED_BY) if name.suffix != _PAGES]
    sources = checkout.files(functions.SOURCE, images.SOURCE)
    names += [name for name in sources if _is_openapi(name.as_posix())]
    return {name.as_posix(): checkout.read(name) for name in names}


def _is_openapi(name: str) -> bool:
    """Tell a contract, or what says which versions there are."""
    return PurePosixPath(name).parent.name == _OPENAPI


def _is_contract(name: str) -> bool:
    return _is_openapi(name) and PurePosixPath(name).suffix == ".yaml"


def _check_is_ours(output: Path) -> None:
    if output.exists() and any(output.iterdir()) and not (output / MANIFEST).is_file():
        raise BrokenInputError(f"{output} holds something else than a release: name another folder")


def _replace(output: Path, contents: Mapping[str, bytes]) -> None:
    """Write a folder beside the output and put it into its place, so that none is half built."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as folder:
        made = Path(folder) / "made"
        made.mkdir()
        for name, content in contents.items():
            (made / name).write_bytes(content)
        if output.exists():
            output.replace(Path(folder) / "replaced")
        made.replace(output)


def _listed(name: str, content: bytes) -> Listed:
    return Listed(file=name, sha256=_sha256(content), size_bytes=len(content))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _as_json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()
