"""The consumers' command: what it reports of another team's Terraform, and how it ends."""

from __future__ import annotations

import datetime
import json
import subprocess
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from harness.testing import Options
from pci_dss.policy import Result

from .consumers import CALLING_A_MODULE, EXCEPTION, FALSE_PASSES, RAW
from .policies_process import PYTHON, REPOSITORY, Done, Policies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

EGRESS = "aws_vpc_security_group_egress_rule.out"
TODAY = datetime.datetime.now(datetime.UTC).date()
TOPIC = 'resource "aws_sns_topic" "a" {\n  kms_master_key_id = "alias/a"\n}\n'
UNKNOWN = 'resource "aws_sns_topic" "a" {\n  kms_master_key_id = var.key\n}\nvariable "key" {}\n'


@pytest.fixture(scope="module")
def policies() -> Iterator[Policies]:
    with Policies() as found:
        yield found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, plan: Any) -> Path:
    """A consumer's repository: a root with raw resources, its plan, and one that calls a module."""
    folder = tmp_path_factory.mktemp("shop")
    for name, text in {"raw": RAW, "ledger": CALLING_A_MODULE % REPOSITORY}.items():
        root = folder / name
        root.mkdir()
        (root / "main.tf").write_text(text)
        document = plan(root, options=Options(account_id="111111111111")).document
        (root / "plan.json").write_text(json.dumps(document))
    return folder


@pytest.fixture(scope="module")
def raw(policies: Policies, shop: Path) -> Done:
    return policies.run("raw/plan.json", "--json", cwd=shop)


def statuses(done: Done) -> Mapping[tuple[str, str], str]:
    return {(each["subject"], each["check"]): each["status"] for each in done.json["findings"]}


@pytest.mark.parametrize("address", FALSE_PASSES)
def test_what_built_in_checks_pass_though_it_is_bad_fails_here(raw: Done, address: str) -> None:
    _, ours = FALSE_PASSES[address]
    assert raw.code == 1
    assert statuses(raw)[address, ours] == Result.FAIL


def test_the_same_is_found_in_files(policies: Policies, shop: Path) -> None:
    done = policies.run("raw", "--json", cwd=shop)
    assert done.code == 1
    found = statuses(done)
    assert {found[address, ours] for address, (_, ours) in FALSE_PASSES.items()} == {Result.FAIL}


