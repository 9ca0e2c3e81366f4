"""Which release a stage works with: the one that it is handed, verified, or one from the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promotion import archives, bundle
from promotion.errors import BrokenInputError, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from promotion.bundle import Release
    from promotion.signing import Verifier
    from promotion.store import Store

PARAMETER = "/payments/release"
"""The parameter in which each environment keeps which release it runs."""


def publish(store: Store, release: Release) -> str:
    """Keep a signed release in the store; returns its key there."""
    key = _key(release.digest)
    store.put(key, bundle.packed(release))
    return key


def fetch(store: Store, digest: str, directory: Path) -> None:
    """Take a release from the store, unverified.

    Raises:
        BrokenInputError: the store has none with this digest.
    """
    content = store.get(_key(digest))
    if content is None:
        raise BrokenInputError(f"there is no release in {store.address(_key(digest))}")
    directory.mkdir(parents=True, exist_ok=True)
    archives.extract(content, directory)


def verified(directory: Path, key: Verifier, digest: str) -> Release:
    """Verify a release, and that it is the one that is promoted.

    Raises:
        Refused: it isn't as it was signed, or another one.
    """
    release = bundle.verify(directory, key)
    if release.digest != digest:
        raise Refused(
            rule="release-another",
            evidence=f"the release in {directory} is {release.digest}, promoted is {digest}",
            fix="start the promotion anew: all stages take the release of the stage build",
            override="nobody",
        )
    return release


def running(ssm: Any) -> str | None:
    """Return the digest of the release that an environment runs; None before the first."""
    try:
        value = ssm.get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None
    return str(json.loads(value)["digest"])


def _key(digest: str) -> str:
    return f"releases/{digest}/release.tar"
