"""The PCI policies over all plans and modules in one process, beside checkov's command line."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.aws import EmbeddedAWS
from harness.bench.contestants import ContestantError
from harness.bench.figures import Figure
from harness.known_organization import found_organization, known_organization
from harness.planned_roots import planned_root
from harness.platform import REPOSITORY
from harness.terraform import Terraform
from harness.testing.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOTS = ("dev", "log-archive", "trail", "management")
ENVIRONMENT = REPOSITORY / ".venv-policies/bin"
_POLICIES = REPOSITORY / "policies"
_CHECKS = """
from pci_dss.scanner import profile
from pci_dss.policy import policies
print(",".join([*(policy.id for policy in policies()), *profile()]))
"""
_RESULTS = {"PASSED": "PASS", "FAILED": "FAIL"}
_SAYS = "checkov says "

Findings = dict[tuple[str, str, str], str]
"""By input, check and address: PASS or FAIL."""


def policy_scans() -> list[Figure]:
    """CPU of all scans, ours in one process and checkov's command line for each input."""
    if not (ENVIRONMENT / "checkov").exists():
        raise ContestantError("there is no environment of the policies: run `make bench`")
    modules = sorted({path.parent for path in (REPOSITORY / "modules").rglob("*.tf")})
    with tempfile.TemporaryDirectory() as workdir:
        targets = [*_plans(Path(workdir)), *modules]
        before = _cpu_seconds()
        ours = _ours(targets)
        between = _cpu_seconds()
        theirs = _theirs(targets)
        after = _cpu_seconds()
    differing = differences(ours, theirs)
    said = f"{len(theirs)} findings, the same" if not differing else "; ".join(differing[:9])
    seconds, beside = between - before, after - between
    return [
        Figure(
            f"PCI policies over {len(ROOTS)} plans and {len(modules)} modules, CPU",
            f"{seconds:.0f} s",
            f"{beside:.0f} s, checkov's command line for each with the same checks; {said}",
            beside / seconds,
            "3 or more",
        )
    ]


def differences(ours: Sequence[Mapping[str, Any]], theirs: Findings) -> list[str]:
    """List where the two don't find the same.

    What ours doesn't decide though checkov does names checkov's answer: it is the same finding,
    and a doubt about it.
    """
    found: Findings = {}
    for finding in ours:
        status = finding["status"]
        for reason in finding["reasons"]:
            if reason.startswith(_SAYS):
                status = reason.removeprefix(_SAYS).partition(",")[0]
        if status in _RESULTS.values():
            key = finding["environment"], finding["check"], finding["subject"]
            found[key] = status
    keys = sorted(found.keys() | theirs.keys())
    return [
        f"{' '.join(key)}: {found.get(key, 'nothing')} here, {theirs.get(key, 'nothing')} there"
        for key in keys
        if found.get(key) != theirs.get(key)
    ]


def _plans(workdir: Path) -> Iterator[Path]:
    known = known_organization()
    with EmbeddedAWS(region=known["region"], account_ids=known["accounts"]) as aws:
        found_organization(aws, known["accounts"])
        workbench = Workbench(Terraform.discover(), aws.environment, workdir)
        for root in ROOTS:
            path = workdir / f"{root}.json"
            path.write_text(json.dumps(planned_root(root, aws, workbench)), encoding="utf-8")
            yield path


def _ours(targets: Sequence[Path]) -> Sequence[Mapping[str, Any]]:
    document = _json([ENVIRONMENT / "python", "-m", "pci_dss", "--json", *targets])
    if document["errors"]:
        raise ContestantError("; ".join(document["errors"]))
    return list(document["findings"])


def _theirs(targets: Sequence[Path]) -> Findings:
    checks = _run([ENVIRONMENT / "python", "-c", _CHECKS]).strip()
    found: Findings = {}
    for target in targets:
        files = target.is_dir()
        report = _json(
            [
                *(ENVIRONMENT / "checkov", "-d" if files else "-f", target, "--check", checks),
                *("--framework", "terraform" if files else "terraform_plan"),
                *("--external-checks-dir", _POLICIES / "pci_dss/checks"),
                *("--download-external-modules", "false", "--skip-download", "-o", "json"),
            ]
        )
        name = str(target.relative_to(REPOSITORY)) if files else target.stem
        results = report.get("results", {"passed_checks": [], "failed_checks": []})
        for each in (*results["passed_checks"], *results["failed_checks"]):
            key = name, each["check_id"], each["resource"]
            found[key] = _RESULTS[each["check_result"]["result"]]
    return found


def _json(command: Sequence[str | Path]) -> Any:
    return json.loads(_run(command))


def _run(command: Sequence[str | Path]) -> str:
    """Run one contestant; 1 is how both say that something fails."""
    done = subprocess.run(  # noqa: S603 - ours, and checkov
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(_POLICIES), "LOG_LEVEL": "CRITICAL"},
    )
    if done.returncode not in (0, 1):
        raise ContestantError(f"{command[0]} failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
