"""The functions run on the Lambda runtime alone, and the payment core knows no AWS."""

from pathlib import Path

import pytest

from house_rules.python_imports import AWS_SDK, forbidden_imports

SOURCES = Path(__file__).parents[2] / "lambda_src"
ALLOWED: dict[str, frozenset[str]] = {
    **{path.parent.name: AWS_SDK for path in sorted(SOURCES.glob("*/__init__.py"))},
    "payment_core": frozenset(),
}


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_functions_bring_no_packages(package: str) -> None:
    files = sorted((SOURCES / package).rglob("*.py"))
    assert len(files) > 3, f"no code of {package} was found"
    findings = [
        str(finding)
        for file in files
        for finding in forbidden_imports(file, file.read_text(), allowed=ALLOWED[package])
    ]
    assert not findings, "\n".join(findings)


PIPELINE = Path(__file__).parents[2] / ".pipeline"


@pytest.mark.parametrize("file", sorted(PIPELINE.rglob("*.py")), ids=lambda file: file.stem)
def test_the_pipeline_knows_no_harness(file: Path) -> None:
    ours = frozenset(
        {
            *("promotion", "terraform_plan"),
            *("cryptography", "cyclonedx", "packageurl", "urllib3", "yaml"),
        }
    )
    assert not list(forbidden_imports(file, file.read_text(), allowed=AWS_SDK | ours))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import requests", 1),
        ("from pydantic.fields import Field", 1),
        ("def f():\n    import yaml\n", 2),
        ("try:\n    import orjson\nexcept ImportError:\n    import json\n", 2),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    import httpx\n", 4),
    ],
)
def test_a_third_party_import_is_found(text: str, line: int) -> None:
    (finding,) = forbidden_imports(Path("handler.py"), text, allowed=AWS_SDK)
    assert str(finding).startswith(f"handler.py:{line}: it imports ")


def test_the_sdk_is_found_where_it_is_not_allowed() -> None:
    (finding,) = forbidden_imports(Path("money.py"), "import botocore.config", allowed=frozenset())
    assert "botocore.config" in str(finding)


@pytest.mark.parametrize(
    "text",
    [
        "import json\nfrom payment_core.money import Money\nimport boto3",
        "from . import ledger",
        "if TYPE_CHECKING:\n    from mypy_boto3_dynamodb import DynamoDBClient\n",
    ],
)
def test_what_is_allowed_passes(text: str) -> None:
    assert not list(forbidden_imports(Path("handler.py"), text, allowed=AWS_SDK))
