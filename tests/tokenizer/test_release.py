"""The tokenizer's code stays in its own zip, and the zip is all that it needs."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import payment_core
from harness.testing import pci
from promotion import functions
from promotion.checkout import Checkout

SOURCE = Path(payment_core.__file__).parents[1]
PACKAGES = ("payment_core", "api_functions", "tokenizer")


@pytest.fixture(scope="module")
def zip_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dist") / "tokenizer.zip"
    path.write_bytes(functions.packed(Checkout(), functions.FUNCTIONS["tokenizer"]))
    return path


def test_the_handler_starts_from_the_zip_alone(zip_path: Path) -> None:
    key = "arn:aws:kms:eu-west-1:444444444444:key/0d990263-018e-4e65-a703-eff731de951e"
    started = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(zip_path)!r})\n"
            "from tokenizer.handler import handle\n"
            "import payment_core; print(payment_core.__file__)\n"
            "assert 'boto3' not in sys.modules",
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=zip_path.parent,
        env={
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
            "AWS_REGION": "eu-west-1",
            "VAULT_TABLE": "vault",
            "PAYMENTS_TABLE": "payments",
            "CARD_KEY_ARN": key,
            "MAC_KEY_ARN": key,
            "ACQUIRER_URL": "https://acquirer.example",
        },
    )
    assert started.returncode == 0, started.stderr
    assert "tokenizer.zip" in started.stdout


def test_the_zip_holds_nothing_of_the_other_functions(zip_path: Path) -> None:
    with zipfile.ZipFile(zip_path) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == set(PACKAGES)


@pci("7.2.5")
def test_no_other_zip_holds_the_tokenizer() -> None:
    others = {name: each for name, each in functions.FUNCTIONS.items() if name != "tokenizer"}
    assert others
    assert not [name for name, packages in others.items() if "tokenizer" in packages]


@pci("7.2.5")
def test_nobody_else_imports_the_tokenizer() -> None:
    sources = [SOURCE, SOURCE.parent / "ecs_src"]
    files = [file for source in sources for file in source.rglob("*.py")]
    ours = [file for file in files if "tokenizer" in file.relative_to(SOURCE.parent).parts]
    assert any(_imports_tokenizer(file) for file in ours), "the search finds what there is"
    assert not [str(file) for file in files if file not in ours and _imports_tokenizer(file)]


def _imports_tokenizer(file: Path) -> bool:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [each.name for node in nodes if isinstance(node, ast.Import) for each in node.names]
    return any(name.partition(".")[0] == "tokenizer" for name in names)