def test_checkovs_command_line_finds_the_same(raw: Done, shop: Path) -> None:
    builtins = [check for passing, _ in FALSE_PASSES.values() for check in passing]
    ours = sorted({each["check"] for each in raw.json["findings"] if each["check"][:4] == "PCI_"})
    done = subprocess.run(
        [
            *(PYTHON.with_name("checkov"), "-f", "raw/plan.json", "--framework", "terraform_plan"),
            *("--external-checks-dir", REPOSITORY / "policies/pci_dss/checks"),
            *("--check", ",".join([*builtins, *ours]), "--skip-download", "-o", "json"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=shop,
        env={"PYTHONPATH": str(REPOSITORY / "policies"), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 1, done.stderr
    results = json.loads(done.stdout)["results"]
    theirs = {
        (each["resource"], each["check_id"]): each["check_result"]["result"]
        for each in [*results["passed_checks"], *results["failed_checks"]]
    }
    for address, (passing, _) in FALSE_PASSES.items():
        assert {theirs[address, check] for check in passing} == {"PASSED"}
    decided = {
        key: {Result.PASS: "PASSED", Result.FAIL: "FAILED"}[Result(status)]
        for key, status in statuses(raw).items()
        if key[1] in ours and status != Result.NOT_EVALUATED
    }
    assert decided == {key: result for key, result in theirs.items() if key[1] in ours}


def test_a_report_says_where_why_and_what_to_do(policies: Policies, shop: Path) -> None:
    done = policies.run("raw/plan.json", cwd=shop)
    assert f"{EGRESS}  raw/main.tf:20" in done.out
    assert "FAIL PCI_3 No open egress (PCI DSS 1.3.2)" in done.out
    assert "every protocol may leave" in done.out
    assert 'ip_protocol = "-1"' in done.out
    assert "Fix: Name the protocol" in done.out
    assert "NOT-EVALUATED: what they rest on isn't known" in " ".join(done.out.split())
    assert "\x1b" not in done.out


def test_a_report_by_requirement_shows_what_is_undecided(policies: Policies, shop: Path) -> None:
    done = policies.run("raw/plan.json", "--by", "requirement", "--undecided", cwd=shop)
    _, of_egress = done.out.split("\nPCI DSS 1.3.2\n")
    assert f"  FAIL PCI_3 {EGRESS}  raw/main.tf:20" in of_egress.split("\nPCI DSS")[0]
    assert "NOT-EVALUATED CKV_AWS_24 aws_security_group.worker" in done.out


def test_a_root_of_our_modules_fails_by_nothing_of_ours(policies: Policies, shop: Path) -> None:
    done = policies.run("ledger/plan.json", "--json", cwd=shop)
    found = statuses(done)
    assert done.code == 0
    assert found["module.ledger.aws_kms_key.data_class", "CKV_AWS_7"] == Result.PASS
    assert Result.FAIL not in found.values()


def test_other_forms_say_the_same(
    policies: Policies, shop: Path, tmp_path: Path, raw: Done
) -> None:
    sarif, junit = tmp_path / "found.sarif", tmp_path / "found.xml"
    done = policies.run("raw/plan.json", "--sarif", sarif, "--junit", junit, cwd=shop)
    assert done.code == 1
    wrong = {key for key, status in statuses(raw).items() if status == Result.FAIL}
    (run,) = json.loads(sarif.read_text())["runs"]
    alerts = [each for each in run["results"] if each["kind"] == "fail"]
    assert len(alerts) == len(wrong)
    places = [each["locations"][0]["physicalLocation"] for each in alerts]
    assert {place["artifactLocation"]["uri"] for place in places} == {"raw/main.tf"}
    failures = ET.fromstring(junit.read_text()).iter("failure")  # noqa: S314 - ours
    assert len([*failures]) >= len(wrong)


def test_what_complies_ends_with_0(policies: Policies, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(TOPIC)
    done = policies.run(".", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "0 FAIL" in done.out


def test_what_is_not_known_is_not_evaluated(policies: Policies, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(UNKNOWN)
    done = policies.run(".", "--json", cwd=tmp_path)
    assert done.code == 0
    assert statuses(done)["aws_sns_topic.a", "CKV_AWS_26"] == Result.NOT_EVALUATED


def test_a_type_that_no_check_knows_is_counted(policies: Policies, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(f'{TOPIC}resource "acme_vault" "v" {{}}\n')
    done = policies.run(".", "--json", cwd=tmp_path)
    (found,) = [each for each in done.json["findings"] if each["subject"] == "acme_vault.v"]
    assert (found["status"], found["reasons"]) == (
        Result.NOT_EVALUATED,
        ["no check looks at acme_vault"],
    )


def test_a_target_that_can_not_be_judged_does_not_hide_the_others(
    policies: Policies, shop: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    (tmp_path / "empty").mkdir()
    broken.mkdir()
    (broken / "good.tf").write_text(TOPIC)
    (broken / "main.tf").write_text('resource "aws_sns_topic" "b" {\n  name = \n}\n')
    (tmp_path / "cut.json").write_bytes((shop / "raw/plan.json").read_bytes()[:-100])
    targets = [broken, tmp_path / "empty", tmp_path / "cut.json", tmp_path / "none.json"]
    done = policies.run(*targets, "raw/plan.json", "raw", "--json", cwd=shop)
    assert done.code == 2
    assert statuses(done)[EGRESS, "PCI_3"] == Result.FAIL
    unparsed, empty, cut, missing, twice = done.json["errors"]
    assert f"{broken / 'main.tf'}:2:" in unparsed
    assert "no .tf files" in empty
    assert "breaks off" in cut
    assert "can't read" in missing
    assert "raw is of raw, which was judged already" in twice


def test_errors_are_told_on_a_terminal_too(policies: Policies, tmp_path: Path) -> None:
    done = policies.run("none.json", cwd=tmp_path)
    assert done.code == 2
    assert done.err == "error: can't read none.json: No such file or directory\n"


def excepted(**different: Any) -> str:
    usual = {
        "id": "EX-1",
        "environment": "raw",
        "address": EGRESS,
        "approved": TODAY,
        "expires": TODAY,
    }
    return EXCEPTION.format(**{**usual, **different})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (excepted(), "accepted by exception EX-1"),
        (
            excepted(approved="2026-01-01", expires="2026-02-01"),
            "expired on 2026-02-01; mend the failure, or approve it again",
        ),
        (
            excepted(address="aws_vpc_security_group_egress_rule.gone"),
            "nothing was found at aws_vpc_security_group_egress_rule.gone in raw; remove it",
        ),
        (excepted(environment="other"), "Exceptions for other weren't judged"),
    ],
)
def test_exceptions_are_judged(
    policies: Policies, shop: Path, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "exceptions.toml").write_text(text)
    path = tmp_path / "exceptions.toml"
    done = policies.run("raw/plan.json", "--exceptions", path, cwd=shop)
    assert done.code == 1  # other things fail
    assert said in done.out


def test_an_exception_takes_its_failure_away_and_a_useless_one_is_a_failure(
    policies: Policies, tmp_path: Path
) -> None:
    open_egress = RAW[RAW.index('resource "aws_security_group"') : RAW.index('resource "aws_wafv2')]
    (tmp_path / "main.tf").write_text(open_egress)
    path = tmp_path / "exceptions.toml"
    codes = []
    gone = excepted(id="EX-2", environment=".", address="aws_sns_topic.gone")
    for text in ("", excepted(environment="."), excepted(environment=".") + gone):
        path.write_text(text)
        codes.append(policies.run(".", "--exceptions", path, cwd=tmp_path).code)
    assert codes == [1, 0, 1]


def test_two_exceptions_for_one_failure_are_refused(
    policies: Policies, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "exceptions.toml").write_text(excepted() + excepted(id="EX-2"))
    done = policies.run("raw", "--exceptions", tmp_path / "exceptions.toml", cwd=shop)
    assert done.code == 2
    assert "EX-1 and EX-2 are for the same" in done.err


def test_help_tells_exit_codes(policies: Policies, tmp_path: Path) -> None:
    done = policies.run("--help", cwd=tmp_path)
    assert done.code == 0
    assert [line for line in done.out.splitlines() if line.startswith(("  0  ", "  1  ", "  2  "))]


def test_one_command_judges_from_every_directory(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(TOPIC)
    done = subprocess.run(
        [REPOSITORY / "policies/check", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "0 FAIL" in done.stdout
