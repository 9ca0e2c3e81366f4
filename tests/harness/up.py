"""`make up`: dev applied and left running, with what curl needs to pay."""

from __future__ import annotations

import re
import signal
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from harness.console import Steps
from harness.platform import Platform

if TYPE_CHECKING:
    from rich.console import Console

    from harness.platform import MerchantAccess

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def run(console: Console, *, port: int, directory: Path) -> None:
    """Apply dev, write each merchant's credentials below `directory`, and serve until Ctrl-C."""
    with (
        tempfile.TemporaryDirectory(prefix="payment-platform-") as workdir,
        Platform(Path(workdir), edge_port=port) as platform,
    ):
        steps = Steps(console, 3)
        with steps.step("terraform apply environments/bootstrap") as step:
            platform.start()
            platform.apply_bootstrap(step.terraform)
        with steps.step("terraform apply environments/dev") as step:
            applied = platform.apply_environment(step.terraform)
            step.done(f"{applied.counts.add} resources")
        with steps.step("serve the API"):
            platform.serve()
            files = [
                write_credentials(platform.merchant(merchant_id), directory)
                for merchant_id in platform.merchant_ids
            ]
        _announce(console, platform, files)
        _sweep_until_stopped(platform)
        console.print("\nStopping: nothing is left running.")


def write_credentials(access: MerchantAccess, directory: Path) -> Path:
    """Write a merchant's credentials as a file for the shell, readable by its owner alone."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{access.merchant_id}.env"
    path.touch(mode=0o600)
    variables = {
        "API": access.invoke_url,
        "API_KEY": access.api_key,
        "AWS_ACCESS_KEY_ID": access.access_key_id,
        "AWS_REGION": access.region,
        "AWS_SECRET_ACCESS_KEY": access.secret_access_key,
        "AWS_SESSION_TOKEN": access.session_token,
        "MERCHANT": access.merchant_id,
    }
    path.write_text("".join(f"export {name}='{value}'\n" for name, value in variables.items()))
    return path


def _announce(console: Console, platform: Platform, files: list[Path]) -> None:
    console.print(f"\nPayments API   {platform.invoke_url}")
    console.print(f"Embedded AWS   {platform.aws.endpoint_url}")
    console.print(f"Acquirer       {platform.acquirer.url}")
    console.print("\nCredentials of the merchants, valid for an hour:")
    for path in files:
        console.print(f"  source {path}")
    console.print("\nThe README shows what to send. Ctrl-C ends everything.")


def _sweep_until_stopped(platform: Platform) -> None:
    """Run the sweeper by its deployed schedule until SIGINT or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    rule = platform.aws.client("events", platform.account_id).describe_rule(
        Name=platform.outputs["functions"]["sweeper"]["schedule_rule_name"]
    )
    while not stopped.wait(interval_seconds(rule["ScheduleExpression"])):
        platform.sweep()


def interval_seconds(schedule: str) -> int:
    """Read a rate expression of EventBridge as seconds.

    Raises:
        ValueError: for a cron expression, which no schedule of the platform uses.
    """
    found = _RATE.fullmatch(schedule)
    if found is None:
        raise ValueError(f"{schedule!r} isn't a rate expression")
    return int(found[1]) * _SECONDS[found[2]]
