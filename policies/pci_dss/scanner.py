"""Runs our policies and the trusted built-in checks over plans and modules, in one process.

Needs checkov, which has an environment of its own: `make policies` makes it. checkov keeps no
record of what a check couldn't decide; this does.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkov.common.models.enums import CheckResult
from checkov.runner_filter import RunnerFilter
from checkov.terraform.plan_runner import Runner as PlanRunner
from checkov.terraform.runner import Runner as FilesRunner

from pci_dss.checkov_resources import WrittenResources
from pci_dss.checks.pci_dss_checks import PolicyCheck
from pci_dss.listening import Answer, listening, overheard_runner
from pci_dss.nulls import written_without_nulls
from pci_dss.policy import Result, Verdict, policies
from pci_dss.record import Record
from pci_dss.trust import Connections, connected_types, unknown
from terraform_plan.files import Files
from terraform_plan.references import Resources as PlannedResources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pci_dss.subject import Resources
    from terraform_plan.references import Instance

PROFILE = Path(__file__).with_name("profile.toml")
_RESULTS = {CheckResult.PASSED: Result.PASS, CheckResult.FAILED: Result.FAIL}


class ScanError(Exception):
    """A plan or module can't be scanned; says why and what to do."""


@cache
def profile() -> Mapping[str, tuple[str, ...]]:
    """Return requirements by id of a trusted built-in check."""
    document = tomllib.loads(PROFILE.read_text(encoding="utf-8"))
    return {check: tuple(numbers) for check, numbers in document["builtin"].items()}


@cache
def _silent_reads() -> Mapping[str, tuple[str, ...]]:
    """Return by id what a built-in check reads without saying so."""
    document = tomllib.loads(PROFILE.read_text(encoding="utf-8"))
    return {check: tuple(names) for check, names in document["reads"].items()}


def scan_plan(path: Path, root: Path | None = None) -> list[Record]:
    """Judge every resource of a plan.

    Args:
        path: JSON of ``terraform show -json``.
        root: directory of the configuration, for files and lines.

    Raises:
        ScanError: it isn't a whole plan.
    """
    document = read_plan(path)
    planned = PlannedResources(document)
    found = _Findings()
    runner = overheard_runner(PlanRunner, found.add)
    with written_without_nulls(document) as written, listening(found.add):
        runner.run(files=[str(written)], runner_filter=_filter("terraform_plan"))
    connections = Connections(planned, runner.graph_manager.get_reader_endpoint())
    files = Files(document, root) if root else None
    places = {
        address: place
        for address, item in planned.all.items()
        if files and (place := files.place(item))
    }
    return found.records(planned.all, planned, places, connections.mistaken)


def scan_module(folder: Path) -> list[Record]:
    """Judge every resource in a module's files.

    Raises:
        ScanError: there is no module, or a file of it can't be parsed.
    """
    if not list(folder.glob("*.tf")):
        raise ScanError(f"there are no .tf files in {folder}")
    found = _Findings()
    runner = overheard_runner(FilesRunner, found.add)
    with listening(found.add):
        report = runner.run(
            root_folder=str(folder),
            runner_filter=_filter("terraform"),
            collect_skip_comments=False,  # an exception has an owner and an end
        )
    if unparsed := sorted(report.parsing_errors):
        raise ScanError(
            f"Terraform files that can't be parsed: {', '.join(unparsed)}; "
            "`terraform validate` says where"
        )
    graph = runner.graph_manager.get_reader_endpoint()
    written = WrittenResources(graph)
    return found.records(written.by_address, written, dict(_places(graph)), lambda *_: "")


class _Findings:
    """Collects what checks answer, undecided ones too."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], tuple[Answer, Verdict | None]] = {}

    def add(self, answer: Answer) -> None:
        """Keep an answer. Ours has said more than checkov passes on."""
        verdict = None
        if isinstance(answer.check, PolicyCheck):
            # Checkov doesn't always ask: not about resources of which there are none.
            verdict, answer.check.verdict = answer.check.verdict, None
            if answer.crashed:
                verdict = Verdict(Result.NOT_EVALUATED, ("the policy failed: it has a bug",), {})
            if verdict is None:
                return
        self._answers[answer.check.id, answer.address] = answer, verdict

    def records(
        self,
        items: Mapping[str, Instance],
        resources: Resources,
        places: Mapping[str, tuple[Path, int]],
        mistaken: Callable[[str, frozenset[str]], str],
    ) -> list[Record]:
        """Return what was found, with files and lines, by check and address.

        Args:
            items: all that was judged, by address.
            resources: the same, as policies see it.
            places: file and line by address.
            mistaken: says where checkov errs about connections of some types around an address.
        """
        found = []
        for (_, address), (answer, verdict) in sorted(self._answers.items(), key=lambda it: it[0]):
            if verdict:
                record = _of_policy(answer, verdict)
            else:
                record = _of_builtin(
                    answer, _doubts(answer, items.get(address), resources, mistaken)
                )
            file, line = places.get(address, ("", 0))
            found.append(replace(record, file=str(file), line=line))
        return found


def _of_policy(answer: Answer, verdict: Verdict) -> Record:
    policy = answer.check.policy
    return Record(
        policy.id,
        policy.title,
        policy.requirements,
        answer.address,
        verdict.result,
        verdict.reasons,
        verdict.evaluated,
        policy.guideline,
        policy.fix,
    )


def _of_builtin(answer: Answer, doubt: str) -> Record:
    check = answer.check
    result, reasons = _RESULTS.get(answer.result, Result.NOT_EVALUATED), ()
    if doubt and result != Result.NOT_EVALUATED:
        result, reasons = Result.NOT_EVALUATED, (f"checkov says {result}, but {doubt}",)
    elif result == Result.NOT_EVALUATED:
        reasons = (
            "checkov's check crashed" if answer.crashed else "checkov's check didn't decide",
        )
    elif result == Result.FAIL:
        reasons = (check.name,)
    guideline = str(check.guideline or "")
    numbers = profile()[check.id]
    return Record(check.id, check.name, numbers, answer.address, result, reasons, {}, guideline)


def _doubts(
    answer: Answer,
    item: Instance | None,
    resources: Resources,
    mistaken: Callable[[str, frozenset[str]], str],
) -> str:
    """Say why an answer of a built-in check can't be relied on; nothing if it can."""
    if item is None:  # a data source, whose values are known whenever checkov sees it
        return ""
    if paths := unknown(answer, item, resources, _silent_reads().get(answer.check.id, ())):
        return f"{', '.join(paths)} isn't known"
    return mistaken(item.address, connected_types(answer.check))


def _filter(framework: str) -> RunnerFilter:
    ours = [policy.id for policy in policies()]
    return RunnerFilter(
        framework=[framework], checks=[*ours, *profile()], download_external_modules=False
    )


def _places(graph: Any) -> Iterator[tuple[str, tuple[Path, int]]]:
    for index in graph.node_indices():
        attributes = graph[index][1]
        if attributes.get("block_type_") in ("resource", "data"):
            ((_, by_name),) = attributes["config_"].items()
            ((_, conf),) = by_name.items()
            place = Path(attributes["file_path_"]), conf.get("__start_line__", 0)
            yield attributes["__address__"], place


def read_plan(path: Path) -> dict[str, Any]:
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
