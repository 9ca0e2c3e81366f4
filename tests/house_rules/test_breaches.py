"""For each house rule, configurations that it must refuse, and one that it must not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.testing.static import Folder
from house_rules.conduct_rules import plans_repeat
from house_rules.findings import Finding
from house_rules.rules import RULES
from house_rules.samples import BACKEND, DEV_ACCOUNT, GOOD, MODULE, ROOT, folder_of, variable

# (rule, folder, files that differ from a good folder, file and line found, words of the finding)
BAD: list[tuple[str, str, dict[str, str], str, str]] = [
    ("variables_are_typed", MODULE, variable('description = "x"'), "variables.tf:1", "has no type"),
    ("variables_are_typed", MODULE, variable("type = map(any)"), "variables.tf:2", "the type any"),
    (
        "variables_are_typed",
        MODULE,
        variable("type = object({\n  rules = optional(list(any))\n})"),
        "variables.tf:2",
        "the type any",
    ),
    (
        "variables_are_described",
        MODULE,
        variable('type = string\ndescription = " "'),
        "variables.tf:1",
        "has no description",
    ),
    ("variables_are_not_nullable", MODULE, variable("type = string"), "variables.tf:1", "be null"),
    (
        "variables_are_not_nullable",
        MODULE,
        variable("type = string\nnullable = true\ndefault = 1"),
        "variables.tf:1",
        "add `nullable = false`",
    ),
    (
        "variables_name_their_units",
        MODULE,
        variable('type = number\ndescription = "Time to wait."'),
        "variables.tf:1",
        "no unit for kept",
    ),
    (
        "variables_name_their_units",
        MODULE,
        variable("type = object({ wait = optional(number), keep_days = number })"),
        "variables.tf:1",
        "no unit for wait",
    ),
    (
        "modules_are_small",
        MODULE,
        {"variables.tf": "".join(f'variable "v{n}" {{\n}}\n' for n in range(20))},
        "variables.tf:39",
        "20 variables",
    ),
    (
        "outputs_are_described",
        MODULE,
        {"outputs.tf": 'output "name" {\n  value = 1\n}\n'},
        "outputs.tf:1",
        "output name has no description",
    ),
    (
        "resources_are_named_for_what_they_are",
        MODULE,
        {"key.tf": 'resource "aws_kms_key" "this" {\n}\ndata "aws_region" "current" {}\n'},
        "key.tf:1",
        "aws_kms_key.this",
    ),
    ("files_are_named_for_what_they_hold", MODULE, {"main.tf": ""}, "main.tf:1", "main.tf says"),
    (
        "files_are_named_for_what_they_hold",
        MODULE,
        {"data.tf": 'data "aws_partition" "current" {}\n'},
        "data.tf:1",
        "name it after the thing it makes",
    ),
    ("modules_have_the_usual_files", MODULE, {"README.md": ""}, "README.md:1", "is missing"),
    ("modules_have_the_usual_files", ROOT, {"versions.tf": ""}, "versions.tf:1", "is missing"),
    ("versions_are_pinned", MODULE, {"versions.tf": ""}, "versions.tf:1", "no required_version"),
    (
        "versions_are_pinned",
        MODULE,
        {"versions.tf": GOOD["versions.tf"].replace("5.100, < 7.0", "5.0")},
        "versions.tf:5",
        "'>= 5.0'",
    ),
    (
        "versions_are_pinned",
        MODULE,
        {"versions.tf": GOOD["versions.tf"].replace("1.11", "1.5")},
        "versions.tf:2",
        "'>= 1.5'",
    ),
    (
        "nothing_is_there_for_the_emulators_sake",
        ROOT,
        {"providers.tf": "# for LocalStack\n"},
        "providers.tf:1",
        "LocalStack",
    ),
    (
        "nothing_is_there_for_the_emulators_sake",
        ROOT,
        {"providers.tf": 'provider "aws" {\n  endpoints {\n    s3 = var.url\n  }\n}\n'},
        "providers.tf:2",
        "AWS_ENDPOINT_URL",
    ),
    (
        "nothing_is_there_for_the_emulators_sake",
        ROOT,
        {"providers.tf": 'provider "aws" {\n  skip_credentials_validation = true\n}\n'},
        "providers.tf:2",
        "skip_credentials_validation",
    ),
    (
        "nothing_is_there_for_the_emulators_sake",
        ROOT,
        {"backend.tf": 'terraform {\n  backend "s3" {\n    use_path_style = true\n  }\n}\n'},
        "backend.tf:3",
        "use_path_style",
    ),
    (
        "drift_is_not_ignored",
        MODULE,
        {"key.tf": 'resource "x" "y" {\n  lifecycle {\n    ignore_changes = [tags]\n  }\n}\n'},
        "key.tf:3",
        "ignores changes",
    ),
    (
        "drift_is_not_ignored",
        MODULE,
        {
            "service.tf": 'resource "aws_ecs_service" "service" {\n  lifecycle {\n'
            "    ignore_changes = [desired_count, task_definition]\n  }\n}\n"
        },
        "service.tf:3",
        "ignores changes",
    ),
    (
        "applies_run_no_programs",
        MODULE,
        {"key.tf": 'resource "null_resource" "build" {\n}\n'},
        "key.tf:1",
        "null_resource",
    ),
    (
        "applies_run_no_programs",
        MODULE,
        {"key.tf": 'resource "x" "y" {\n  provisioner "local-exec" {\n  }\n}\n'},
        "key.tf:2",
        "local-exec",
    ),
    (
        "plans_repeat",
        MODULE,
        {"key.tf": '# timestamp()\nresource "x" "y" {\n  at = timestamp()\n}\n'},
        "key.tf:3",
        "timestamp()",
    ),
    (
        "account_ids_are_data",
        ROOT,
        {"locals.tf": BACKEND + f'\nlocals {{\n  account = "{DEV_ACCOUNT}"\n}}\n'},
        "locals.tf:16",
        f"{DEV_ACCOUNT} is written out",
    ),
    (
        "state_lies_in_the_own_account",
        ROOT,
        {"backend.tf": BACKEND.replace("dev/", "qa/")},
        "backend.tf:4",
        "write 'dev/terraform.tfstate'",
    ),
    (
        "state_lies_in_the_own_account",
        ROOT,
        {"backend.tf": BACKEND.replace("    encrypt             = true\n", "")},
        "backend.tf:2",
        "encrypt of the backend is None",
    ),
    (
        "state_lies_in_the_own_account",
        ROOT,
        {"backend.tf": BACKEND.replace("    key ", '    profile = "mine"\n    key ')},
        "backend.tf:4",
        "profile of the backend is not agreed",
    ),
    (
        "state_lies_in_the_own_account",
        ROOT,
        {"backend.tf": 'terraform {\n  backend "local" {\n  }\n}\n'},
        "backend.tf:2",
        "not s3",
    ),
    ("state_lies_in_the_own_account", ROOT, {}, "backend.tf:1", "no backend"),
    (
        "state_lies_in_the_own_account",
        "environments/bootstrap",
        {"backend.tf": BACKEND},
        "backend.tf:2",
        "take it out",
    ),
    (
        "everything_is_tagged",
        ROOT,
        {"providers.tf": 'provider "aws" {\n  region = var.region\n}\n'},
        "providers.tf:1",
        "no tag scope",
    ),
    (
        "everything_is_tagged",
        ROOT,
        {
            "providers.tf": 'provider "aws" {\n  default_tags {\n    tags = {\n'
            '      environment = "dev"\n      owner = "us"\n      scope = "pci"\n    }\n  }\n}\n'
        },
        "providers.tf:1",
        "no tag data",
    ),
    (
        "nothing_is_deprecated_in_provider_6",
        MODULE,
        {"locals.tf": "locals {\n  region = data.aws_region.current.name\n}\n"},
        "locals.tf:2",
        "data.aws_service",
    ),
    (
        "nothing_is_deprecated_in_provider_6",
        MODULE,
        {"locals.tf": "locals {\n  url = aws_api_gateway_deployment.release.invoke_url\n}\n"},
        "locals.tf:2",
        "aws_api_gateway_stage",
    ),
    (
        "nothing_is_deprecated_in_provider_6",
        MODULE,
        {"object.tf": 'resource "aws_s3_bucket_object" "page" {\n}\n'},
        "object.tf:1",
        "aws_s3_object",
    ),
    (
        "nothing_is_deprecated_in_provider_6",
        MODULE,
        {"parameter.tf": 'resource "aws_ssm_parameter" "rate" {\n  overwrite = true\n}\n'},
        "parameter.tf:2",
        "overwrite of aws_ssm_parameter",
    ),
]


@pytest.mark.parametrize(("rule", "name", "files", "place", "words"), BAD)
def test_a_breach_is_found(
    rule: str, name: str, files: dict[str, str], place: str, words: str, tmp_path: Path
) -> None:
    contents = {file: text for file, text in {**GOOD, **files}.items() if text or file == "main.tf"}
    folder = folder_of(tmp_path, name, contents)
    (check,) = (known for known in RULES if known.__name__ == rule)
    findings = [str(finding) for finding in check(folder)]
    found = [finding for finding in findings if words in finding]
    assert found, f"none of {findings} says {words!r}"
    assert found[0].startswith(f"{folder.path}/{place}: ")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.__name__))
def test_a_good_folder_passes(rule: Callable[[Folder], Iterator[Finding]], tmp_path: Path) -> None:
    assert not list(rule(folder_of(tmp_path, MODULE, GOOD)))
    root = {**GOOD, "backend.tf": BACKEND}
    assert not list(rule(folder_of(tmp_path, ROOT, root)))


def test_a_refusal_may_name_a_date(tmp_path: Path) -> None:
    refusal = "validation {\n  condition     = false\n  error_message = plantimestamp()\n}"
    folder = folder_of(tmp_path, MODULE, {**GOOD, **variable(refusal)})
    assert not list(plans_repeat(folder))


def test_every_rule_has_a_breach_to_find() -> None:
    assert {rule.__name__ for rule in RULES} == {case[0] for case in BAD}
