"""Runs the simulated acquirer alone: ``python -m harness.acquirer --port 8181``."""

from __future__ import annotations

import argparse
import signal
import sys

from harness.acquirer.simulator import AcquirerSimulator


def main() -> int:
    """Serve until interrupted; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m harness.acquirer", description="Run the simulated acquirer."
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)"
    )
    parser.add_argument("--late-after", type=float, default=3.0, help="seconds of timeout_late")
    arguments = parser.parse_args()
    stop = {signal.SIGINT, signal.SIGTERM}
    # Blocked before the server's threads start, so that they inherit it and this one waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with AcquirerSimulator(port=arguments.port, late_after_s=arguments.late_after) as simulator:
        sys.stdout.write(f"{simulator.url}\n")
        sys.stdout.flush()
        signal.sigwait(stop)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
