"""CodeBuild's buildspec, version 0.2: what it says, and what of it can be run here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from harness.pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PHASES = ("install", "pre_build", "build", "post_build")
ABORT, CONTINUE = "ABORT", "CONTINUE"

_VERSION = 0.2
_TOP = {"version", "env", "phases", "artifacts", "cache", "reports"}
_ENV = {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables"}
_ENV_IGNORED = {"git-credential-helper"}
_PHASE = {"commands", "finally", "on-failure", "runtime-versions"}
_ARTIFACTS = {"files", "name", "discard-paths", "base-directory", "exclude-paths"}
_ARTIFACTS_IGNORED = {"enable-symlinks", "s3-prefix"}
_SHELLS = ("sh", "bash")


@dataclass(frozen=True)
class Phase:
    """Commands, and what comes after them in any case."""

    name: str
    commands: tuple[str, ...]
    finally_: tuple[str, ...]
    on_failure: str | None


@dataclass(frozen=True)
class Output:
    """Which files make an artifact."""

    files: tuple[str, ...]
    base_directory: str = "."
    exclude_paths: tuple[str, ...] = ()
    discard_paths: bool = False


@dataclass(frozen=True)
class Buildspec:
    """A buildspec that was understood as a whole."""

    phases: tuple[Phase, ...]
    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    artifacts: Output | None = None
    secondary: Mapping[str, Output] = field(default_factory=dict)


def parse(text: str, origin: str) -> Buildspec:
    """Read a buildspec; what isn't understood is an error rather than left out.

    Raises:
        PipelineError: it isn't one, or says something that can't be run here; names the key.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PipelineError(f"{origin} isn't YAML: {error}") from None
    if not isinstance(document, dict) or document.get("version") not in (_VERSION, str(_VERSION)):
        raise PipelineError(f"{origin} isn't a buildspec of version {_VERSION}")
    _only(document, _TOP, origin)
    env = document.get("env") or {}
    _only(env, _ENV | _ENV_IGNORED, f"{origin}: env")
    shell = env.get("shell", "sh")
    if shell not in _SHELLS:
        raise PipelineError(
            f"{origin}: env.shell is {shell}; here it can be {' or '.join(_SHELLS)}"
        )
    phases = document.get("phases") or {}
    _only(phases, set(PHASES), f"{origin}: phases")
    artifacts = dict(document.get("artifacts") or {})
    secondary = artifacts.pop("secondary-artifacts", None) or {}
    return Buildspec(
        phases=tuple(_phase(name, phases[name], origin) for name in PHASES if name in phases),
        shell=shell,
        variables=_texts(env.get("variables")),
        parameters=_texts(env.get("parameter-store")),
        secrets=_texts(env.get("secrets-manager")),
        exported=tuple(env.get("exported-variables") or ()),
        artifacts=_output(artifacts, f"{origin}: artifacts") if artifacts else None,
        secondary={
            name: _output(each, f"{origin}: artifacts.secondary-artifacts.{name}")
            for name, each in secondary.items()
        },
    )


def _phase(name: str, document: Mapping[str, Any], origin: str) -> Phase:
    where = f"{origin}: phases.{name}"
    _only(document, _PHASE, where)
    on_failure = document.get("on-failure")
    if on_failure not in (None, ABORT, CONTINUE):
        raise PipelineError(f"{where}.on-failure is {on_failure}; here it can be ABORT or CONTINUE")
    return Phase(
        name,
        tuple(map(str, document.get("commands") or ())),
        tuple(map(str, document.get("finally") or ())),
        on_failure,
    )


def _output(document: Mapping[str, Any], where: str) -> Output:
    _only(document, _ARTIFACTS | _ARTIFACTS_IGNORED, where)
    if not document.get("files"):
        raise PipelineError(f"{where} names no files")
    return Output(
        files=tuple(document["files"]),
        base_directory=str(document.get("base-directory", ".")),
        exclude_paths=_list(document.get("exclude-paths")),
        discard_paths=document.get("discard-paths") in (True, "yes"),
    )


def _only(document: Mapping[str, Any], known: set[str], where: str) -> None:
    if strange := sorted(map(str, document.keys() - known)):
        raise PipelineError(f"{where} says {', '.join(strange)}, which isn't supported here")


def _texts(document: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in (document or {}).items()}


def _list(value: str | Sequence[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())
