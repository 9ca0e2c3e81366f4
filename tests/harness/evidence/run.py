"""`make evidence`: organization and dev applied, looked at, attacked; a pack of what was found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from harness.console import Steps
from harness.demo.archived import look_into_archive
from harness.demo.run import apply_organization
from harness.evidence import oscal_judge, pack, requests, rows
from harness.evidence.commits import git
from harness.evidence.marked_tests import marked_tests
from harness.evidence.scanning import ACCOUNTS, Planned, scan
from harness.evidence_graphs import Estate, Root, graph_rows
from harness.platform import ENVIRONMENT, REPOSITORY, Platform
from pci_dss.catalogue import catalogue
from pci_dss.evidence import delta, verify
from pci_dss.evidence.model import Evidence, Status
from pci_dss.evidence.sign import SigningKey
from pci_dss.exceptions import load
from pci_dss.matrix import matrix

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from harness.console import Step
    from harness.evidence.scanning import Scanned
    from pci_dss.evidence.delta import Delta
    from pci_dss.evidence.model import Row

STEPS = 15
TESTS = REPOSITORY / "build" / "pci-tests.json"
_PROVIDER_VERSION = re.compile(
    r'provider "registry\.terraform\.io/hashicorp/aws" \{\s+version\s+= "([^"]+)"'
)


@dataclass(frozen=True)
class Pythons:
    """Interpreters of environments whose packages don't agree with ours."""

    policies: Path
    """Where checkov is."""
    oscal: Path
    """Where OSCAL's judges are."""


@dataclass(frozen=True)
class Made:
    """A pack that was made."""

    evidence: Evidence
    fingerprint: str
    """Of the key that signed it."""
    problems: list[str]
    """What the pack's own verifier and OSCAL's judge find; something is badly wrong."""
    changed: Delta | None
    """Since the pack before, if there was one."""

    @property
    def is_good(self) -> bool:
        """Whether nothing fails and the pack verifies."""
        return not self.problems and not self.evidence.counts()[Status.FAIL]


def make(console: Console, pythons: Pythons, directory: Path, workdir: Path) -> Made:
    """Make a pack.

    Args:
        console: shows progress.
        pythons: of environments beside ours.
        directory: where the pack is written; a pack that is there is set aside.
        workdir: where Terraform's files go.

    Raises:
        harness.terraform.TerraformError: when Terraform fails.
        harness.evidence.scanning.ScanningError: when plans can't be scanned.
        harness.evidence.oscal_judge.JudgeError: when OSCAL can't be judged.
        pci_dss.exceptions.ExceptionsError: when an exception is malformed.
    """
    exemptions = load()
    key = SigningKey.from_environment()
    steps = Steps(console, STEPS)
    with Platform(workdir) as platform:
        _apply(platform, steps)
        versions = {"Terraform": platform.terraform.cli.version, "hashicorp/aws": _provider()}
        scanned, graphs = look(platform, pythons.policies, steps, workdir)
        seen = [*graphs, *_attempts(platform, steps)]
    with steps.step("find the tests that are marked with requirements") as step:
        tested = [*rows.of_tests(marked_tests(REPOSITORY, TESTS, workdir))]
        step.done(f"{len({row.subject for row in tested})} tests")
    now = datetime.now(UTC)
    found = matrix(
        catalogue(), scanned.checks, scanned.scans, [*seen, *tested], exemptions, now.date()
    )
    evidence = _evidence(found, scanned, versions, now)
    with steps.step("write, sign and verify the pack") as step:
        before = pack.set_aside(directory)
        pack.write(directory, evidence, catalogue(), exemptions, key=key, before=before)
        problems = verify.findings(directory, key.fingerprint)
        step.done(f"{len(found)} rows")
    with steps.step("have its OSCAL judged by the published schema") as step:
        wrong = oscal_judge.findings(pythons.oscal, directory)
        step.done("not valid" if wrong else "valid")
    changed = delta.delta(delta.read(before), evidence) if before else None
    return Made(evidence, key.fingerprint, [*problems, *wrong], changed)


def look(
    platform: Platform, python: Path, steps: Steps, workdir: Path
) -> tuple[Scanned, list[Row]]:
    """Look at everything that was applied, in three steps.

    It is planned again, and only then all values are known.

    Args:
        platform: that was applied.
        python: of the policies' environment.
        steps: show progress.
        workdir: where plans are written.

    Returns:
        What the scan found, and rows of the graphs.
    """
    with steps.step("terraform plan again: every root") as step:
        plans = [*_plans(platform, step)]
        step.done(f"{len(plans)} plans")
    with steps.step("look at every resource of every plan") as step:
        scanned = scan(python, plans, workdir)
        step.done(f"{sum(len(each.records) for each in scanned.scans)} answers")
    with steps.step("follow who reaches what, and every log to its end") as step:
        graphs = [*graph_rows(_estate(platform, plans))]
        step.done(f"{len(graphs)} answers")
    return scanned, graphs


def _apply(platform: Platform, steps: Steps) -> None:
    with steps.step("start the embedded AWS and the acquirer") as step:
        platform.start()
        step.done(f"Terraform {platform.terraform.cli.version}")
    apply_organization(platform, steps)
    with steps.step(f"terraform apply environments/{ENVIRONMENT}") as step:
        step.done(f"{platform.apply_environment(step.terraform).counts.add} resources")


def _plans(platform: Platform, step: Step) -> list[Planned]:
    roots = {ENVIRONMENT: platform.environment, **platform.organization}
    return [
        Planned(
            f"environments/{name}",
            platform.accounts[ACCOUNTS.get(name, name)],
            root.plan(progress=step.terraform).document,
        )
        for name, root in roots.items()
    ]


def _estate(platform: Platform, plans: list[Planned]) -> Estate:
    roots = [
        Root(plan.name, plan.account_id, platform.region, plan.document, REPOSITORY)
        for plan in plans
    ]
    return Estate(roots, platform.accounts.values(), archive="environments/log-archive")


def _attempts(platform: Platform, steps: Steps) -> list[Row]:
    """Send what must be refused: to the edge, then to whatever keeps its logs."""
    with steps.step("ask the deployed APIs for what they must refuse") as step:
        platform.serve()
        refusals = requests.send(platform)
        platform.edge.flush_logs()
        step.done(f"{sum(each.as_expected for each in refusals)} of {len(refusals)} refused")
    with steps.step("try to be rid of logs, in every account") as step:
        access_log = platform.outputs["apis"]["v1/payments"]["access_log_group"]
        archived = look_into_archive(platform, access_log)
        step.done(f"{len(archived.attempts)} attempts")
    return [*rows.of_refusals(refusals, ENVIRONMENT), *rows.of_attempts(archived.attempts)]


def _evidence(
    found: list[Row], scanned: Scanned, versions: dict[str, str], now: datetime
) -> Evidence:
    return Evidence(
        commit=commit(REPOSITORY),
        created=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        versions={**versions, "checkov": scanned.checkov},
        sources=scanned.sources,
        rows=found,
    )


def commit(repository: Path) -> str:
    """Return git's id of the tree, marked where files differ from it.

    Raises:
        CommitError: git doesn't know it.
    """
    changed = git(repository, "status", "--porcelain")
    return git(repository, "rev-parse", "HEAD") + ("-dirty" if changed else "")


def _provider() -> str:
    lock = REPOSITORY / "environments" / ENVIRONMENT / ".terraform.lock.hcl"
    found = _PROVIDER_VERSION.search(lock.read_text(encoding="utf-8"))
    return found[1] if found else "not locked"
