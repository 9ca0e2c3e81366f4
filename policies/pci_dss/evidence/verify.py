"""Verify an evidence pack offline, from the pack alone: python verify.py [PACK].

Every file must be what SHA256SUMS says, nothing may be missing or added, and SHA256SUMS must be
signed by the pack's key. That shows that nothing changed since the pack was sealed. Who sealed it
is shown by a key that you have from elsewhere: name it with --public-key or --fingerprint. Whoever
trusts no program from a pack takes sha256sum and openssl; VERIFY.txt says how.

Needs Python 3.11, and the package cryptography or the program openssl for the signature.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

MANIFEST = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"
PUBLIC_KEY = "public-key.pem"
SEAL = "seal.json"
EVIDENCE = "evidence.json"
NOT_LISTED = {MANIFEST, SIGNATURE}

INTACT, CHANGED, BROKEN = 0, 1, 2

_LINE = re.compile(r"([0-9a-f]{64})  ([^\\\n]+)")
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----\n", "-----END PUBLIC KEY-----\n"
_PEM = re.compile(rf"{_BEGIN}([A-Za-z0-9+/=\n]+){_END}")


class VerificationError(Exception):
    """It can't be verified; says what is missing."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="exit status: 0 intact, 1 something was changed, 2 it can't be verified",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pack", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--public-key", type=Path, metavar="FILE", help="the key, from elsewhere")
    parser.add_argument("--fingerprint", metavar="SHA256", help="of the key, from elsewhere")
    options = parser.parse_args(arguments)
    try:
        key = _read(options.public_key or options.pack / PUBLIC_KEY)
        found = findings(options.pack, options.fingerprint, key)
        if not found:
            is_known = bool(options.public_key or options.fingerprint)
            print("\n".join(_told(options.pack, fingerprint(key), is_known)))
            return INTACT
    except VerificationError as error:
        print(error, file=sys.stderr)
        return BROKEN
    for finding in found:
        print(finding)
    print(f"{len(found)} findings: {options.pack} isn't what was sealed")
    return CHANGED


def findings(pack: Path, expected: str | None = None, key: bytes | None = None) -> list[str]:
    """List what is wrong with a pack.

    Args:
        pack: the pack's folder.
        expected: the fingerprint that its key must have.
        key: the public key that must have signed, in PEM, instead of the pack's.

    Raises:
        VerificationError: it is no sealed pack, or nothing here can verify a signature.
    """
    manifest = _read(pack / MANIFEST)
    key = key or _read(pack / PUBLIC_KEY)
    found = []
    if not _der(key):
        found.append("key: the public key isn't one in PEM, and nothing else")
    elif not _is_signed(manifest, _read(pack / SIGNATURE), _der(key)):
        found.append(f"signature: {MANIFEST} isn't signed by the key {fingerprint(key)}")
    if expected and fingerprint(key) != expected.lower():
        found.append(f"key: it is {fingerprint(key)}, not {expected}")
    digests, malformed = _digests(manifest)
    return found + malformed + _differences(pack, digests)


def fingerprint(pem: bytes) -> str:
    """Return the SHA-256 of a public key's DER form."""
    return hashlib.sha256(_der(pem)).hexdigest()


def files(pack: Path) -> list[str]:
    """List everything in a pack that its manifest must name, by relative name."""
    found = (path for path in pack.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted({path.relative_to(pack).as_posix() for path in found} - NOT_LISTED)


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _der(pem: bytes) -> bytes:
    """Read a public key; a file with anything else in it might be read differently by others."""
    found = _PEM.fullmatch(pem.decode("ascii", "replace").replace("\r\n", "\n"))
    try:
        return base64.b64decode(found[1].replace("\n", ""), validate=True) if found else b""
    except binascii.Error:
        return b""


def _digests(manifest: bytes) -> tuple[dict[str, str], list[str]]:
    """Read a manifest: digests by name, and what is wrong with it."""
    digests: dict[str, str] = {}
    wrong = []
    lines = manifest.decode("utf-8", "replace").removesuffix("\n").split("\n")
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        name = PurePosixPath(found[2]) if found else PurePosixPath("/")
        if not found or name.is_absolute() or ".." in name.parts or found[2] in digests:
            wrong.append(f"manifest: line {number} of {MANIFEST} isn't of its form")
        else:
            digests[found[2]] = found[1]
    return digests, wrong


def _differences(pack: Path, digests: dict[str, str]) -> list[str]:
    there = files(pack)
    found = [f"missing: {name}" for name in sorted(digests.keys() - set(there))]
    for name in there:
        if (pack / name).is_symlink():
            found.append(f"link: {name} isn't a file of the pack")
        elif name not in digests:
            found.append(f"added: {name}")
        elif digest(pack / name) != digests[name]:
            found.append(f"changed: {name}")
    return found


def _is_signed(message: bytes, signature: bytes, der: bytes) -> bool:
    """Whether the key's owner signed this: ECDSA with SHA-256."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError:
        return _is_signed_says_openssl(message, signature, der)
    try:
        key = serialization.load_der_public_key(der)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_signed_says_openssl(message: bytes, signature: bytes, der: bytes) -> bool:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise VerificationError(
            "nothing here verifies a signature: install openssl, or the Python package cryptography"
        )
    with tempfile.TemporaryDirectory() as folder:
        key, signed = Path(folder, "key"), Path(folder, "signature")
        key.write_text(f"{_BEGIN}{base64.encodebytes(der).decode()}{_END}")
        signed.write_bytes(signature)
        command = [openssl, "dgst", "-sha256", "-verify", str(key), "-signature", str(signed)]
        done = subprocess.run(command, input=message, capture_output=True, check=False)  # noqa: S603 - openssl
    return done.returncode == 0


def _told(pack: Path, key: str, is_known: bool) -> list[str]:
    """Say what was verified, and what wasn't."""
    evidence, seal = _fields(pack / EVIDENCE), _fields(pack / SEAL)
    lines = [
        f"Evidence of commit {evidence.get('commit')}, made {evidence.get('created')}",
        f"{len(files(pack))} files are what {MANIFEST} says, and nothing was added",
        f"{MANIFEST} is signed by the key {key}",
    ]
    if not is_known:
        lines.append(
            f"The key came with the pack ({seal.get('key')}): nothing changed since it was sealed, "
            "but who sealed it isn't shown. Ask whoever did for the --fingerprint."
        )
    return [*lines, "Nothing is wrong."]


def _fields(path: Path) -> dict[str, object]:
    try:
        fields = json.loads(_read(path))
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise VerificationError(f"{path} isn't what packs of this version hold")
    return fields


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VerificationError(f"can't read {path}: {error.strerror}; is it a pack?") from None


if __name__ == "__main__":
    sys.exit(main())
