"""What changed for PCI DSS between two commits: each is planned, and judged by the same checks.

Nothing is applied. What is known only after an apply is NOT-EVALUATED for both, so it is no change;
attempts and tests aren't compared. Packs of both commits compare all of it.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.aws import EmbeddedAWS
from harness.console import Steps
from harness.evidence.scanning import ACCOUNTS, BEFORE_APPLY, Planned, scan
from harness.known_organization import found_organization, known_organization
from harness.platform import ACKNOWLEDGEMENT, ENVIRONMENT, REPOSITORY
from harness.public_zone import public_zone
from harness.terraform import Terraform
from harness.testing import Options
from harness.testing.workbench import Workbench
from pci_dss.catalogue import catalogue
from pci_dss.evidence import delta, verify
from pci_dss.evidence.model import Evidence
from pci_dss.exceptions import EXCEPTIONS, load
from pci_dss.matrix import matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from harness.console import Step
    from pci_dss.evidence.delta import Delta

STEPS = 3
FILES = ""
"""In place of a commit: the files as they are now."""
_AS_THEY_ARE = "the files as they are"
_VARIABLES: Mapping[str, Mapping[str, Any]] = {
    "management": {},
    "log-archive": {"production_lock": {"acknowledgement": ACKNOWLEDGEMENT}},
    "trail": {"archive_key_arn": "arn:aws:kms:eu-west-1:222222222222:key/of-the-archive"},
    ENVIRONMENT: {},
}
"""What each root is planned with."""


class CommitError(RuntimeError):
    """A commit can't be looked at; says why."""


@dataclass(frozen=True)
class Tree:
    """The files of a commit."""

    name: str
    """As the delta says it."""
    directory: Path


def between(
    console: Console,
    python: Path,
    old: str,
    new: str,
    workdir: Path,
    repository: Path = REPOSITORY,
) -> Delta:
    """Compare two commits.

    Args:
        console: shows progress.
        python: of the policies' environment.
        old: a commit, branch or tag.
        new: another, or `FILES`.
        workdir: where their files and Terraform's go.
        repository: whose commits they are.

    Raises:
        CommitError: there is no such commit, or its functions can't be packaged.
        harness.terraform.TerraformError: Terraform refuses one of them.
        harness.evidence.scanning.ScanningError: plans can't be scanned.
    """
    steps = Steps(console, 2 * STEPS)
    known = known_organization()
    with EmbeddedAWS(region=known["region"], account_ids=known["accounts"]) as aws:
        found_organization(aws, known["accounts"])
        judged = []
        for place, commit in enumerate((old, new)):
            with _files(commit, workdir / f"tree-{place}", repository) as tree:
                folder = workdir / f"plans-{place}"
                folder.mkdir()
                judged.append(_judge(tree, aws, python, folder, steps))
    return delta.delta(*judged)


def are_packs(old: str, new: str) -> bool:
    """Whether packs are to be compared, and not commits.

    Raises:
        CommitError: one of them is a pack, and the other isn't.
    """
    packs = [(Path(each) / verify.MANIFEST).exists() for each in (old, new) if each]
    if any(packs) and not (all(packs) and new):
        raise CommitError("a pack is compared with another pack: name two packs, or two commits")
    return any(packs)


@contextmanager
def _files(commit: str, directory: Path, repository: Path) -> Iterator[Tree]:
    """Check a commit out beside the repository's own files, for a while."""
    if commit == FILES:
        yield Tree(_AS_THEY_ARE, repository)
        return
    try:
        found = git(repository, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}")
    except CommitError:
        raise CommitError(f"git knows no commit {commit}") from None
    git(repository, "worktree", "add", "--detach", str(directory), found)
    try:
        yield Tree(found, directory)
    finally:
        git(repository, "worktree", "remove", "--force", str(directory))


def _judge(tree: Tree, aws: EmbeddedAWS, python: Path, workdir: Path, steps: Steps) -> Evidence:
    name = tree.name if tree.name == _AS_THEY_ARE else tree.name[:10]
    with steps.step(f"{name}: package the functions"):
        _package(tree)
    with steps.step(f"{name}: terraform plan every root") as step:
        plans = [*_plans(tree, aws, workdir, step)]
        step.done(f"{len(plans)} plans")
    with steps.step(f"{name}: look at every resource") as step:
        scanned = scan(python, plans, workdir, tree.directory)
        step.done(f"{sum(len(each.records) for each in scanned.scans)} answers")
    now = datetime.now(UTC)
    accepted = tree.directory / "policies" / "pci_dss" / EXCEPTIONS.name
    exemptions = load(accepted) if accepted.exists() else ()
    rows = matrix(catalogue(), scanned.checks, scanned.scans, [], exemptions, now.date())
    return Evidence(
        commit=tree.name,
        created=now.isoformat(timespec="seconds"),
        versions={"checkov": scanned.checkov},
        sources=scanned.sources,
        rows=[row for row in rows if row.environment],
    )


def _package(tree: Tree) -> None:
    done = subprocess.run(  # noqa: S603 - of a commit of ours
        [sys.executable, tree.directory / "lambda_src" / "package.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tree.directory,
    )
    if done.returncode:
        raise CommitError(f"{tree.name} can't be packaged:\n{done.stderr.strip()[-2000:]}")


def _plans(tree: Tree, aws: EmbeddedAWS, workdir: Path, step: Step) -> Iterator[Planned]:
    """Plan the roots that the commit has."""
    accounts: Mapping[str, str] = known_organization()["accounts"]
    workbench = Workbench(Terraform.discover(), aws.environment, workdir)
    with public_zone(aws, ENVIRONMENT):
        for name, variables in _VARIABLES.items():
            directory = tree.directory / "environments" / name
            if directory.is_dir():
                step.update(name)
                account = accounts[ACCOUNTS.get(name, name)]
                plan = workbench.plan(directory, variables, Options(account_id=account))
                yield Planned(f"environments/{name}", account, plan.document, BEFORE_APPLY)


def git(repository: Path, *arguments: str) -> str:
    """Return what git says of a repository.

    Raises:
        CommitError: it fails.
    """
    done = subprocess.run(  # noqa: S603 - git, with words of ours
        ["git", *arguments],  # noqa: S607 - on PATH
        capture_output=True,
        text=True,
        check=False,
        cwd=repository,
    )
    if done.returncode:
        raise CommitError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()
