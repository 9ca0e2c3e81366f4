"""The command line: ``python -m pci_dss --help``, which `policies/check` calls."""

from __future__ import annotations

import argparse
import datetime
import json
import logging
import os
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pci_dss.evidence import junit, sarif
from pci_dss.evidence.model import Evidence, Status
from pci_dss.exceptions import ExceptionsError, load
from pci_dss.matrix import rows_of_scans
from pci_dss.report import Grouping, Report, findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pci_dss.exceptions import Exemption
    from pci_dss.targets import Looked

COMPLIES, FAILS, BROKEN = 0, 1, 2
STANDARD = "PCI DSS 4.0.1"
_EXIT_CODES = """\
exit codes:
  0  nothing fails, or an exception accepts it
  1  something fails: a policy, or an exception that is expired or unused
  2  something couldn't be judged: a target, the exceptions or the command line; what could be is
     in the report all the same

make a plan's JSON:
  terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Scan targets, report, and tell how it went."""
    options = _parser().parse_args(arguments)
    try:
        exemptions = load(options.exceptions) if options.exceptions else ()
    except ExceptionsError as error:
        print(error, file=sys.stderr)
        return BROKEN
    looked = _look(options.targets, options.root)
    now = datetime.datetime.now(datetime.UTC)
    evidence = Evidence(
        commit=_commit(),
        created=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        versions={"checkov": version("checkov")},
        sources=looked.sources,
        rows=rows_of_scans(looked.scans, exemptions, now.date()),
    )
    try:
        if options.sarif:
            options.sarif.write_text(sarif.dumps(evidence, exemptions), encoding="utf-8")
        if options.junit:
            options.junit.write_text(junit.dumps(evidence, STANDARD), encoding="utf-8")
    except OSError as error:
        looked.errors.append(f"can't write {error.filename}: {error.strerror}")
    if options.json:
        _print_json(evidence, looked)
    else:
        _print_report(evidence, looked, exemptions, options)
    if looked.errors:
        return BROKEN
    return FAILS if evidence.counts()[Status.FAIL] else COMPLIES


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="policies/check",
        description=f"Judge Terraform by the {STANDARD} policies: our own, and those of checkov's"
        " that don't pass what is bad.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "targets",
        nargs="+",
        type=Path,
        metavar="TARGET",
        help="JSON of a plan, best: all values are known. Or a directory with .tf files",
    )
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="what was planned, for files and lines, where the plan doesn't lie in it",
    )
    parser.add_argument(
        "--exceptions", type=Path, metavar="FILE", help="failures that somebody accepts, in TOML"
    )
    parser.add_argument(
        "--by",
        type=Grouping,
        choices=list(Grouping),
        default=Grouping.RESOURCE,
        help="what the report has a heading for",
    )
    parser.add_argument(
        "--undecided", action="store_true", help=f"show what is {Status.NOT_EVALUATED}, and why"
    )
    parser.add_argument("--json", action="store_true", help="print every answer, as JSON")
    parser.add_argument("--sarif", type=Path, metavar="FILE", help="write SARIF, for code hosts")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit's XML, for CI")
    return parser


def _look(targets: Sequence[Path], root: Path | None) -> Looked:
    from pci_dss.targets import look  # checkov takes seconds to import: --help doesn't wait for it

    logging.disable(logging.CRITICAL)  # checks that crash are answers here

    def tell(target: str) -> None:
        if sys.stderr.isatty():
            print(f"judging {target}", file=sys.stderr)

    with redirect_stdout(sys.stderr):  # checkov prints
        return look(targets, root, tell)


def _print_json(evidence: Evidence, looked: Looked) -> None:
    document = {
        "commit": evidence.commit,
        "created": evidence.created,
        "versions": evidence.versions,
        "sources": [asdict(source) for source in evidence.sources],
        "counts": dict(sorted(evidence.counts().items())),
        "errors": looked.errors,
        "findings": [asdict(finding) for finding in findings(evidence.rows)],
    }
    print(json.dumps(document, indent=1, default=str))


def _print_report(
    evidence: Evidence,
    looked: Looked,
    exemptions: Sequence[Exemption],
    options: argparse.Namespace,
) -> None:
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    report = Report(findings(evidence.rows), colour=colour)
    if looked.scans:
        for line in report.lines(options.by, undecided=options.undecided):
            print(line)
    elsewhere = {each.environment for each in exemptions} - {
        scan.environment for scan in looked.scans
    }
    if elsewhere:
        print(f"Exceptions for {', '.join(sorted(elsewhere))} weren't judged: it isn't a target.")
    sys.stdout.flush()
    for error in looked.errors:
        print(f"error: {error}", file=sys.stderr)


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - whichever git there is
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
