"""The service's entry point: ``python -m merchant_dashboard``."""

from __future__ import annotations

import os
import sys

from merchant_dashboard.application import build
from merchant_dashboard.server import run
from merchant_dashboard.settings import Settings, SettingsError


def main() -> int:
    """Serve until told to end; return the exit status."""
    try:
        application = build(Settings.from_environment(os.environ))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    run(application)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
