"""``python -m harness.aws``: run the embedded AWS until Ctrl-C, or list what mends moto."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from harness.aws.embedded import EmbeddedAWS
from harness.aws.supplement import MENDS

if TYPE_CHECKING:
    from collections.abc import Sequence

ENDING = {signal.SIGINT, signal.SIGTERM}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m harness.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1 (free one)")
    parser.add_argument("--supplement", action="store_true", help="list what mends moto, and end")
    options = parser.parse_args(arguments)
    console = Console(soft_wrap=not sys.stdout.isatty())
    if options.supplement:
        console.print(supplement_table())
        return 0
    # Blocked before any thread starts, so that Ctrl-C waits for sigwait and ends nothing else.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    with EmbeddedAWS(port=options.port) as aws:
        for name, value in aws.environment().items():
            console.print(f"export {name}={value}", highlight=False)
        signal.sigwait(ENDING)
    return 0


def supplement_table() -> Table:
    """Lay out the supplement's entries, sorted by AWS action."""
    table = Table(title=f"What mends moto: {len(MENDS)} entries", show_lines=True)
    table.add_column("AWS action", no_wrap=True)
    table.add_column("moto 5.2.5")
    table.add_column("Observed with")
    for action, entry in sorted(MENDS.items()):
        table.add_row(action, entry.reason, entry.observed)
    return table


if __name__ == "__main__":
    sys.exit(main())
