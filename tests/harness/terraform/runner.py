"""Runs Terraform roots and single modules: init, plan, apply, destroy and outputs as Python.

terraform = Terraform.discover()
root = terraform.root(Path("environments/dev"), workdir=tmp, environment=aws.environment())
root.init()
root.apply(progress=print)
assert root.plan().is_empty
root.destroy()
"""

from __future__ import annotations

import difflib
import json
import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.terraform import process, stage
from harness.terraform.errors import Diagnostic, TerraformError, TerraformTimeoutError
from harness.terraform.executable import TerraformCli, find_cli
from harness.terraform.plan import ApplyResult, ChangeCounts, Outputs, Plan
from harness.terraform.progress import ProgressCallback, ProgressTracker
from harness.terraform.providers import ProviderSource, find_providers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_VARIABLE = re.compile(r'^\s*variable\s+"([^"]+)"', re.MULTILINE)
_PLANNED_CHANGES = 2
"""The exit code of `plan -detailed-exitcode` when something would change."""


@dataclass(frozen=True)
class Terraform:
    """A Terraform and a source of the AWS provider."""

    cli: TerraformCli
    providers: ProviderSource

    @classmethod
    def discover(cls, plugin_dir: Path | None = None) -> Terraform:
        """Find both on this machine; `python -m harness.terraform` prints what this finds.

        Raises:
            DiscoveryError: nothing usable was found; says where it looked and what to set.
        """
        cli = find_cli()
        return cls(cli, find_providers(cli.platform, plugin_dir))

    def root(
        self,
        directory: Path,
        *,
        workdir: Path,
        environment: Mapping[str, str],
        variables: Mapping[str, Any] | None = None,
        parallelism: int = 10,
        timeout_seconds: float = 900,
        grace_seconds: float = 60,
    ) -> Root:
        """Prepare to run the root module in `directory`, writing to `workdir` alone.

        `environment` holds the credentials and, for the embedded AWS, its address: no `AWS_*` or
        `TF_*` variable of this process reaches Terraform, so no run touches an account by accident.

        Raises:
            FileNotFoundError: `directory` holds no Terraform files.
            ValueError: a variable is given that the root doesn't declare.
        """
        return Root(
            self,
            directory,
            workdir,
            environment,
            variables or {},
            parallelism=parallelism,
            timeout_seconds=timeout_seconds,
            grace_seconds=grace_seconds,
        )

    def module(
        self,
        path: Path,
        *,
        workdir: Path,
        environment: Mapping[str, str],
        variables: Mapping[str, Any] | None = None,
        providers: Mapping[str, Mapping[str, Any]] | None = None,
        **limits: float,
    ) -> Root:
        """Prepare to run a single module as if it were a root, so addresses carry no prefix.

        `providers` configures the AWS provider by alias (`""` is the default one), for modules that
        declare `configuration_aliases`.
        """
        root = Root(self, path, workdir, environment, variables or {}, **limits)
        if providers:
            root.add_file("providers.tf.json", _provider_blocks(providers))
        return root


