"""``python -m fraud_detection``: the task's command."""

from __future__ import annotations

import asyncio
import os
import sys

import uvloop

from fraud_detection.dynamodb import UnreachableError
from fraud_detection.model import ModelError
from fraud_detection.server import serve
from fraud_detection.settings import Settings, SettingsError


def main() -> int:
    """Serve; the exit status is 1 when the service can't start."""
    try:
        settings = Settings.from_environment(os.environ)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except (SettingsError, ModelError, UnreachableError) as error:
        sys.stderr.write(f"fraud_detection can't start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
