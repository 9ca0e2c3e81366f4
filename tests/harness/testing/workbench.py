"""Keeps configurations initialised, and answers each plan of them once."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from harness.terraform import TerraformError
from harness.testing.options import Options

if TYPE_CHECKING:
    from harness.terraform import Plan, Root, Terraform
    from harness.testing.planned import PlannedRoot

Answer = TypeVar("Answer")

BACKEND_OVERRIDE = "backend_override.tf.json"
"""Terraform merges files of this name's ending into the configuration, after all others."""

_LOCAL_BACKEND = json.dumps({"terraform": {"backend": {"local": {}}}})
_REMOTE_BACKEND = re.compile(r'^\s*(?:backend\s+"(?!local")[^"]+"|cloud)\s*\{', re.MULTILINE)


class Planner(Protocol):
    """The fixture `plan`: plans a directory's configuration as a root, from nothing."""

    def __call__(
        self,
        directory: str | Path,
        variables: Mapping[str, Any] | None = None,
        /,
        *,
        options: Options = ...,
        **more_variables: Any,
    ) -> PlannedRoot:
        """Return the plan of `directory`, which is relative to pytest's rootdir."""


@dataclass(frozen=True)
class PlanRequest:
    """All that a plan depends on, but for the files of the configuration."""

    directory: Path
    variables: Mapping[str, Any]
    options: Options
    """With the file that takes a remote backend's place, if there is one."""

    @property
    def key(self) -> str:
        """The same text for the same request."""
        variables = json.dumps(self.variables, sort_keys=True)
        return f"{self.directory}\n{self.options.key}\n{variables}"


AroundPlan = Callable[[PlanRequest, Callable[[], "Plan"]], "Plan"]
"""Answers a request, by calling the function or otherwise: the place for a cache on disk."""


def plan_anew(request: PlanRequest, make: Callable[[], Plan]) -> Plan:  # noqa: ARG001 - a cache's
    """Answer a request by planning."""
    return make()


class Workbench:
    """Initialises each configuration once, and plans it with other variables each time.

    Threads may share it. A configuration mustn't change while tests run: a plan that was asked for
    is answered from memory, and so is a refusal.
    """

    def __init__(
        self,
        terraform: Terraform,
        environment: Callable[[str], Mapping[str, str]],
        folder: Path,
        around: AroundPlan = plan_anew,
    ) -> None:
        """Work in `folder`; `environment` gives the AWS variables of an account."""
        self._terraform = terraform
        self._environment = environment
        self._folder = folder
        self._around = around
        self._numbers = itertools.count(1)
        self._roots: _Once[Root] = _Once()
        self._plans: _Once[Plan] = _Once()

    def plan(
        self, directory: Path, variables: Mapping[str, Any], options: Options | None = None
    ) -> Plan:
        """Plan the configuration in `directory` as if nothing had been applied.

        Raises:
            TerraformError: Terraform refuses.
            ValueError: a variable is given that the configuration doesn't declare.
        """
        request = request_of(directory, variables, options or Options())
        return self._plans.get(
            request.key, lambda: self._around(request, lambda: self._make(request))
        )

    def root(self, directory: Path, options: Options | None = None) -> Root:
        """Return the initialised root of a directory, the same one for the same options."""
        return self._root(request_of(directory, {}, options or Options()))

    def _make(self, request: PlanRequest) -> Plan:
        return self._root(request).plan_from_nothing(request.variables)

    def _root(self, request: PlanRequest) -> Root:
        key = f"{request.directory}\n{request.options.key}"
        return self._roots.get(key, lambda: self._initialise(request))

    def _initialise(self, request: PlanRequest) -> Root:
        options = request.options
        root = self._terraform.module(
            request.directory,
            workdir=self._folder / f"{request.directory.name}-{next(self._numbers)}",
            environment=options.environment(self._environment(options.account_id)),
            providers=options.providers,
            files=options.files,
        )
        root.init()
        return root


def request_of(directory: Path, variables: Mapping[str, Any], options: Options) -> PlanRequest:
    """Make variables plain JSON, and a remote backend a local one.

    Raises:
        TypeError: a value can't be written as JSON.
        FileNotFoundError: there is no such directory.
    """
    if not directory.is_dir():
        raise FileNotFoundError(f"there is no directory {directory} to plan")
    plain = json.loads(json.dumps(dict(variables), default=_plain))
    files = dict(options.files or {})
    if _has_remote_backend(directory):
        files[BACKEND_OVERRIDE] = _LOCAL_BACKEND
    options = Options(options.account_id, options.region, options.providers, files or None)
    return PlanRequest(directory.resolve(), plain, options)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a variable's value is written as JSON, which has no {type(value).__name__}")


def _has_remote_backend(directory: Path) -> bool:
    if any(
        _REMOTE_BACKEND.search(path.read_text(encoding="utf-8")) for path in directory.glob("*.tf")
    ):
        return True
    documents = (
        json.loads(path.read_text(encoding="utf-8")) for path in directory.glob("*.tf.json")
    )
    return any(_names_remote_backend(document) for document in documents)


def _names_remote_backend(document: Any) -> bool:
    settings = document.get("terraform", {}) if isinstance(document, dict) else {}
    blocks = settings if isinstance(settings, list) else [settings]
    return any("cloud" in block or set(block.get("backend", {})) - {"local"} for block in blocks)


class _Once(Generic[Answer]):
    """Answers by key, each worked out once, whichever thread asks first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, Future[Answer]] = {}

    def get(self, key: str, work_out: Callable[[], Answer]) -> Answer:
        """Return the answer of a key, or raise what working it out raised."""
        with self._lock:
            future = self._answers.get(key)
            ours = future is None
            future = self._answers.setdefault(key, Future())
        if ours:
            self._fill(key, future, work_out)
        return future.result()

    def _fill(self, key: str, future: Future[Answer], work_out: Callable[[], Answer]) -> None:
        try:
            future.set_result(work_out())
        except BaseException as error:
            future.set_exception(error)
            if not isinstance(error, TerraformError | ValueError):  # such as Ctrl-C: not an answer
                del self._answers[key]
