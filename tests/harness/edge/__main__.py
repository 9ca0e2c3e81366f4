"""``python -m harness.edge``: started and controlled by :class:`harness.edge.Edge`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys

import uvloop

from harness.edge.process import Options, serve, tell


def main() -> int:
    """Run the edge; the exit status is 1 when it couldn't start."""
    parser = argparse.ArgumentParser(prog="python -m harness.edge", description=__doc__)
    parser.add_argument("--endpoint-url", required=True, help="the embedded AWS")
    parser.add_argument("--account-id", required=True, help="whose APIs are served")
    parser.add_argument("--region", required=True)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--public-endpoints", type=json.loads, default={}, help="JSON: name to local port"
    )
    parser.add_argument(
        "--acquirer-endpoints", type=json.loads, default={}, help="the same, found in VPCs too"
    )
    parser.add_argument(
        "--countries", type=json.loads, default={}, help="JSON: network to ISO 3166 code"
    )
    arguments = parser.parse_args()
    os.environ["AWS_ENDPOINT_URL"] = arguments.endpoint_url
    options = Options(**vars(arguments))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(options))
    except Exception as error:
        tell({"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
