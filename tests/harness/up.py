"""`make up`: dev applied and left running, with what curl and two people's browsers need."""

from __future__ import annotations

import re
import signal
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.console import Steps
from harness.demo import merchant_day
from harness.demo.merchant_day import Row
from harness.demo.run import apply_organization, pay
from harness.platform import REPOSITORY, Platform
from harness.signing_proxy import SigningProxy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from harness.platform import MerchantAccess

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


PEOPLE = ("alice", "bob")
"""Who has a browser at the dashboard; two, since large refunds need a second person."""

# Part of the day, so that the dashboard has something to show: the stolen card's payments included.
_PAID_FROM, _PAID_UNTIL = "14:30:00", "15:45:00"


def run(console: Console, *, port: int, dashboard_port: int, directory: Path) -> None:
    """Apply dev, make it ready to be used by people and by curl, and serve until Ctrl-C.

    Args:
        console: where progress and addresses are shown.
        port: TCP port of the API, 0 for a free one.
        dashboard_port: TCP port of the first person's dashboard, the second one's is the next;
            0 for free ones.
        directory: where each merchant's credentials are written.

    Raises:
        OSError: a port is taken.
    """
    with (
        tempfile.TemporaryDirectory(prefix="payment-platform-") as workdir,
        Platform(Path(workdir), edge_port=port) as platform,
        ExitStack() as browsers,
    ):
        # They take their ports at once: one that isn't free had better show before minutes of work.
        proxies = [
            signing_proxy(platform, person, port=dashboard_port and dashboard_port + number)
            for number, person in enumerate(PEOPLE)
        ]
        steps = Steps(console, 9)
        platform.start()
        apply_organization(platform, steps)
        with steps.step("terraform apply environments/dev") as step:
            applied = platform.apply_environment(step.terraform)
            step.done(f"{applied.counts.add} resources")
        with steps.step("start the services that were deployed"):
            platform.serve()
            files = [write_credentials(platform, each, directory) for each in platform.merchant_ids]
        pay(some_payments(), platform.merchant(platform.merchant_ids[0]), steps)
        for proxy in proxies:
            browsers.enter_context(proxy)
        _announce(console, platform, proxies, files)
        _sweep_until_stopped(platform)
        console.print("\nStopping: nothing is left running.")


def some_payments() -> list[Row]:
    """Give a part of the example's day, and a payment whose refund needs a second person."""
    rows = merchant_day.read(REPOSITORY / "examples/merchant-day.csv")
    paid = {
        row.payment
        for row in rows
        if row.operation == "authorize" and _PAID_FROM <= row.time < _PAID_UNTIL
    }
    large = Row(
        line=0,
        time=_PAID_FROM,
        operation="authorize",
        payment="wedding-cake",
        amount=64_000,
        currency="EUR",
        card="discover_04",
        idempotency_key="wedding-cake",
        expect="authorized",
    )
    captured = replace(
        large, line=1, operation="capture", card="", expect="captured", idempotency_key="cake-2"
    )
    return [large, captured, *(row for row in rows if row.payment in paid)]


def signing_proxy(platform: Platform, person: str, *, port: int = 0) -> SigningProxy:
    """Make a person's way to the dashboard, as any of the merchants; it isn't started yet."""

    def sign_in(merchant_id: str) -> MerchantAccess:
        return platform.merchant(merchant_id, api_name="dashboard", session_name=person)

    return SigningProxy(person, sign_in, lambda: platform.merchant_ids, port=port)


def write_credentials(platform: Platform, merchant_id: str, directory: Path) -> Path:
    """Write a merchant's credentials as a file for the shell, readable by its owner alone."""
    access = platform.merchant(merchant_id)
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
        "DASHBOARD_API": platform.invoke_url_of("dashboard"),
        "FRAUD_API": platform.invoke_url_of("fraud"),
        "MERCHANT": access.merchant_id,
    }
    path.write_text("".join(f"export {name}='{value}'\n" for name, value in variables.items()))
    return path


def _announce(
    console: Console, platform: Platform, proxies: Sequence[SigningProxy], files: Sequence[Path]
) -> None:
    console.print()
    for proxy in proxies:
        console.print(f"Dashboard      {proxy.url}  as {proxy.person}")
    for name in ("payments", "fraud", "dashboard"):
        console.print(f"{f'{name.capitalize()} API':<15}{platform.invoke_url_of(name)}")
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
