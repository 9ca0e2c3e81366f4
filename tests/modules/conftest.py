"""Roots that use the modules as a consumer does: by README example, or by a JSON configuration."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.aws import EmbeddedAWS
from harness.terraform import Diagnostic, Terraform, TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from harness.terraform import Plan, Root

REPOSITORY = Path(__file__).resolve().parents[2]
ACCOUNT_ID = "555555555555"
EXAMPLES = ("api-gateway", "data", "lambda-service", "payment-platform")
LOGS_KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/logs"

_EXAMPLE = re.compile(r"^## Example\n.*?^```hcl\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PUBLISHED_SOURCE = re.compile(r'"github\.com/[^"]+//modules/([a-z-]+)\?ref=[^"]+"')
_RULE = re.compile(r"validation rule at \S*?modules/([a-z-]+)/variables\.tf:(\d+)")


@dataclass(frozen=True)
class Consumer:
    """Writes roots in a folder where `modules/`, `lambda_src/` and `dist/` are at hand."""

    terraform: Terraform
    folder: Path
    release: Path
    environment: Mapping[str, str]

    def root(self, name: str, files: Mapping[str, str]) -> Root:
        """Write and initialise a root; files may lie in folders."""
        directory = self.folder / name
        for file, text in {"provider.tf": 'provider "aws" {}\n', **files}.items():
            path = directory / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for link, target in {
            "dist": self.release,
            "lambda_src": REPOSITORY / "lambda_src",
            "modules": REPOSITORY / "modules",
        }.items():
            (directory / link).symlink_to(target)
        root = self.terraform.root(
            directory, workdir=self.folder / f"{name}-run", environment=self.environment
        )
        root.init()
        return root

    def modules(self, module: str, calls: Mapping[str, Mapping[str, Any]]) -> Root:
        """Make a root that calls one module several times, each call with its own arguments."""
        blocks = {
            call: {"source": f"./modules/{module}", **arguments}
            for call, arguments in calls.items()
        }
        return self.root(
            f"{module}-{len(list(self.folder.iterdir()))}",
            {"main.tf.json": json.dumps({"module": blocks}, indent=1)},
        )


def example_of(module: str) -> str:
    """Extract a README's example, its sources being this repository's modules."""
    readme = (REPOSITORY / "modules" / module / "README.md").read_text(encoding="utf-8")
    example = _EXAMPLE.search(readme)
    assert example, f"modules/{module}/README.md has no example"
    return _PUBLISHED_SOURCE.sub(r'"../modules/\1"', example[1])


@dataclass(frozen=True)
class Refusals:
    """What Terraform said about calls of a module that are each wrong in one way."""

    module: str
    errors: tuple[Diagnostic, ...]

    def of(self, call: str) -> list[str]:
        """The messages about one call."""
        return [error.message for error in self.errors if error.context == f"module.{call}"]

    @property
    def untriggered_rules(self) -> set[int]:
        """Lines of the module's variables.tf where a validation begins that no call triggered."""
        triggered = {
            int(line)
            for error in self.errors
            for module, line in _RULE.findall(error.detail)
            if module == self.module
        }
        text = (REPOSITORY / "modules" / self.module / "variables.tf").read_text(encoding="utf-8")
        lines = enumerate(text.splitlines(), start=1)
        return {number for number, line in lines if line.strip() == "validation {"} - triggered


@pytest.fixture(scope="session")
def aws(territory: str) -> Iterator[EmbeddedAWS]:  # noqa: ARG001 - ends with the folder
    with EmbeddedAWS() as embedded:
        yield embedded


