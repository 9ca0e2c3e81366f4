"""Releases of a small root instead of the platform: signed, packed and laid out like real ones."""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path

from harness.known_organization import known_organization
from promotion import archives, bundle, functions
from promotion.bundle import CONFIGURATION, MANIFEST, SBOM, Release
from promotion.signing import KmsKey

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = Path(__file__).parent / "root"
ENVIRONMENTS = ("integration", "production")
AUTHOR = "ada@example.com"
NOTHING_MAY_DIFFER = b'environments = ["integration", "production"]\n'


def make(directory: Path, version: str, *, key: str) -> Release:
    """Build and sign a release.

    Args:
        directory: its folder.
        version: goes into the function's code, so that each version has its own.
        key: the key in KMS that signs.
    """
    directory.mkdir(parents=True)
    packed = _zip(f"VERSION = {version!r}\n")
    artifact = functions.artifact("transaction_gateway", packed)
    configuration = archives.tar(_configuration())
    contents = {artifact["file"]: packed, CONFIGURATION: configuration, SBOM: b"{}"}
    manifest = {
        "version": version,
        "commit": hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest(),
        "author": AUTHOR,
        "committed_at": "2026-01-01T00:00:00Z",
        "functions": {"transaction_gateway": artifact},
        "images": {},
        "openapi": {},
        "configuration": {**_listed(CONFIGURATION, configuration), "files": {}},
        "sbom": _listed(SBOM, b"{}"),
    }
    contents[MANIFEST] = json.dumps(manifest, indent=2).encode()
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return bundle.sign(directory, KmsKey(key))


def _configuration() -> dict[str, bytes]:
    organization = known_organization()
    lock = REPOSITORY / "environments" / "dev" / ".terraform.lock.hcl"
    files = {
        "environments/organization.json": json.dumps(organization).encode(),
        "environments/differences.toml": NOTHING_MAY_DIFFER,
    }
    for environment in ENVIRONMENTS:
        place = f"environments/{environment}"
        files |= {
            f"{place}/main.tf": (ROOT / "main.tf").read_bytes(),
            f"{place}/environment.tf": f'locals {{ environment = "{environment}" }}\n'.encode(),
            f"{place}/backend.tf": _backend(organization["accounts"][environment], environment),
            f"{place}/.terraform.lock.hcl": lock.read_bytes(),
        }
    return files


def _backend(account: str, environment: str) -> bytes:
    return f"""
terraform {{
  backend "s3" {{
    bucket              = "payments-terraform-state-{account}"
    key                 = "{environment}/terraform.tfstate"
    region              = "eu-west-1"
    allowed_account_ids = ["{account}"]
    use_lockfile        = true

    assume_role = {{
      role_arn = "arn:aws:iam::{account}:role/payments-deploy"
    }}
  }}
}}
""".encode()


def _zip(source: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py", (1980, 1, 1, 0, 0, 0)), source)
    return buffer.getvalue()


def _listed(name: str, content: bytes) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    return {"file": name, "sha256": digest, "size_bytes": len(content)}
