"""The house rules over all HCL of modules and environments."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.terraform import Terraform
from harness.testing.static import Folder
from house_rules.deprecations import nothing_is_deprecated_in
from house_rules.findings import Finding
from house_rules.rules import RULES
from house_rules.samples import GOOD, folder_of

REPOSITORY = Path(__file__).parents[2]
FOLDERS = sorted(
    {
        file.parent
        for parent in ("modules", "environments")
        for pattern in ("*/*.tf", "*/*/*.tf")
        for file in (REPOSITORY / parent).glob(pattern)
    }
)
EXPECTED = {
    "modules/api-gateway",
    "modules/data",
    "modules/lambda-service",
    "modules/org-logging/archive",
    "modules/payment-platform",
    "environments/bootstrap",
    "environments/dev",
}
ONLY_CHECKS_DATA = {"modules/api-gateway/lifecycle"}

Rule = Callable[[Folder], Iterator[Finding]]


def name_of(value: object) -> str:
    if isinstance(value, Path):
        return str(value.relative_to(REPOSITORY))
    return getattr(value, "__name__", str(value))


@pytest.fixture(scope="module")
def folders() -> dict[Path, Folder]:
    return {path: Folder.read(path) for path in FOLDERS}


def test_there_is_hcl_to_judge(folders: dict[Path, Folder]) -> None:
    assert {name_of(path) for path in FOLDERS} >= EXPECTED
    for path, folder in folders.items():
        makes = ("output",) if name_of(path) in ONLY_CHECKS_DATA else ("resource", "module")
        assert any(folder.blocks(*makes)), f"{name_of(path)} makes nothing"


@pytest.mark.parametrize("path", FOLDERS, ids=name_of)
@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_house_rule(rule: Rule, path: Path, folders: dict[Path, Folder]) -> None:
    findings = [str(finding) for finding in rule(folders[path])]
    assert not findings, f"{rule.__doc__}\n" + "\n".join(findings)


def test_terraform_fmt_changes_nothing() -> None:
    answer = Terraform.discover().cli.run(
        "fmt", "-check", "-recursive", "-diff", "modules", "environments", cwd=REPOSITORY
    )
    fix = "run `terraform fmt -recursive modules environments`"
    assert answer.returncode == 0, f"{fix}\n{answer.stdout}{answer.stderr}"


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What the installed AWS provider says about its resources."""
    base = tmp_path_factory.mktemp("schema")
    (base / "root").mkdir()
    (base / "root/versions.tf").write_text(GOOD["versions.tf"])
    root = Terraform.discover().root(base / "root", workdir=base / "work", environment={})
    root.init()
    schemas: Mapping[str, Any] = root.provider_schemas()["registry.terraform.io/hashicorp/aws"]
    return schemas


def test_nothing_is_deprecated_in_the_installed_provider(
    schema: Mapping[str, Any], folders: dict[Path, Folder]
) -> None:
    findings = [
        str(finding)
        for folder in folders.values()
        for finding in nothing_is_deprecated_in(schema, folder)
    ]
    assert not findings, "\n".join(findings)


def test_what_the_installed_provider_deprecates_is_found(
    schema: Mapping[str, Any], tmp_path: Path
) -> None:
    folder = folder_of(
        tmp_path,
        "modules/store",
        {
            "bucket.tf": """
            resource "aws_s3_bucket" "archive" {
              bucket = "archive"
              acl    = "private"

              versioning {
                enabled = true
              }
            }

            resource "aws_api_gateway_deployment" "release" {
              rest_api_id = "x"
              stage_name  = "live"
            }
            """
        },
    )
    found = [
        (finding.line, finding.problem) for finding in nothing_is_deprecated_in(schema, folder)
    ]
    assert found == [
        (3, "acl of aws_s3_bucket.archive is deprecated"),
        (5, "versioning of aws_s3_bucket.archive is deprecated"),
        (12, "stage_name of aws_api_gateway_deployment.release is deprecated"),
    ]
