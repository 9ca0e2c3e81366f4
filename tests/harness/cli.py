"""The harness's commands: what `make demo`, `up`, `pipeline`, `bench` and `make test` call."""

from __future__ import annotations

import errno
import shutil
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from harness import mutants as mutation
from harness import policies_self_test
from harness import up as running
from harness.aws import EmbeddedAWS
from harness.bench import functions, gateway, logs, plans
from harness.bench.contestants import ContestantError
from harness.bench.dashboard import page_times
from harness.bench.figures import Figure
from harness.bench.figures import table as figures_table
from harness.bench.fraud import fraud_figures
from harness.bench.overload import overload_figures
from harness.bench.policies import policy_scans
from harness.bench.rollout import rollout_figures
from harness.console import Steps
from harness.demo import merchant_day, run, summary
from harness.demo.dashboard_pages import DashboardError
from harness.edge import EdgeError
from harness.evidence import commits
from harness.evidence import run as evidence_run
from harness.evidence import summary as evidence_summary
from harness.evidence.marked_tests import MarkedTestsError
from harness.evidence.oscal_judge import JudgeError
from harness.evidence.scanning import ScanningError
from harness.known_organization import found_organization, known_organization
from harness.log_paths import table as log_paths_table
from harness.log_paths.planned import planned_log_paths
from harness.pipeline import command as pipeline_command
from harness.pipeline.errors import PipelineError
from harness.platform import REPOSITORY
from harness.policies_self_test import SelfTestError
from harness.terraform import DiscoveryError, TerraformError
from harness.terraform.executable import find_cli
from pci_dss.evidence import delta
from pci_dss.evidence.sign import SigningError
from pci_dss.evidence.trend import TrendError
from pci_dss.exceptions import ExceptionsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Apply the payment platform to the embedded AWS and use what was deployed.",
)
# A log has no width of its own; 80 columns would fold every table.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)


@app.command()
def demo(
    input_file: Annotated[
        Path, typer.Option("--input", help="A merchant's day as CSV; see examples/README.md.")
    ] = REPOSITORY / "examples/merchant-day.csv",
    keep: Annotated[
        bool, typer.Option(help="Keep Terraform's state and logs, and say where.")
    ] = False,
) -> None:
    """Apply dev, pay a merchant's day through it, reconcile the books, destroy dev."""
    rows = merchant_day.read(input_file)
    console.print(f"[bold]A merchant's day[/bold]: {len(rows)} requests from {input_file}\n")
    workdir = Path(tempfile.mkdtemp(prefix="payment-platform-"))
    try:
        report = run.run(rows, workdir, console)
    finally:
        if keep:
            console.print(f"Terraform's files are in {workdir}")
        else:
            shutil.rmtree(workdir, ignore_errors=True)
    summary.show(report, console)
    for failure in report.failures:
        console.print(f"[red]✗[/red] {escape(failure)}")
    raise typer.Exit(1 if report.failures else 0)


@app.command()
def up(
    port: Annotated[int, typer.Option(help="TCP port of the API on 127.0.0.1.")] = 8080,
    dashboard_port: Annotated[
        int,
        typer.Option(help="TCP port of the first person's dashboard; the second's is the next."),
    ] = 8081,
    directory: Annotated[
        Path, typer.Option(help="Where each merchant's credentials are written.")
    ] = REPOSITORY / ".work/up",
) -> None:
    """Apply dev and leave it running, with the dashboard and credentials for curl, until Ctrl-C."""
    running.run(console, port=port, dashboard_port=dashboard_port, directory=directory)


class Part(StrEnum):
    """A part of the bench."""

    GATEWAY = "gateway"
    OVERLOAD = "overload"
    FUNCTIONS = "functions"
    SERVICES = "services"
    LOGS = "logs"
    PLANS = "plans"
    POLICIES = "policies"
    ROLLOUT = "rollout"


