"""A sealed pack verifies offline, from itself alone; whatever is changed is found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pci_dss.evidence import verify
from pci_dss.evidence.sign import EPHEMERAL, GIVEN, SigningError, SigningKey, seal

from .evidence_samples import one_of_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What Python starts with nothing of ours and no other package installed.
ALONE = [sys.executable, "-I", "-S"]
KEY = SigningKey.ephemeral()


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    (folder / "pages").mkdir(parents=True)
    (folder / "evidence.json").write_text(one_of_each().dumps(), encoding="utf-8")
    (folder / "pages" / "index ü.html").write_bytes(b"<h1>\0</h1>")
    (folder / "empty").touch()
    seal(folder, KEY)
    return folder


def verified(pack: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run the verifier that came with the pack; returns its exit status, and what it says."""
    done = subprocess.run(
        [*ALONE, str(pack / "verify.py"), *arguments],
        capture_output=True,
        text=True,
        cwd="/",
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def private_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_a_pack_verifies_from_itself_alone(pack: Path) -> None:
    status, said = verified(pack)
    assert status == 0, said
    assert "Evidence of commit 1f1f" in said
    assert "7 files are what SHA256SUMS says" in said
    assert f"signed by the key {KEY.fingerprint}" in said
    assert said.endswith("Nothing is wrong.\n")


def test_it_says_what_a_key_of_the_run_does_not_show(pack: Path) -> None:
    assert f"came with the pack ({EPHEMERAL}): nothing changed since" in verified(pack)[1]
    known = verified(pack, "--fingerprint", KEY.fingerprint.upper())
    assert (known[0], "who sealed it isn't shown" in known[1]) == (0, False)


def test_other_peoples_programs_verify_it_too(pack: Path) -> None:
    commands = [
        line.strip()
        for line in (pack / "VERIFY.txt").read_text().splitlines()
        if line.startswith(("  sha256sum", "  openssl"))
    ]
    said = [
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=pack,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for command in commands
    ]
    assert said[0].count(": OK\n") == 7
    assert said[1] == "Verified OK\n"
    assert said[2].split()[0] == KEY.fingerprint


def flipped(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("is_cryptography_there", [True, False], ids=["cryptography", "openssl"])
def test_a_changed_byte_of_any_file_is_found(
    pack: Path, is_cryptography_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_cryptography_there:
        monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    files = sorted(path for path in pack.rglob("*") if path.is_file() and path.stat().st_size)
    assert len(files) == 8
    for path in files:
        before = path.read_bytes()
        for position in (0, len(before) // 2, len(before) - 1):
            flipped(path, position)
            # The pack's own program may be what was changed: that of the repository judges.
            assert verify.main([str(pack)]) == verify.CHANGED, f"{path.name} at {position}"
            path.write_bytes(before)
    assert verify.main([str(pack)]) == verify.INTACT


def remove(pack: Path) -> None:
    (pack / "empty").unlink()


def add(pack: Path) -> None:
    (pack / "pages" / "more.html").touch()


def replace_by_a_link(pack: Path) -> None:
    page = pack / "pages" / "index ü.html"
    page.rename(pack.parent / "elsewhere")
    page.symlink_to(pack.parent / "elsewhere")


def link_a_folder(pack: Path) -> None:
    (pack / "more").symlink_to(pack / "pages")


def name_a_file_outside(pack: Path) -> None:
    with (pack / "SHA256SUMS").open("a") as manifest:
        manifest.write(f"{'0' * 64}  ../../etc/passwd\n")


def name_a_file_twice(pack: Path) -> None:
    lines = (pack / "SHA256SUMS").read_text().splitlines(keepends=True)
    (pack / "SHA256SUMS").write_text("".join([*lines, lines[0]]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (remove, "missing: empty"),
        (add, "added: pages/more.html"),
        (replace_by_a_link, "link: pages/index ü.html"),
        (link_a_folder, "link: more"),
        (name_a_file_outside, "manifest: line 8 of SHA256SUMS"),
        (name_a_file_twice, "manifest: line 8 of SHA256SUMS"),
    ],
)
def test_what_was_done_to_a_pack_is_said(
    change: Callable[[Path], None], says: str, pack: Path
) -> None:
    change(pack)
    status, said = verified(pack)
    assert (status, says in said) == (1, True), said


def test_who_seals_a_changed_pack_anew_needs_the_key(pack: Path) -> None:
    sealed = KEY.fingerprint
    (pack / "evidence.json").write_text("{}")
    forger = SigningKey.ephemeral()
    seal(pack, forger)
    claims = (pack / "seal.json").read_text().replace(forger.fingerprint, sealed)
    (pack / "seal.json").write_text(claims)
    seal_without_describing(pack, forger)
    status, said = verified(pack)
    assert (status, sealed in said, forger.fingerprint in said) == (0, False, True)
    status, said = verified(pack, "--fingerprint", sealed)
    assert (status, "key: it is " in said) == (1, True)
    known = pack.parent / "known.pem"
    known.write_bytes(KEY.public_pem)
    status, said = verified(pack, "--public-key", str(known))
    assert (status, "signature: SHA256SUMS isn't signed by the key" in said) == (1, True)


def test_a_key_file_that_could_be_read_as_two_keys_is_none(pack: Path) -> None:
    forger = SigningKey.ephemeral()
    hidden = b"x" + KEY.public_pem + forger.public_pem
    (pack / "public-key.pem").write_bytes(hidden)
    seal_without_describing(pack, forger)
    status, said = verified(pack, "--fingerprint", KEY.fingerprint)
    assert (status, "key: the public key isn't one in PEM" in said) == (1, True), said


def seal_without_describing(pack: Path, key: SigningKey) -> None:
    """Sign what lies there, as somebody would who wants to deceive."""
    names = verify.files(pack)
    manifest = "".join(f"{verify.digest(pack / name)}  {name}\n" for name in names).encode()
    (pack / "SHA256SUMS").write_bytes(manifest)
    signature = key.private.sign(manifest, ec.ECDSA(hashes.SHA256()))
    (pack / "SHA256SUMS.sig").write_bytes(signature)


def test_without_anything_that_verifies_signatures_nothing_is_verified(pack: Path) -> None:
    status, said = verified(pack, PATH="/nowhere")
    assert (status, "install openssl" in said) == (2, True), said


@pytest.mark.parametrize("name", ["SHA256SUMS", "SHA256SUMS.sig", "public-key.pem"])
def test_what_is_no_pack_is_said_to_be_none(pack: Path, name: str) -> None:
    (pack / name).unlink()
    status, said = verified(pack)
    assert (status, f"{name}: No such file or directory; is it a pack?" in said) == (2, True), said


def test_sealing_again_makes_the_pack_whole(pack: Path) -> None:
    (pack / "empty").unlink()
    (pack / "more").write_text("more")
    seal(pack, KEY)
    assert verified(pack)[0] == 0


def test_a_key_is_taken_from_a_file_or_the_environment(tmp_path: Path, pack: Path) -> None:
    pem = private_pem(KEY.private)
    (tmp_path / "key").write_bytes(pem)
    for environment in (
        {"PCI_EVIDENCE_KEY_FILE": str(tmp_path / "key")},
        {"PCI_EVIDENCE_KEY": pem.decode()},
    ):
        key = SigningKey.from_environment(environment)
        assert (key.fingerprint, key.origin) == (KEY.fingerprint, GIVEN)
        seal(pack, key)
        assert f"came with the pack ({GIVEN})" in verified(pack)[1]


def test_without_one_each_run_has_its_own() -> None:
    keys = [SigningKey.from_environment({}) for _ in range(2)]
    assert [key.origin for key in keys] == [EPHEMERAL, EPHEMERAL]
    assert keys[0].fingerprint != keys[1].fingerprint


def test_a_key_of_openssl_works(tmp_path: Path) -> None:
    command = "openssl ecparam -name prime256v1 -genkey -noout -out key"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    assert SigningKey.read(tmp_path / "key").origin == GIVEN


@pytest.mark.parametrize(
    ("pem", "says"),
    [
        (b"no key", "isn't a private key in PEM; make one: openssl ecparam"),
        (private_pem(ed25519.Ed25519PrivateKey.generate()), "isn't a key on P-256"),
        (private_pem(ec.generate_private_key(ec.SECP384R1())), "isn't a key on P-256"),
        (
            KEY.private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"secret"),
            ),
            "has a password; give it without one",
        ),
    ],
)
def test_other_keys_are_refused(pem: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(pem)
    with pytest.raises(SigningError, match=says):
        SigningKey.read(tmp_path / "key")


def test_a_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SigningError, match=r"can't read the key .*No such file"):
        SigningKey.from_environment({"PCI_EVIDENCE_KEY_FILE": str(tmp_path / "key")})


def test_a_key_in_a_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/key").write_bytes(private_pem(KEY.private))
    with pytest.raises(SigningError, match=r"lies in the repository .* keep keys elsewhere"):
        SigningKey.read(tmp_path / "keys/key")


def test_a_pack_with_a_private_key_is_not_sealed(pack: Path) -> None:
    (pack / "pages/key.txt").write_bytes(b"value: " + private_pem(KEY.private))
    with pytest.raises(SigningError, match=r"key\.txt holds a private key"):
        seal(pack, KEY)


def test_a_pack_with_a_link_is_not_sealed(pack: Path) -> None:
    shutil.copytree(pack / "pages", pack.parent / "pages")
    (pack / "more").symlink_to(pack.parent / "pages")
    with pytest.raises(SigningError, match="can't be part of a pack"):
        seal(pack, KEY)


def test_a_private_key_within_json_is_found_and_a_tests_name_is_none(pack: Path) -> None:
    named = pack / "named.json"
    named.write_text(json.dumps("test_b[-----BEGIN RSA PRIVATE KEY-----\\nMIIE-a private key]"))
    seal(pack, KEY)
    named.write_text(json.dumps({"value": private_pem(KEY.private).decode()}))
    with pytest.raises(SigningError, match=r"named\.json holds a private key"):
        seal(pack, KEY)
