"""Seals a pack: a manifest of all files in the form of sha256sum, signed with ECDSA on P-256.

The key is given by a file or the environment. Without one a key is made for the run and forgotten;
the pack then says so, and its signature only shows that nothing changed since.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pci_dss.evidence import verify

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_FILE_VARIABLE = "PCI_EVIDENCE_KEY_FILE"
KEY_VARIABLE = "PCI_EVIDENCE_KEY"
INSTRUCTIONS = "VERIFY.txt"
GIVEN, EPHEMERAL = "given by whoever sealed the pack", "made for this run alone"

_PRIVATE_KEY = re.compile(rb"PRIVATE KEY-----(?:\s|\\+[nr]|[\w-]+: [\w,-]+)*[A-Za-z0-9+/]{40}")
"""With its beginning, also within JSON; a test's name may speak of one."""
_MAKE_ONE = "make one: openssl ecparam -name prime256v1 -genkey -noout -out FILE"
_INSTRUCTIONS = f"""\
This pack verifies offline:

  python3 verify.py --fingerprint FINGERPRINT

or, without a program that came with the pack:

  sha256sum --check --strict {verify.MANIFEST}
  openssl dgst -sha256 -verify {verify.PUBLIC_KEY} -signature {verify.SIGNATURE} {verify.MANIFEST}
  openssl pkey -pubin -in {verify.PUBLIC_KEY} -outform DER | sha256sum

The last one prints the key's fingerprint. Whoever sealed the pack tells you theirs; the one in
{verify.SEAL} only repeats what is here. sha256sum doesn't notice added files; verify.py does.
"""


class SigningError(Exception):
    """A pack can't be sealed; says why and what to do."""


@dataclass(frozen=True)
class SigningKey:
    """A key, and where it is from."""

    private: ec.EllipticCurvePrivateKey
    origin: str

    @classmethod
    def ephemeral(cls) -> SigningKey:
        """Make a key that nobody keeps."""
        return cls(ec.generate_private_key(ec.SECP256R1()), EPHEMERAL)

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """Read a key from a file outside of any repository.

        Raises:
            SigningError: it isn't there, can't be used, or lies where it may be committed.
        """
        path = path.resolve()
        if repository := next((each for each in path.parents if (each / ".git").exists()), None):
            raise SigningError(f"{path} lies in the repository {repository}: keep keys elsewhere")
        try:
            return cls.from_pem(path.read_bytes(), str(path))
        except OSError as error:
            raise SigningError(f"can't read the key {path}: {error.strerror}") from error

    @classmethod
    def from_pem(cls, pem: bytes, name: str) -> SigningKey:
        """Take a key in PEM.

        Raises:
            SigningError: it is of another kind, or has a password.
        """
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except TypeError as error:
            raise SigningError(f"{name} has a password; give it without one") from error
        except ValueError as error:
            raise SigningError(f"{name} isn't a private key in PEM; {_MAKE_ONE}") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise SigningError(f"{name} isn't a key on P-256; {_MAKE_ONE}")
        return cls(key, GIVEN)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> SigningKey:
        """Take the key that the environment names or holds, or make an ephemeral one.

        Raises:
            SigningError: it can't be used.
        """
        if path := environment.get(KEY_FILE_VARIABLE):
            return cls.read(Path(path))
        if pem := environment.get(KEY_VARIABLE):
            return cls.from_pem(pem.encode(), KEY_VARIABLE)
        return cls.ephemeral()

    @property
    def public_pem(self) -> bytes:
        """The key that verifies."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key."""
        return verify.fingerprint(self.public_pem)


def seal(pack: Path, key: SigningKey) -> None:
    """Add to a pack what verifies it, name every file in a manifest, and sign that.

    A pack that was sealed before is sealed anew.

    Raises:
        SigningError: the pack holds what no pack may hold.
    """
    (pack / verify.PUBLIC_KEY).write_bytes(key.public_pem)
    (pack / INSTRUCTIONS).write_text(_INSTRUCTIONS, encoding="utf-8")
    shutil.copyfile(verify.__file__, pack / "verify.py")
    described = {
        "signature": f"{verify.SIGNATURE}: ECDSA on P-256 with SHA-256 over {verify.MANIFEST}, DER",
        "key": key.origin,
        "fingerprint": key.fingerprint,
    }
    (pack / verify.SEAL).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    manifest = _manifest(pack).encode()
    (pack / verify.MANIFEST).write_bytes(manifest)
    signature = key.private.sign(manifest, ec.ECDSA(hashes.SHA256()))
    (pack / verify.SIGNATURE).write_bytes(signature)


def _manifest(pack: Path) -> str:
    lines = []
    for name in verify.files(pack):
        path = pack / name
        if path.is_symlink() or not path.is_file() or set(name) & set("\\\n\r"):
            raise SigningError(f"{path} can't be part of a pack: it must be a file by a plain name")
        if _PRIVATE_KEY.search(path.read_bytes()):
            raise SigningError(f"{path} holds a private key, which a pack would publish: remove it")
        lines.append(f"{verify.digest(path)}  {name}\n")
    return "".join(lines)
