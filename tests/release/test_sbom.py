"""The bill of materials is CycloneDX by its own schema, and holds what the lock files pin."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from harness.testing import pci
from promotion import bundle, locks
from promotion.checkout import HERE
from promotion.errors import BrokenInputError
from promotion.functions import FUNCTIONS
from promotion.images import IMAGES, lock_of

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


@pytest.fixture(scope="module")
def text(built: bundle.Release) -> str:
    return (built.directory / bundle.SBOM).read_text()


@pytest.fixture(scope="module")
def components(text: str) -> dict[str, dict[str, Any]]:
    return {each["bom-ref"]: each for each in json.loads(text)["components"]}


@pytest.fixture(scope="module")
def reached(text: str) -> dict[str, set[str]]:
    """What each component depends on, directly or not."""
    direct = {each["ref"]: each.get("dependsOn", []) for each in json.loads(text)["dependencies"]}

    def follow(reference: str, seen: set[str]) -> set[str]:
        for each in direct[reference]:
            if each not in seen:
                follow(each, seen | {each})
                seen.add(each)
                seen |= follow(each, seen)
        return seen

    return {reference: follow(reference, set()) for reference in direct}


@pci("6.3.2")
def test_it_is_what_the_schema_of_cyclonedx_wants(text: str) -> None:
    assert VALIDATOR.validate_str(text) is None


def test_the_schema_would_notice(text: str) -> None:
    document = json.loads(text)
    document["components"][0]["kind"] = "library"
    assert VALIDATOR.validate_str(json.dumps(document)) is not None


def pinned(lock: str) -> dict[str, str]:
    """Read name and version of each package, independently of the code that is tested."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", (HERE / lock).read_text(), re.MULTILINE))


@pci("6.3.2")
@pytest.mark.parametrize("service", IMAGES)
def test_an_image_depends_on_every_package_of_its_lock_and_no_other(
    reached: dict[str, set[str]], components: dict[str, dict[str, Any]], service: str
) -> None:
    found = {components[each]["name"]: each for each in reached[f"image:{service}"]}
    locked = pinned(lock_of(service))
    assert set(found) == set(locked) | set(IMAGES[service])
    for name, version in locked.items():
        assert found[name] == f"pkg:pypi/{name}@{version}"
        (where,) = components[found[name]]["externalReferences"]
        hashes = {each["content"] for each in where["hashes"]}
        assert hashes
        assert all(
            f"--hash=sha256:{each}" in (HERE / lock_of(service)).read_text() for each in hashes
        )


@pci("6.3.2")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_named_by_its_zip_and_depends_on_its_packages(
    built: bundle.Release,
    reached: dict[str, set[str]],
    components: dict[str, dict[str, Any]],
    name: str,
) -> None:
    function = components[f"function:{name}"]
    digest = built.manifest["functions"][name]["sha256"]
    assert function["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert reached[f"function:{name}"] == {f"package:{each}" for each in FUNCTIONS[name]}


@pci("6.3.2")
def test_terraforms_providers_are_those_of_the_lock_files(
    text: str, components: dict[str, dict[str, Any]]
) -> None:
    (project,) = [
        each for each in json.loads(text)["dependencies"] if each["ref"].startswith("project:")
    ]
    direct = {each for each in project["dependsOn"] if each.startswith("pkg:terraform/")}
    versions = {
        re.search(r'version += "([^"]+)"', path.read_text())[1]  # type: ignore[index]
        for path in HERE.glob("environments/*/.terraform.lock.hcl")
    }
    assert direct == {f"pkg:terraform/hashicorp/aws@{version}" for version in versions}
    for each in direct:
        (where,) = components[each]["externalReferences"]
        assert len(where["hashes"]) >= 10


def test_it_says_of_which_version_it_is_and_that_images_are_not_built(
    built: bundle.Release, text: str, components: dict[str, dict[str, Any]]
) -> None:
    metadata = json.loads(text)["metadata"]
    assert metadata["component"]["version"] == built.version
    for service in IMAGES:
        said = {
            each["name"]: each["value"] for each in components[f"image:{service}"]["properties"]
        }
        assert said["payments:status"] == "images not built"
        assert said["payments:digest"] == built.manifest["images"][service]["digest"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("click==8.5.1\n    # via uvicorn\n", "no hash of click"),
        ("click>=8.5.1 \\\n    --hash=sha256:00\n", "has the line 'click>=8.5.1"),
        ("    --hash=sha256:" + "0" * 64, "has the line"),
        ("https://example.com/click.whl\n", "has the line"),
    ],
)
def test_a_lock_that_pins_nothing_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(BrokenInputError, match=complaint):
        locks.packages(text, "requirements-x.lock")


@pytest.mark.parametrize(
    "form", ["    # via uvicorn\n", "    # via\n    #   -c a.lock\n    #   uvicorn\n"]
)
def test_a_lock_tells_who_wants_a_package(form: str) -> None:
    pin = "click==8.5.1 ; python_full_version < '3.15' \\\n    --hash=sha256:" + "0" * 64 + "\n"
    (package,) = locks.packages(f"# made by uv\n{pin}{form}", "requirements-x.lock")
    assert (package.name, package.version, package.wanted_by) == ("click", "8.5.1", ["uvicorn"])
    assert not package.is_direct


PROVIDER = """provider "registry.terraform.io/hashicorp/aws" {{
{version}  hashes = [
    "h1:abc=",
{archive}  ]
}}
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        PROVIDER.format(version="", archive=f'    "zh:{"0" * 64}",\n'),
        PROVIDER.format(version='  version     = "5.100.0"\n', archive=""),
    ],
)
def test_a_lock_of_terraform_that_is_not_whole_is_refused(text: str) -> None:
    with pytest.raises(BrokenInputError, match="isn't a whole lock file"):
        locks.providers(text, ".terraform.lock.hcl")
