"""Runs our policies and the trusted built-in checks over plans and modules, in one process.

Needs checkov, which has an environment of its own: `make policies` makes it. checkov keeps no
record of what a check couldn't decide; this does.
"""

from __future__ import annotations

import json
import os
import tomllib
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("CHECKOV_CHECK_FAIL_LEVEL", "DEBUG")  # a check that crashes is a record here

from checkov.common.models.enums import CheckResult
from checkov.runner_filter import RunnerFilter
from checkov.terraform.checks.resource.registry import resource_registry
from checkov.terraform.plan_runner import Runner as PlanRunner
from checkov.terraform.runner import Runner as FilesRunner

from pci_dss.checks.pci_dss_checks import PolicyCheck
from pci_dss.policy import Result, policies
from terraform_plan.files import Files
from terraform_plan.references import Resources as PlannedResources

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROFILE = Path(__file__).with_name("profile.toml")
_RESULTS = {CheckResult.PASSED: Result.PASS, CheckResult.FAILED: Result.FAIL}


class ScanError(Exception):
    """A plan or module can't be scanned; says why and what to do."""


@dataclass(frozen=True)
class Record:
    """What a check found about a resource."""

    check: str
    title: str
    requirements: tuple[str, ...]
    address: str
    result: Result
    reasons: tuple[str, ...]
    evaluated: Mapping[str, Any]
    """By address and path, the values that decided; of our policies only."""
    guideline: str
    fix: str = ""
    file: str = ""
    line: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return what :func:`json.dumps` takes."""
        return asdict(self)


@cache
def profile() -> Mapping[str, tuple[str, ...]]:
    """Return requirements by id of a trusted built-in check."""
    document = tomllib.loads(PROFILE.read_text(encoding="utf-8"))
    return {check: tuple(numbers) for check, numbers in document["builtin"].items()}


def scan_plan(path: Path, root: Path | None = None) -> list[Record]:
    """Judge every resource of a plan.

    Args:
        path: JSON of ``terraform show -json``.
        root: directory of the configuration, for files and lines.

    Raises:
        ScanError: it isn't a whole plan.
    """
    document = _plan(path)
    planned = PlannedResources(document)
    files = Files(document, root) if root else None
    found = _Findings()
    runner = _watched(PlanRunner, found)
    with found.collected():
        runner.run(files=[str(path)], runner_filter=_filter("terraform_plan"))
    places: dict[str, tuple[Path, int]] = {}
    for address, item in planned.all.items():
        if files and (place := files.place(item)):
            places[address] = place
    return found.records(places)


def scan_module(folder: Path) -> list[Record]:
    """Judge every resource in a module's files.

    Raises:
        ScanError: there is no module, or a file of it can't be parsed.
    """
    if not list(folder.glob("*.tf")):
        raise ScanError(f"there are no .tf files in {folder}")
    found = _Findings()
    runner = _watched(FilesRunner, found)
    with found.collected():
        report = runner.run(
            root_folder=str(folder),
            runner_filter=_filter("terraform"),
            collect_skip_comments=False,  # an exception has an owner and an end
        )
    if unparsed := sorted(report.parsing_errors):
        raise ScanError(f"Terraform files that can't be parsed: {', '.join(unparsed)}")
    graph = runner.graph_manager.get_reader_endpoint()
    return found.records(dict(_places(graph)))


class _Findings:
    """Collects what checks answer, undecided ones too."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Record] = {}

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Listen to the registry of checks on single resources."""
        run_check = resource_registry.run_check

        def listening(check: Any, conf: Any, *args: Any, **options: Any) -> Any:
            answer = run_check(check, conf, *args, **options)
            self.add(check, conf["__address__"], answer["result"])
            return answer

        resource_registry.run_check = listening
        try:
            yield
        finally:
            del resource_registry.run_check

    def add(self, check: Any, address: str, result: CheckResult) -> None:
        """Keep an answer. Ours has said more than checkov passes on."""
        if isinstance(check, PolicyCheck):
            if (verdict := check.verdict) is None:
                return
            policy = check.policy
            self._keep(
                Record(
                    policy.id,
                    policy.title,
                    policy.requirements,
                    address,
                    verdict.result,
                    verdict.reasons,
                    verdict.evaluated,
                    policy.guideline,
                    policy.fix,
                )
            )
            return
        decided = _RESULTS.get(result, Result.NOT_EVALUATED)
        undecided = () if decided != Result.NOT_EVALUATED else ("checkov's check didn't decide",)
        reasons = (check.name,) if decided == Result.FAIL else undecided
        requirements = profile()[check.id]
        guideline = str(check.guideline or "")
        self._keep(
            Record(check.id, check.name, requirements, address, decided, reasons, {}, guideline)
        )

    def _keep(self, record: Record) -> None:
        self._found[record.check, record.address] = record

    def records(self, places: Mapping[str, tuple[Path, int]]) -> list[Record]:
        """Return what was found, with files and lines, by check and address."""
        return [
            replace(record, file=str(file), line=line)
            for _, record in sorted(self._found.items())
            for file, line in [places.get(record.address, ("", 0))]
        ]


def _watched(runner: type[Any], found: _Findings) -> Any:
    """Make a runner of checkov whose checks on the graph are collected too."""

    class Watched(runner):  # type: ignore[misc]
        def run_graph_checks_results(self, *args: Any, **options: Any) -> Any:
            results = super().run_graph_checks_results(*args, **options)
            for check, answers in results.items():
                for answer in answers:
                    found.add(check, answer["entity"]["__address__"], answer["result"])
            return results

    return Watched()


def _filter(framework: str) -> RunnerFilter:
    ours = [policy.id for policy in policies()]
    return RunnerFilter(
        framework=[framework], checks=[*ours, *profile()], download_external_modules=False
    )


def _places(graph: Any) -> Iterator[tuple[str, tuple[Path, int]]]:
    for index in graph.node_indices():
        attributes = graph[index][1]
        if attributes.get("block_type_") == "resource":
            ((_, by_name),) = attributes["config_"].items()
            ((_, conf),) = by_name.items()
            place = Path(attributes["file_path_"]), conf.get("__start_line__", 0)
            yield attributes["__address__"], place


def _plan(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ScanError(f"can't read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ScanError(
            f"{path} isn't whole JSON ({error}); write it again: terraform show -json PLAN > {path}"
        ) from error
    wanted = {"format_version", "planned_values", "configuration", "resource_changes"}
    if not isinstance(document, dict) or (missing := wanted - document.keys()):
        lacking = ", ".join(sorted(missing)) if isinstance(document, dict) else "everything"
        raise ScanError(f"{path} isn't a Terraform plan: it lacks {lacking}")
    major = str(document["format_version"]).partition(".")[0]
    if major != "1":
        raise ScanError(
            f"{path} has plan format {document['format_version']}; this reads 1.x, which Terraform "
            "1.1 and later write"
        )
    return document
