"""A release passes only as it was signed, by the key that is trusted; each refusal has a rule."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from harness.testing import pci
from promotion import bundle
from promotion.__main__ import main
from promotion.checkout import Checkout
from promotion.errors import BrokenInputError, Refused
from promotion.signing import KmsKey, PublicKey
from release.conftest import ALIAS, STRANGERS_ALIAS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from release.conftest import Keys


def unsigned(directory: Path) -> None:
    (directory / "release.json.sig").unlink()


def swapped(directory: Path) -> None:
    shutil.copy(directory / "log_review.zip", directory / "tokenizer.zip")


def linked(directory: Path) -> None:
    (directory / "tokenizer.zip").replace(directory.parent / "tokenizer.zip")
    (directory / "tokenizer.zip").symlink_to(directory.parent / "tokenizer.zip")


def changed(directory: Path) -> None:
    with (directory / "configuration.tar").open("r+b") as file:
        file.seek(600)
        file.write(b"0.0.0.0/0")


def shortened(directory: Path) -> None:
    path = directory / "sbom.cdx.json"
    path.write_bytes(path.read_bytes()[:-1])


def missing(directory: Path) -> None:
    (directory / "webhook_sender.zip").unlink()


def extra(directory: Path) -> None:
    (directory / "backdoor.zip").write_bytes(b"PK")


def truncated(directory: Path) -> None:
    path = directory / "release.json"
    path.write_bytes(path.read_bytes()[:4096])


def rewritten(directory: Path) -> None:
    """List a swapped zip as if it had been built so, without a key."""
    swapped(directory)
    release = bundle.Release.read(directory)
    listed = release.manifest["functions"]
    text = (directory / "release.json").read_text()
    for field in ("sha256", "sha256_base64"):
        text = text.replace(listed["tokenizer"][field], listed["log_review"][field])
    (directory / "release.json").write_text(text)


def of_a_stranger(directory: Path) -> None:
    bundle.sign(directory, KmsKey(STRANGERS_ALIAS))


def empty_signature(directory: Path) -> None:
    (directory / "release.json.sig").write_bytes(b"")


TAMPERED: list[tuple[Callable[[Path], None], str, str]] = [
    (unsigned, "release-unsigned", "release.json.sig"),
    (empty_signature, "release-manifest-changed", "isn't what was signed"),
    (swapped, "release-zip-swapped", "tokenizer.zip"),
    (linked, "release-zip-swapped", "tokenizer.zip"),
    (changed, "release-file-changed", "configuration.tar"),
    (shortened, "release-file-changed", "sbom.cdx.json"),
    (missing, "release-file-missing", "webhook_sender.zip"),
    (extra, "release-file-extra", "backdoor.zip"),
    (truncated, "release-manifest-truncated", "4,096 bytes"),
    (rewritten, "release-manifest-changed", "isn't what was signed"),
    (of_a_stranger, "release-key-unknown", "signed by the key"),
]


@pci("6.5.1")
@pytest.mark.parametrize("where", ["offline", "by KMS"])
@pytest.mark.parametrize(("tamper", "rule", "evidence"), TAMPERED)
def test_what_was_tampered_with_is_refused_by_name(
    signed: Path,
    keys: Keys,
    tamper: Callable[[Path], None],
    rule: str,
    evidence: str,
    where: str,
) -> None:
    key = keys.release if where == "by KMS" else keys.release.public_key
    assert bundle.verify(signed, key).directory == signed
    tamper(signed)
    with pytest.raises(Refused) as refusal:
        bundle.verify(signed, key)
    assert refusal.value.rule == rule
    assert evidence in refusal.value.evidence
    assert refusal.value.fix
    assert refusal.value.override == "nobody"


def test_a_key_that_pretends_to_be_beside_it_proves_nothing(signed: Path, keys: Keys) -> None:
    of_a_stranger(signed)
    (signed / "release.json.pem").write_bytes(keys.release.public_key.pem)
    with pytest.raises(Refused, match="release-manifest-changed"):
        bundle.verify(signed, keys.release.public_key)


def test_openssl_verifies_it_too(signed: Path, keys: Keys, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(keys.release.public_key.pem)
    command: list[str | Path] = ["openssl", "dgst", "-sha256", "-verify", key]
    command += ["-signature", signed / "release.json.sig", signed / "release.json"]
    verified = subprocess.run(command, capture_output=True, check=False)
    assert verified.returncode == 0, verified.stderr


def test_what_is_not_whole_or_not_committed_is_not_signed(
    built: bundle.Release, tree: Path, keys: Keys, tmp_path: Path
) -> None:
    copy = shutil.copytree(built.directory, tmp_path / "copy")
    swapped(copy)
    with pytest.raises(Refused, match="release-zip-swapped"):
        bundle.sign(copy, keys.release)
    (tree / "modules/data/tried_out.tf").write_text("")
    dirty = bundle.build(tmp_path / "dirty", checkout=Checkout(tree), allow_dirty=True)
    with pytest.raises(Refused, match="release-not-committed"):
        bundle.sign(dirty.directory, keys.release)
    assert not list(tmp_path.rglob("*.sig"))


def test_the_commands_say_what_was_found(
    built: bundle.Release, keys: Keys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = shutil.copytree(built.directory, tmp_path / "dist")
    key, other = tmp_path / "key.pem", tmp_path / "other.pem"
    key.write_bytes(keys.release.public_key.pem)
    other.write_bytes(keys.strangers.public_key.pem)
    assert main(["verify", str(directory), "--public-key", str(key)]) == 3
    assert "REFUSED release-unsigned" in capsys.readouterr().err
    assert main(["sign", str(directory), "--key", ALIAS]) == 0
    assert built.digest in capsys.readouterr().out
    assert main(["verify", str(directory)]) == 0
    assert f"digest {built.digest}" in capsys.readouterr().out
    assert main(["verify", str(directory), "--public-key", str(key)]) == 0
    assert main(["verify", str(directory), "--public-key", str(other)]) == 3
    assert "REFUSED release-key-unknown" in capsys.readouterr().err
    assert main(["verify", str(directory), "--public-key", str(tmp_path / "none.pem")]) == 2
    assert main(["verify", str(tmp_path)]) == 2
    assert main(["sign", str(directory), "--key", "alias/none"]) == 2
    assert "a call to AWS failed" in capsys.readouterr().err


def test_an_archive_holds_the_signature_too(signed: Path, tmp_path: Path) -> None:
    archive = tmp_path / "release.tar"
    assert main(["pack", str(signed), str(archive)]) == 0
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    before = {path.name: path.read_bytes() for path in signed.iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "unpacked").iterdir()} == before


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAA\n"])
def test_a_file_that_is_no_key_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(BrokenInputError, match="isn't a public key"):
        PublicKey.read(tmp_path / "key.pem")