@pytest.fixture(scope="session")
def terraform() -> Terraform:
    return Terraform.discover()


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release like that of `make package`, with a handler that does nothing."""
    folder = tmp_path_factory.mktemp("dist")
    artifact = folder / "transaction_gateway.zip"
    with zipfile.ZipFile(artifact, "w") as archive:
        archive.writestr("transaction_gateway/handler.py", "def handle(event, context): ...\n")
    digest = hashlib.sha256(artifact.read_bytes()).digest()
    listing = {"file": artifact.name, "sha256_base64": base64.b64encode(digest).decode()}
    (folder / "release.json").write_text(json.dumps({"transaction_gateway": listing}))
    return folder


@pytest.fixture(scope="session")
def consumer(
    terraform: Terraform, aws: EmbeddedAWS, release: Path, tmp_path_factory: pytest.TempPathFactory
) -> Consumer:
    return Consumer(
        terraform, tmp_path_factory.mktemp("roots"), release, aws.environment(ACCOUNT_ID)
    )


@pytest.fixture(scope="session")
def refuse(consumer: Consumer) -> Callable[..., Refusals]:
    """Plan calls of a module that are all refused, and give what was said about them.

    Terraform compares variables only when each by itself is right, so the calls that weren't
    refused at first are planned again without the others.
    """

    def plan(
        module: str, good: Mapping[str, Any], bad: Mapping[str, Mapping[str, Any]]
    ) -> Refusals:
        calls = {call: {**good, **arguments} for call, arguments in bad.items()}
        at_once = Refusals(module, _errors(consumer.modules(module, calls)))
        quiet = {call: arguments for call, arguments in calls.items() if not at_once.of(call)}
        later = _errors(consumer.modules(module, quiet)) if quiet else ()
        return Refusals(module, at_once.errors + later)

    return plan


def _errors(root: Root) -> tuple[Diagnostic, ...]:
    try:
        root.plan()
    except TerraformError as refused:
        return refused.errors
    return ()


@dataclass(frozen=True)
class Examples:
    """Every module's README example, planned in one root and applied in the background."""

    root: Root
    aws: EmbeddedAWS
    plan: Plan
    applying: Future[Any]

    def planned(self, module: str) -> dict[str, Mapping[str, Any]]:
        """The planned values of one example's resources, by their address in it."""
        every = {address: resource.values for address, resource in self.plan.resources.items()}
        return _below(module, every)

    def applied(self, module: str) -> dict[str, Mapping[str, Any]]:
        """Wait for the apply, and give the values of one example's resources."""
        return _below(module, self._state)

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
    request: pytest.FixtureRequest, consumer: Consumer, aws: EmbeddedAWS
) -> Iterator[Examples | None]:
    """Begin the apply before the first test: it waits more than it works, so others run beside it.

    At the end everything must go without a trace in the state.
    """
    if not any("examples" in getattr(test, "fixturenames", ()) for test in request.session.items):
        yield None
        return
    calls: dict[str, dict[str, str]] = {module: {"source": f"./{module}"} for module in EXAMPLES}
    calls["api-gateway"]["logs_key_arn"] = LOGS_KEY_ARN
    files = {f"{module}/example.tf": example_of(module) for module in EXAMPLES}
    root = consumer.root("examples", {**files, "main.tf.json": json.dumps({"module": calls})})
    plan = root.plan()
    with ThreadPoolExecutor(1) as executor:
        examples = Examples(root, aws, plan, executor.submit(root.apply, plan))
        yield examples
    _take_protection_off(examples)
    root.destroy()
    assert not root.state().get("values"), "left in the state after the destroy"


@pytest.fixture(scope="session")
def examples(started_examples: Examples) -> Examples:
    return started_examples


def _take_protection_off(examples: Examples) -> None:
    """Do what an operator must before a protected table can go."""
    dynamodb = examples.client("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)


def _below(module: str, resources: Mapping[str, Any]) -> dict[str, Any]:
    prefix = f"module.{module}."
    return {
        address.removeprefix(prefix): values
        for address, values in resources.items()
        if address.startswith(prefix)
    }


def _managed(module: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in module.get("resources", ()):
        if resource["mode"] == "managed":
            yield resource["address"], resource["values"]
    for child in module.get("child_modules", ()):
        yield from _managed(child)