class Root:
    """One root module with a working directory, state and variables of its own."""

    def __init__(
        self,
        terraform: Terraform,
        directory: Path,
        workdir: Path,
        environment: Mapping[str, str],
        variables: Mapping[str, Any],
        *,
        parallelism: float = 10,
        timeout_seconds: float = 900,
        grace_seconds: float = 60,
    ) -> None:
        self.terraform = terraform
        self.directory = directory.resolve()
        self.workdir = workdir.resolve()
        self.variables = dict(variables)
        self.parallelism = int(parallelism)
        self.timeout_seconds = timeout_seconds
        self.grace_seconds = grace_seconds
        self._extra_files: dict[str, str] = {}
        _check_variables(self.directory, self.variables)
        self.workdir.mkdir(parents=True, exist_ok=True)
        self.environment = self._environment(environment)

    @property
    def plan_path(self) -> Path:
        """Where `plan` saves the plan."""
        return self.workdir / "plan.tfplan"

    def add_file(self, name: str, text: str) -> None:
        """Add a file to what Terraform sees beside the root's own, such as provider blocks."""
        self._extra_files[name] = text

    def init(self, *, timeout_seconds: float | None = None) -> None:
        """Install the provider and set up the backend.

        A lock file of the root is binding; without one the run makes one of its own.
        """
        locked = (self.directory / stage.LOCK_FILE).exists()
        arguments = ["-reconfigure", *(["-lockfile=readonly"] if locked else [])]
        try:
            self._run("init", *arguments, timeout_seconds=timeout_seconds)
        except TerraformError as error:
            if not any("provider" in item.summary.lower() for item in error.errors):
                raise
            raise TerraformError(
                "init",
                self.directory,
                error.diagnostics,
                exit_code=error.exit_code,
                hint=self.terraform.providers.explain(),
            ) from None

    def plan(
        self,
        *,
        destroy: bool = False,
        progress: ProgressCallback | None = None,
        timeout_seconds: float | None = None,
    ) -> Plan:
        """Plan, save the plan, and return what it says."""
        tracker = ProgressTracker("plan", progress)
        code = self._run(
            "plan",
            "-detailed-exitcode",
            f"-out={self.plan_path}",
            *self._variable_arguments(),
            *(["-destroy"] if destroy else []),
            f"-parallelism={self.parallelism}",
            tracker=tracker,
            timeout_seconds=timeout_seconds,
        )
        return Plan.from_json(
            self.plan_path,
            self._read_json("show", str(self.plan_path)),
            is_empty=code != _PLANNED_CHANGES,
            counts=ChangeCounts.from_json(tracker.changes),
        )

    def apply(
        self,
        plan: Plan | None = None,
        *,
        progress: ProgressCallback | None = None,
        timeout_seconds: float | None = None,
    ) -> ApplyResult:
        """Apply `plan`, or what Terraform plans now. A failure leaves a state to destroy."""
        what = ["-auto-approve", *self._variable_arguments()] if plan is None else [str(plan.path)]
        tracker = ProgressTracker("apply", progress, plan.counts.total if plan else None)
        return self._change(tracker, *what, timeout_seconds=timeout_seconds)

    def destroy(
        self, *, progress: ProgressCallback | None = None, timeout_seconds: float | None = None
    ) -> ApplyResult:
        """Destroy everything in the state."""
        tracker = ProgressTracker("destroy", progress)
        what = ["-auto-approve", *self._variable_arguments()]
        return self._change(tracker, *what, timeout_seconds=timeout_seconds)

    def outputs(self) -> Outputs:
        """Read the outputs from the state, sensitive ones included."""
        return Outputs(self._read_json("output"))

    def state(self) -> Mapping[str, Any]:
        """Read the state as `terraform show -json` gives it, sensitive values included."""
        return self._read_json("show")

    def _change(
        self, tracker: ProgressTracker, *arguments: str, timeout_seconds: float | None
    ) -> ApplyResult:
        started = time.monotonic()
        self._run(
            tracker.command,
            f"-parallelism={self.parallelism}",
            *arguments,
            tracker=tracker,
            timeout_seconds=timeout_seconds,
        )
        seconds = time.monotonic() - started
        return ApplyResult(ChangeCounts.from_json(tracker.changes), seconds)

    def _run(
        self,
        command: str,
        *arguments: str,
        tracker: ProgressTracker | None = None,
        timeout_seconds: float | None = None,
    ) -> int:
        """Run a command that reports in Terraform's JSON user interface; return its exit code."""
        tracker = tracker or ProgressTracker(command)
        diagnostics: list[Diagnostic] = []
        plain: list[str] = []

        def on_line(line: str) -> None:
            try:
                event = json.loads(line)
            except ValueError:
                plain.append(line)
                return
            if event.get("type") == "diagnostic":
                diagnostics.append(Diagnostic.from_json(event["diagnostic"], self.directory))
            tracker.feed(event)

        code = self._execute(
            command, "-json", "-input=false", *arguments, on_line=on_line, tracker=tracker,
            timeout_seconds=timeout_seconds,
        )  # fmt: skip
        succeeded = code == 0 or (command == "plan" and code == _PLANNED_CHANGES)
        if not succeeded:
            output = "\n".join([*plain, self._stderr.read_text(errors="replace")])
            raise TerraformError(
                command, self.directory, diagnostics, exit_code=code, output=output
            )
        return code

    def _read_json(self, command: str, *arguments: str) -> dict[str, Any]:
        """Run a command that prints one JSON document, and return it."""
        lines: list[str] = []
        code = self._execute(command, "-json", *arguments, on_line=lines.append)
        if code != 0:
            output = "\n".join([*lines, self._stderr.read_text(errors="replace")])
            raise TerraformError(command, self.directory, exit_code=code, output=output)
        document: dict[str, Any] = json.loads("\n".join(lines))
        return document

    def _execute(
        self,
        command: str,
        *arguments: str,
        on_line: Any,
        tracker: ProgressTracker | None = None,
        timeout_seconds: float | None = None,
    ) -> int:
        seconds = timeout_seconds if timeout_seconds is not None else self.timeout_seconds
        try:
            return process.run(
                [*self.terraform.cli.argv, command, *arguments],
                cwd=self._stage(),
                environment=self.environment,
                stderr=self._stderr,
                on_line=on_line,
                timeout_seconds=seconds,
                grace_seconds=self.grace_seconds,
            )
        except process.CommandTimeoutError:
            unfinished = tracker.unfinished if tracker else ()
            raise TerraformTimeoutError(command, self.directory, seconds, unfinished) from None

    @property
    def _stderr(self) -> Path:
        return self.workdir / "stderr.log"

    def _stage(self) -> Path:
        staged = stage.build(self.directory, self.workdir / "stage")
        for name, text in self._extra_files.items():
            (staged / name).write_text(text)
        return staged

    def _variable_arguments(self) -> list[str]:
        """Pass variables in a file: it takes any type, and no secret shows in a process list."""
        path = self.workdir / "variables.tfvars.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.variables))
        return [f"-var-file={path}"]

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TF_")) or name in ("TF_LOG", "TF_LOG_PATH")
        }
        config = self.terraform.providers.write_cli_config(self.workdir)
        return inherited | {
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_DATA_DIR": str(self.workdir / "data"),
            "TF_CLI_CONFIG_FILE": str(config),
            **given,
        }


def _check_variables(directory: Path, variables: Mapping[str, Any]) -> None:
    files = sorted(directory.glob("*.tf"))
    if not files:
        raise FileNotFoundError(f"{directory} holds no Terraform files (*.tf)")
    declared = sorted(
        name for path in files for name in _VARIABLE.findall(path.read_text(encoding="utf-8"))
    )
    for name in variables:
        if name not in declared:
            close = difflib.get_close_matches(name, declared, n=1)
            guess = f" (did you mean {close[0]!r}?)" if close else ""
            listed = ", ".join(declared) or "none"
            raise ValueError(
                f"{directory} declares no variable {name!r}{guess}; it declares: {listed}"
            )


def _provider_blocks(providers: Mapping[str, Mapping[str, Any]]) -> str:
    blocks = [
        {**({"alias": alias} if alias else {}), **configuration}
        for alias, configuration in providers.items()
    ]
    return json.dumps({"provider": {"aws": blocks}})
