"""A release to plan with, and the examples of the modules' READMEs, applied."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import Options
from harness.testing.examples import examples_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.aws import EmbeddedAWS
    from harness.terraform import Plan, Root, Terraform
    from harness.testing.examples import Example

REPOSITORY = Path(__file__).resolve().parents[2]
ACCOUNT_ID = Options().account_id


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release like that of `make package`, with a handler that does nothing."""
    folder = tmp_path_factory.mktemp("dist")
    artifact = folder / "transaction_gateway.zip"
    with zipfile.ZipFile(artifact, "w") as archive:
        handler = zipfile.ZipInfo("transaction_gateway/handler.py", (2020, 1, 1, 0, 0, 0))
        archive.writestr(handler, "def handle(event, context): ...\n")
    digest = hashlib.sha256(artifact.read_bytes()).digest()
    listing = {"file": artifact.name, "sha256_base64": base64.b64encode(digest).decode()}
    (folder / "release.json").write_text(json.dumps({"transaction_gateway": listing}))
    return folder


@pytest.fixture(scope="session")
def example_surroundings(release: Path) -> Mapping[str, Path]:
    return {"dist": release, "lambda_src": REPOSITORY / "lambda_src"}


@dataclass(frozen=True)
class Examples:
    """Every module's README example, in one root and applied in the background."""

    root: Root
    aws: EmbeddedAWS
    applying: Future[Any]

    def applied(self, module: str) -> dict[str, Mapping[str, Any]]:
        """Wait for the apply, and give the values of one example's resources."""
        prefix = f"module.{module}."
        return {
            address.removeprefix(prefix): values
            for address, values in self._state.items()
            if address.startswith(prefix)
        }

    @cached_property
    def _state(self) -> dict[str, Mapping[str, Any]]:
        self.applying.result()
        return dict(_managed(self.root.state()["values"]["root_module"]))

    def client(self, service: str) -> Any:
        """Wait for the apply, and give a boto3 client in its account."""
        self.applying.result()
        return self.aws.client(service, ACCOUNT_ID)

    def plan_with(self, module: str, override: str) -> Plan:
        """Wait for the apply, and plan a change of one example's arguments."""
        self.applying.result()
        path = self.root.directory / module / "change_override.tf"
        path.write_text(override, encoding="utf-8")
        try:
            return self.root.plan()
        finally:
            path.unlink()


@pytest.fixture(scope="session", autouse=True)
def started_examples(
    request: pytest.FixtureRequest,
    terraform: Terraform,
    aws: EmbeddedAWS,
    example_surroundings: Mapping[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Examples | None]:
    """Begin the apply before the first test: it waits more than it works, so others run beside it.

    At the end everything must go without a trace in the state.
    """
    if not any("examples" in getattr(test, "fixturenames", ()) for test in request.session.items):
        yield None
        return
    directory = tmp_path_factory.mktemp("applied") / "examples"
    _write_examples(directory, example_surroundings)
    environment = aws.environment(ACCOUNT_ID)
    root = terraform.root(directory, workdir=directory.parent / "run", environment=environment)
    root.init()
    with ThreadPoolExecutor(1) as executor:
        examples = Examples(root, aws, executor.submit(root.apply))
        yield examples
    _take_protection_off(examples)
    root.destroy()
    assert not root.state().get("values"), "left in the state after the destroy"


@pytest.fixture(scope="session")
def examples(started_examples: Examples) -> Examples:
    return started_examples


def _write_examples(directory: Path, surroundings: Mapping[str, Path]) -> None:
    """Write one root that calls every example to apply by the name of its module."""
    calls: dict[str, Mapping[str, Any]] = {}
    for example in _examples_to_apply():
        name = example.page.parent.name
        example.write(directory / name, REPOSITORY, {})
        calls[name] = {"source": f"./{name}", **example.variables}
    for link, target in surroundings.items():
        (directory / link).symlink_to(target)
    (directory / "provider.tf").write_text('provider "aws" {}\n')
    (directory / "main.tf.json").write_text(json.dumps({"module": calls}, indent=1))


def _examples_to_apply() -> Iterator[Example]:
    for page in sorted(REPOSITORY.glob("modules/*/README.md")):
        yield from (example for example in examples_of(page) if example.applies)


def _take_protection_off(examples: Examples) -> None:
    """Do what an operator must before a protected table can go."""
    dynamodb = examples.client("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)


def _managed(module: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in module.get("resources", ()):
        if resource["mode"] == "managed":
            yield resource["address"], resource["values"]
    for child in module.get("child_modules", ()):
        yield from _managed(child)