def measurements(yardstick: Path | None) -> dict[Part, list[Callable[[], Sequence[Figure]]]]:
    """Everything that the bench measures, by part."""
    return {
        Part.GATEWAY: [
            lambda: [gateway.edge_cpu()],
            gateway.edge_scaling,
            lambda: [gateway.edge_latency(yardstick)],
        ],
        Part.OVERLOAD: [overload_figures],
        Part.FUNCTIONS: [
            functions.authorize_cpu,
            lambda: [functions.dynamodb_calls()],
            lambda: [functions.start_time()],
        ],
        Part.SERVICES: [fraud_figures, page_times],
        Part.LOGS: [
            lambda: [logs.access_log_cpu()],
            lambda: [logs.lines_to_the_archive()],
        ],
        Part.PLANS: [
            lambda: plans.one_plan(yardstick),
            lambda: plans.module_suite(yardstick),
            plans.further_plans,
            lambda: plans.apply_and_destroy(yardstick),
            plans.edit_and_test,
            lambda: plans.memory(yardstick),
        ],
        Part.POLICIES: [policy_scans],
        Part.ROLLOUT: [rollout_figures],
    }


@app.command()
def bench(
    yardstick: Annotated[
        Path | None,
        typer.Option(
            "--yardstick",
            exists=True,
            callback=lambda python: (
                python and python.absolute()
            ),  # resolved, it'd lose its packages
            help="Python of an environment with what we measure ourselves by: MiniStack, tftest "
            "and pytest-terraform.",
        ),
    ] = None,
    only: Annotated[list[Part] | None, typer.Option(help="Measure this part; repeatable.")] = None,
) -> None:
    """Measure ratios side by side in one run; nothing else should be running."""
    chosen = [
        measure
        for part, measures in measurements(yardstick).items()
        if only is None or part in only
        for measure in measures
    ]
    figures: list[Figure] = []
    with console.status("measuring") as status:
        for number, measure in enumerate(chosen, 1):
            status.update(f"measuring {number} of {len(chosen)}")
            figures += measure()
    console.print(figures_table(figures))


@app.command()
def evidence(
    directory: Annotated[
        Path, typer.Option(help="Where the pack is written; one that is there is set aside.")
    ] = REPOSITORY / "build/evidence",
    policies: Annotated[
        Path, typer.Option(help="Python of the policies' environment, where checkov is.")
    ] = REPOSITORY / ".venv-policies/bin/python",
    oscal: Annotated[
        Path, typer.Option(help="Python of the environment that judges OSCAL.")
    ] = REPOSITORY / ".venv-oscal/bin/python",
) -> None:
    """Apply the platform, look at all of it, attack it, and seal what was found in a pack."""
    with tempfile.TemporaryDirectory(prefix="pci-evidence-") as workdir:
        pythons = evidence_run.Pythons(policies.absolute(), oscal.absolute())
        made = evidence_run.make(console, pythons, directory, Path(workdir))
    evidence_summary.show(made, directory, console)
    raise typer.Exit(0 if made.is_good else 1)


@app.command("pci-delta")
def pci_delta(
    old: Annotated[str, typer.Argument(help="A commit, or a pack.", metavar="FROM")],
    new: Annotated[
        str, typer.Argument(help="Another; without it, the files as they are.", metavar="TO")
    ] = commits.FILES,
    policies: Annotated[
        Path, typer.Option(help="Python of the policies' environment, where checkov is.")
    ] = REPOSITORY / ".venv-policies/bin/python",
) -> None:
    """Tell what changed for PCI DSS between two commits, or two packs."""
    if commits.are_packs(old, new):
        found = delta.delta(delta.read(Path(old)), delta.read(Path(new)))
    else:
        with tempfile.TemporaryDirectory(prefix="pci-delta-") as workdir:
            found = commits.between(console, policies.absolute(), old, new, Path(workdir))
    evidence_summary.show_delta(found, console)
    raise typer.Exit(delta.WORSE if found.counts[delta.Direction.WORSE] else delta.NOT_WORSE)


@app.command("self-test")
def try_policies(
    policies: Annotated[
        Path, typer.Option(help="Python of the policies' environment, where checkov is.")
    ] = REPOSITORY / ".venv-policies/bin/python",
) -> None:
    """Plan the roots and break what they make in known ways: every check must see it."""
    steps = Steps(console, len(policies_self_test.ROOTS))
    with tempfile.TemporaryDirectory(prefix="self-test-") as workdir:
        plans = policies_self_test.plan_roots(Path(workdir), steps)
        code = policies_self_test.judge(policies.absolute(), plans)
    raise typer.Exit(code)


