"""The command line: ``python -m pci_dss --help``, in the environment of `make policies`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from pci_dss.policy import Result
from pci_dss.scanner import ScanError, scan_module, scan_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pci_dss.record import Record

COMPLIES, FAILS, BROKEN = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Scan plans and modules; print what fails, or all records as JSON lines."""
    parser = argparse.ArgumentParser(prog="pci_dss", description=__doc__)
    parser.add_argument("targets", nargs="+", type=Path, help="JSON of plans, folders of modules")
    parser.add_argument("--root", type=Path, help="the directory that was planned")
    parser.add_argument("--json", action="store_true", help="every record as a line of JSON")
    options = parser.parse_args(arguments)
    records: list[Record] = []
    try:
        for target in options.targets:
            found = scan_module(target) if target.is_dir() else scan_plan(target, options.root)
            records += found
    except ScanError as error:
        print(error, file=sys.stderr)
        return BROKEN
    for record in records:
        if options.json:
            print(json.dumps(record.as_json(), default=str))
        elif record.result == Result.FAIL:
            print(f"{record.check} {record.address} {record.file}:{record.line}")
            print(f"    {'; '.join(record.reasons)}. {record.fix}")
    counts = Counter(record.result for record in records)
    print(", ".join(f"{counts[result]} {result}" for result in Result), file=sys.stderr)
    return FAILS if counts[Result.FAIL] else COMPLIES


if __name__ == "__main__":
    sys.exit(main())
