"""Runs our policies and the trusted built-in checks over plans and modules, in one process.

Needs checkov, which has an environment of its own: `make policies` makes it. checkov keeps no
record of what a check couldn't decide; this does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2
from checkov.runner_filter import RunnerFilter
from checkov.terraform.plan_runner import Runner as PlanRunner
from checkov.terraform.runner import Runner as FilesRunner

from pci_dss.checkov_resources import WrittenResources
from pci_dss.findings import Findings, profile
from pci_dss.grammars import grammars_made_once
from pci_dss.listening import listening, overheard_runner
from pci_dss.nulls import written_without_nulls
from pci_dss.plan_file import ScanError, read_plan
from pci_dss.plan_parsing import plans_read_as_json
from pci_dss.policy import policies
from pci_dss.trust import Connections
from terraform_plan.files import Files
from terraform_plan.references import Resources as PlannedResources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pci_dss.record import Record
    from pci_dss.subject import Resources

__all__ = ["ScanError", "Scanned", "profile", "read_plan", "scan_module", "scan_plan"]


@dataclass(frozen=True)
class Scanned:
    """What was found in a plan, or in a module's files."""

    records: list[Record]
    resources: Resources
    """All that was judged."""


def scan_plan(path: Path, root: Path | None = None) -> Scanned:
    """Judge every resource of a plan.

    Args:
        path: JSON of ``terraform show -json``.
        root: directory of the configuration, for files and lines.

    Raises:
        ScanError: it isn't a whole plan.
    """
    document = read_plan(path)
    planned = PlannedResources(document)
    found = Findings()
    runner = overheard_runner(PlanRunner, found.add)
    with (
        written_without_nulls(document) as written,
        plans_read_as_json(),
        listening(found.add),
    ):
        runner.run(files=[str(written)], runner_filter=_filter("terraform_plan"))
    connections = Connections(planned, runner.graph_manager.get_reader_endpoint())
    files = Files(document, root) if root else None
    places = {
        address: place
        for address, item in planned.all.items()
        if files and (place := files.place(item))
    }
    return Scanned(found.records(planned, places, connections.mistaken), planned)


def scan_module(folder: Path) -> Scanned:
    """Judge every resource in a module's files.

    Raises:
        ScanError: there is no module, or a file of it can't be parsed.
    """
    if not folder.is_dir():
        raise ScanError(f"there is no directory {folder}")
    if not list(folder.glob("*.tf")):
        raise ScanError(
            f"there are no .tf files in {folder}; name a directory that holds some itself, or the"
            " JSON of a plan"
        )
    found = Findings()
    runner = overheard_runner(FilesRunner, found.add)
    with listening(found.add), grammars_made_once():
        report = runner.run(
            root_folder=str(folder),
            runner_filter=_filter("terraform"),
            collect_skip_comments=False,  # an exception has an owner and an end
        )
    if report.parsing_errors:
        places = ", ".join(_unparsed(report.parsing_errors))
        raise ScanError(
            f"{folder} isn't judged, because Terraform files can't be parsed: {places};"
            " `terraform validate` says more"
        )
    graph = runner.graph_manager.get_reader_endpoint()
    written = WrittenResources(graph)
    return Scanned(found.records(written, dict(_places(graph)), lambda *_: ""), written)


def _unparsed(files: Iterable[str]) -> Iterator[str]:
    """Yield each file that can't be parsed, with the line and column where it ends to be HCL."""
    for file in sorted(set(files)):
        try:
            hcl2.loads(Path(file).read_text(encoding="utf-8"))
        except Exception as error:  # the parser raises anything
            line, column = getattr(error, "line", 0), getattr(error, "column", 0)
            yield f"{file}:{line}:{column}" if line > 0 else file
        else:
            yield file


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