@app.command()
def pipeline(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would do, and how long it may take.")
    ] = False,
    budget_minutes: Annotated[
        int | None,
        typer.Option(help="Minutes that all stages may take; by default the pipeline's own tag."),
    ] = None,
) -> None:
    """Deploy the pipeline, and promote the checkout with it through all four accounts."""
    is_good = pipeline_command.run(console, dry_run=dry_run, budget_minutes=budget_minutes)
    raise typer.Exit(0 if is_good else 1)


@app.command("log-paths")
def follow_logs(
    environment: Annotated[str, typer.Argument(help="A root of environments/.")] = "dev",
) -> None:
    """Plan an environment and follow everything that logs to the lock that it ends under."""
    known = known_organization()
    with (
        EmbeddedAWS(region=known["region"], account_ids=known["accounts"]) as aws,
        tempfile.TemporaryDirectory() as workdir,
        console.status("planning"),
    ):
        found_organization(aws, known["accounts"])
        paths = planned_log_paths(aws, environment, Path(workdir))
    console.print(log_paths_table(paths))
    orphans = sum(bool(path.problem) for path in paths)
    console.print(f"\n{len(paths)} paths; orphans: {orphans or 'none'}")
    raise typer.Exit(1 if orphans else 0)


@app.command()
def mutants(
    names: Annotated[list[str] | None, typer.Argument(help="Only these.")] = None,
    thorough: Annotated[bool, typer.Option(help="Also those of `make test-all`.")] = False,
) -> None:
    """Break one thing at a time in a copy of the tree; some test must turn red for each."""
    chosen = [
        mutant
        for mutant in mutation.catalogue(REPOSITORY)
        if (mutant.name in names if names else thorough or not mutant.thorough)
    ]
    if not chosen:
        raise typer.BadParameter(f"no such mutant; {mutation.CATALOGUE} lists them")

    def show(verdict: mutation.Verdict) -> None:
        mark = "[green]killed[/green]  " if verdict.killed else "[red]SURVIVED[/red]"
        by = f"by {verdict.killer}" if verdict.killed else f"\n{escape(verdict.output)}"
        console.print(f"{mark} {verdict.mutant.name}  {by}  [dim]{verdict.seconds:.1f} s[/dim]")

    verdicts = mutation.run(REPOSITORY, chosen, show)
    survivors = sum(not verdict.killed for verdict in verdicts)
    console.print(f"{len(verdicts) - survivors} of {len(verdicts)} mutants killed")
    raise typer.Exit(1 if survivors else 0)


@app.command()
def fmt() -> None:
    """Rewrite the HCL in Terraform's format."""
    done = find_cli().run("fmt", "-recursive", cwd=REPOSITORY)
    console.print(escape(done.stdout + done.stderr), end="")
    raise typer.Exit(done.returncode)


def main() -> None:
    """Run a command; an error that a person can mend is one message, not a traceback."""
    try:
        app()
    except (
        ContestantError,
        commits.CommitError,
        delta.DeltaError,
        merchant_day.MerchantDayError,
        mutation.StaleMutantError,
        run.DemoError,
        DashboardError,
        DiscoveryError,
        EdgeError,
        ExceptionsError,
        JudgeError,
        MarkedTestsError,
        PipelineError,
        ScanningError,
        SelfTestError,
        SigningError,
        TerraformError,
        TrendError,
    ) as error:
        Console(stderr=True, highlight=False).print(f"[red]error[/red]: {escape(str(error))}")
        sys.exit(1)
    except FileNotFoundError as error:
        Console(stderr=True).print(f"[red]error[/red]: there is no file {error.filename}")
        sys.exit(1)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        Console(stderr=True, highlight=False).print(
            "[red]error[/red]: a port is in use; choose others with --port and --dashboard-port"
        )
        sys.exit(1)
