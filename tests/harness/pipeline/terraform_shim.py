"""The `terraform` that builds find on their path: the real one, asked to stop only once.

A signal to a build reaches every process of it, and Terraform takes the second one as a wish to
end without saving its state. So it runs under the harness's supervisor, apart from the build.
Before a command that needs a provider it asks, by a socket, for one that runs already; the lease
lasts as long as the connection.

Runs isolated from site packages, to start at once.
Usage: terraform_shim.py SOCKET SUPERVISOR TERRAFORM_AS_JSON [ARGUMENT...]
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

GRACE_SECONDS = 60
LEASING = ("apply", "destroy", "plan", "refresh", "show", "validate")


def main(arguments: list[str]) -> int:
    """Run one Terraform command, and return its status."""
    address, supervisor, terraform, *rest = arguments
    with contextlib.ExitStack() as lease:
        command = next((each for each in rest if not each.startswith("-")), "")
        leased = {}
        if command in LEASING and address:
            connection = lease.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(address)
            leased = _ask(connection)
        process = subprocess.Popen(  # noqa: S603 - Terraform, with the build's own arguments
            [
                *(sys.executable, "-I", "-S", supervisor, str(GRACE_SECONDS)),
                *json.loads(terraform),
                *rest,
            ],
            env={**os.environ, **leased},
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

        def stop(_number: int, _frame: object) -> None:
            if process.stdin is not None:
                process.stdin.close()

        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        return process.wait()


def _ask(connection: socket.socket) -> dict[str, str]:
    asked = {"cwd": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109 - pathlib is slow
    connection.sendall(json.dumps(asked).encode() + b"\n")
    with connection.makefile() as answers:
        leased: dict[str, str] = json.loads(answers.readline() or "{}")
    return leased


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
