"""One root module with a working directory, state and variables of its own."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.terraform import installation, process, stage
from harness.terraform.errors import Diagnostic, TerraformError, TerraformTimeoutError
from harness.terraform.plan import ApplyResult, ChangeCounts, Outputs, Plan
from harness.terraform.progress import ProgressTracker
from harness.terraform.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from harness.terraform.executable import TerraformCli
    from harness.terraform.progress import ProgressCallback
    from harness.terraform.providers import ProviderSource
    from harness.terraform.warm import WarmProviders

_PLANNED_CHANGES = 2
"""The exit code of `plan -detailed-exitcode` when something would change."""

_INHERITED = ("TF_LOG", "TF_LOG_PATH")
_OURS_TO_KNOW = "Deprecated flag: -state"
_WITHOUT_PROVIDER = ("output", "state pull")
_INSTALLATION_FAILED = ("provider package", "install provider")


class Root:
    """Runs Terraform commands on one root module; made by `Terraform.root` or `.module`.

    Every command raises `TerraformError` when Terraform reports an error, and
    `TerraformTimeoutError` after `timeout_seconds` of the command or, by default, of the root.
    Ctrl-C and SIGTERM let Terraform save its state and release its lock first, for up to
    `grace_seconds`; then no process of it is left.
    """

    def __init__(
        self,
        cli: TerraformCli,
        providers: ProviderSource,
        directory: Path,
        *,
        workdir: Path,
        environment: Mapping[str, str],
        variables: Mapping[str, Any] | None = None,
        extra_files: Mapping[str, str] | None = None,
        warm: WarmProviders | None = None,
        parallelism: int = 10,
        timeout_seconds: float = 900,
        grace_seconds: float = 60,
    ) -> None:
        self.cli = cli
        self.providers = providers
        self.directory = directory.resolve()
        self.workdir = workdir.resolve()
        self.extra_files = dict(extra_files or {})
        self.parallelism = parallelism
        self.timeout_seconds = timeout_seconds
        self.grace_seconds = grace_seconds
        values = self.workdir / "variables.tfvars.json"
        self.variables = Variables.check(self.directory, values, variables or {})
        self.workdir.mkdir(parents=True, exist_ok=True)
        self._staging = threading.Lock()
        self.environment = self._environment(environment)
        self._warm = warm if _may_be_warm(self.environment) else None

    def init(self, *, timeout_seconds: float | None = None) -> None:
        """Install the provider and set up the backend.

        A lock file beside the root is binding; without one the run makes one of its own.
        """
        if self._warm is not None:
            self._init(_nobody(), timeout_seconds)  # it starts no provider
            if self._constraints() in self._warm.installations:
                return
        try:
            with self.providers.exclusively():
                self._init({}, timeout_seconds)
        except TerraformError as error:
            summaries = " ".join(item.summary for item in error.errors)
            if any(sign in summaries for sign in _INSTALLATION_FAILED):
                raise error.with_hint(self.providers.explain()) from None
            raise
        if self._warm is not None:
            binary = installation.installed(self._stage(), self._data)
            self._warm.installations[self._constraints()] = binary

    def plan(
        self,
        *,
        destroy: bool = False,
        progress: ProgressCallback | None = None,
        timeout_seconds: float | None = None,
    ) -> Plan:
        """Plan, save the plan, and return what it says."""
        tracker = ProgressTracker("plan", progress)
        wanted = ["-destroy"] if destroy else []
        return self._plan(tracker, self.variables, *wanted, timeout_seconds=timeout_seconds)

    def plan_from_nothing(self, variables: Mapping[str, Any] | None = None) -> Plan:
        """Plan as if nothing had been applied, with `variables` instead of the root's own.

        Threads may do so at once: no state is read, written or locked. The backend must be a
        local one.

        Raises:
            ValueError: a variable is given that the root doesn't declare.
        """
        run = uuid.uuid4().hex
        values = self.workdir / f"{run}.tfvars.json"
        checked = Variables.check(self.directory, values, variables or {})
        nothing = [f"-state={self.workdir / run}.tfstate", "-lock=false"]
        try:
            plan = self._plan(ProgressTracker("plan"), checked, *nothing)
        finally:
            values.unlink(missing_ok=True)
        warnings = tuple(item for item in plan.warnings if item.summary != _OURS_TO_KNOW)
        return replace(plan, warnings=warnings)

    def apply(
        self,
        plan: Plan | None = None,
        *,
        progress: ProgressCallback | None = None,
        timeout_seconds: float | None = None,
    ) -> ApplyResult:
        """Apply `plan`, or what Terraform plans now. A failure leaves a state to destroy."""
        tracker = ProgressTracker("apply", progress, plan.counts.total if plan else None)
        what = [str(plan.path)] if plan else ["-auto-approve", self.variables.write()]
        return self._change(tracker, *what, timeout_seconds=timeout_seconds)

    def destroy(
        self, *, progress: ProgressCallback | None = None, timeout_seconds: float | None = None
    ) -> ApplyResult:
        """Destroy everything in the state."""
        tracker = ProgressTracker("destroy", progress)
        what = ["-auto-approve", self.variables.write()]
        return self._change(tracker, *what, timeout_seconds=timeout_seconds)

    def outputs(self) -> Outputs:
        """Read the outputs from the state, sensitive ones included."""
        return Outputs(self._read_json("output"))

    def state(self) -> Mapping[str, Any]:
        """Read the state as `terraform show -json` gives it, sensitive values included."""
        return self._read_json("show")

    def provider_schemas(self) -> Mapping[str, Any]:
        """Read what the providers say about their resources, by provider address."""
        schemas: Mapping[str, Any] = self._read_json("providers schema")["provider_schemas"]
        return schemas

    def _plan(
        self,
        tracker: ProgressTracker,
        variables: Variables,
        *arguments: str,
        timeout_seconds: float | None = None,
    ) -> Plan:
        path = self.workdir / f"{uuid.uuid4().hex}.tfplan"
        code, warnings = self._run(
            tracker,
            "-detailed-exitcode",
            f"-out={path}",
            f"-parallelism={self.parallelism}",
            variables.write(),
            *arguments,
            variables=variables,
            timeout_seconds=timeout_seconds,
        )
        return Plan(
            path=path,
            is_empty=code != _PLANNED_CHANGES,
            counts=ChangeCounts.from_json(tracker.changes),
            warnings=warnings,
            load=lambda: self._read_json("show", str(path)),
        )

    def _init(self, provider: Mapping[str, str], timeout_seconds: float | None) -> None:
        locked = (self.directory / stage.LOCK_FILE).exists()
        arguments = ["-reconfigure", *(["-lockfile=readonly"] if locked else [])]
        self._run(
            ProgressTracker("init"), *arguments, provider=provider, timeout_seconds=timeout_seconds
        )

    def _change(
        self, tracker: ProgressTracker, *arguments: str, timeout_seconds: float | None
    ) -> ApplyResult:
        started = time.monotonic()
        parallelism = f"-parallelism={self.parallelism}"
        _, warnings = self._run(tracker, parallelism, *arguments, timeout_seconds=timeout_seconds)
        seconds = time.monotonic() - started
        return ApplyResult(ChangeCounts.from_json(tracker.changes), seconds, warnings)

    def _run(
        self,
        tracker: ProgressTracker,
        *arguments: str,
        variables: Variables | None = None,
        provider: Mapping[str, str] | None = None,
        timeout_seconds: float | None,
    ) -> tuple[int, tuple[Diagnostic, ...]]:
        """Run a command that reports in Terraform's JSON user interface.

        Returns its exit code and warnings.
        """
        command = tracker.command
        relocate = (variables or self.variables).relocate
        diagnostics: list[Diagnostic] = []
        plain: list[str] = []

        def on_line(line: str) -> None:
            try:
                event = json.loads(line)
            except ValueError:
                plain.append(line)
                return
            if event.get("type") == "diagnostic":
                found = Diagnostic.from_json(event["diagnostic"], self.directory)
                diagnostics.append(relocate(found))
            tracker.feed(event)

        try:
            code, said = self._execute(
                command,
                "-json",
                "-input=false",
                *arguments,
                on_line=on_line,
                provider=provider,
                timeout_seconds=timeout_seconds,
            )
        except process.CommandTimeoutError as late:
            raise TerraformTimeoutError(
                command, self.directory, late.seconds, tracker.unfinished
            ) from None
        if code != 0 and not (command == "plan" and code == _PLANNED_CHANGES):
            raise TerraformError(
                command,
                self.directory,
                diagnostics,
                exit_code=code,
                output="\n".join([*plain, said]),
            )
        return code, tuple(diagnostics)

    def _read_json(self, command: str, *arguments: str) -> dict[str, Any]:
        """Run a command that prints one JSON document, and return it."""
        lines: list[str] = []
        try:
            code, said = self._execute(command, "-json", *arguments, on_line=lines.append)
        except process.CommandTimeoutError as late:
            raise TerraformTimeoutError(command, self.directory, late.seconds, ()) from None
        if code != 0:  # what was printed of the document may hold secrets
            raise TerraformError(command, self.directory, exit_code=code, output=said)
        document: dict[str, Any] = json.loads("\n".join(lines))
        return document

    def _execute(
        self,
        command: str,
        *arguments: str,
        on_line: Callable[[str], None],
        provider: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
    ) -> tuple[int, str]:
        """Run a command, and return its exit code and what it wrote to standard error.

        `provider` is what the environment says about the provider; by default it is found out.
        """
        stderr = self.workdir / f"{uuid.uuid4().hex}.log"
        staged = self._stage()
        attached = self._attached(command, staged) if provider is None else nullcontext(provider)
        try:
            with attached as said_about_provider:
                code = process.run(
                    [*self.cli.argv, *command.split(), *arguments],
                    cwd=staged,
                    environment={**self.environment, **said_about_provider},
                    stderr=stderr,
                    on_line=on_line,
                    timeout_seconds=(
                        self.timeout_seconds if timeout_seconds is None else timeout_seconds
                    ),
                    grace_seconds=self.grace_seconds,
                )
            return code, stderr.read_text(encoding="utf-8", errors="replace")
        finally:
            stderr.unlink(missing_ok=True)

    @contextmanager
    def _attached(self, command: str, staged: Path) -> Iterator[Mapping[str, str]]:
        """Lease a warm provider for a command that needs one."""
        warm = self._warm
        if warm is None:
            yield {}
            return
        if command in _WITHOUT_PROVIDER:
            yield _nobody()  # which Terraform looks for all the same
            return
        if self._constraints() not in warm.installations:
            self.init()
        binary = warm.installations[self._constraints()]
        if binary is None:
            yield {}
            return
        configuration = installation.Configuration(staged, self._data)
        types = None
        if command != "providers schema":
            types = configuration.types(self._state_as_text(configuration))
        with warm.lease(binary, staged, self.environment, types) as attached:
            yield attached

    def _state_as_text(self, configuration: installation.Configuration) -> str:
        if configuration.has_remote_state:
            lines: list[str] = []
            self._execute("state pull", on_line=lines.append)
            return "\n".join(lines)
        local = configuration.staged / "terraform.tfstate"
        return local.read_text(encoding="utf-8") if local.exists() else ""

    def _constraints(self) -> str:
        configuration = installation.Configuration(self._stage(), self._data)
        digest = configuration.constraints(self.directory / stage.LOCK_FILE)
        return "\0".join([*self.cli.argv, str(self.providers.location), digest])

    @property
    def _data(self) -> Path:
        return self.workdir / "data"

    def _stage(self) -> Path:
        with self._staging:
            staged = stage.build(self.directory, self.workdir / "stage")
            for name, text in self.extra_files.items():
                (staged / name).write_text(text, encoding="utf-8")
        return staged

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TF_")) or name in _INHERITED
        }
        return inherited | {
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_DATA_DIR": str(self._data),
            "TF_CLI_CONFIG_FILE": str(self.providers.write_cli_config(self.workdir)),
            **given,
        }


def _may_be_warm(environment: Mapping[str, str]) -> bool:
    """Tell the embedded AWS from a real one.

    A warm provider holds credentials behind a port that every user of the machine can reach, and
    Terraform attaches to it without TLS: right for credentials that are worth nothing.
    """
    endpoint = environment.get("AWS_ENDPOINT_URL", "")
    return endpoint.startswith("http://127.0.0.1:") and "TF_REATTACH_PROVIDERS" not in environment


def _nobody() -> Mapping[str, str]:
    """Say that a provider is there to a command that starts none."""
    return installation.attached(os.getpid(), 9)
