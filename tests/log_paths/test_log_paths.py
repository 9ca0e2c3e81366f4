"""Every way from what logs to a locked bucket, and each place where it can end too early."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from harness.log_paths import Archive, log_paths, table
from harness.testing import pci

if TYPE_CHECKING:
    from harness.log_paths import LogPath
    from harness.testing import Planner

HERE = Path(__file__).parent
ACCOUNT, REGION = "222222222222", "eu-west-1"
SOURCES = {
    ("API", "access", "aws_api_gateway_stage.live"),
    ("API", "execution", "aws_api_gateway_stage.live"),
    ("VPC", "traffic", "aws_vpc.network"),
    ("build", "output", "aws_codebuild_project.release"),
    ("function", "output", "aws_lambda_function.pay"),
    ("log group", "events", "aws_cloudwatch_log_group.access"),
    ("log group", "events", "aws_cloudwatch_log_group.execution"),
    ("log group", "events", "aws_cloudwatch_log_group.flow"),
    ("log group", "events", 'aws_cloudwatch_log_group.named["/aws/codebuild/release"]'),
    ("log group", "events", 'aws_cloudwatch_log_group.named["/aws/ecs/score"]'),
    ("log group", "events", 'aws_cloudwatch_log_group.named["/aws/lambda/pay"]'),
    ("service", "output", "aws_ecs_task_definition.score"),
}


def written(directory: Path, name: str, old: str, new: str) -> Path:
    """Write one of the two roots, changed in one place at most."""
    text = (HERE / f"{name}.tf").read_text(encoding="utf-8")
    assert old in text
    root = directory / name
    root.mkdir()
    (root / "main.tf").write_text(text.replace(old, new, 1), encoding="utf-8")
    return root


class Case:
    """The workload and the archive as they are planned, each changed in at most one place."""

    def __init__(self, plan: Planner, directory: Path) -> None:
        self._plan = plan
        self._directory = directory

    def paths(
        self,
        workload: tuple[str, str] = ("", ""),
        archive: tuple[str, str] = ("", ""),
        *,
        name: str = "workload",
    ) -> dict[tuple[str, str, str], LogPath]:
        archived = self._plan(written(self._directory, "archive", *archive))
        logging = self._plan(written(self._directory, name, *workload))
        found = log_paths(
            logging.document, Archive.read(archived.document, account_id=ACCOUNT, region=REGION)
        )
        return {(path.source.kind, path.source.logs, path.source.address): path for path in found}


@pytest.fixture
def case(plan: Planner, tmp_path: Path) -> Case:
    return Case(plan, tmp_path)


@pci("10.3.3", "10.5.1")
def test_every_source_is_followed_to_its_lock(case: Case) -> None:
    found = case.paths()
    assert found.keys() == SOURCES
    assert not [path for path in found.values() if path.problem]
    assert {str(path.lock) for path in found.values()} == {"COMPLIANCE 365 days"}
    assert found["API", "access", "aws_api_gateway_stage.live"].steps == (
        "aws_cloudwatch_log_group.access",
        "aws_cloudwatch_log_account_policy.ship",
        "aws_cloudwatch_log_destination.logs",
        "aws_kinesis_firehose_delivery_stream.logs",
        "aws_s3_bucket.logs",
    )


IN_THE_WORKLOAD = {
    "no_access_log": (
        ("destination_arn = aws_cloudwatch_log_group.access.arn", 'destination_arn = ""'),
        ("API", "access"),
        "names no log group",
    ),
    "execution_log_off": (
        ('logging_level = "INFO"', 'logging_level = "OFF"'),
        ("API", "execution"),
        "logging_level",
    ),
    "execution_group_of_nobody": (
        ("_${aws_api_gateway_rest_api.api.id}/live", "_other/live"),
        ("API", "execution"),
        "before the stage makes one",
    ),
    "function_makes_its_own_group": (
        ('"/aws/lambda/pay",', ""),
        ("function", "output"),
        "/aws/lambda/pay",
    ),
    "container_without_a_log": (
        ('awslogs-group = "/aws/ecs/score"', 'awslogs-stream-prefix = "score"'),
        ("service", "output"),
        "names no log group",
    ),
    "only_what_was_refused": (
        ('traffic_type    = "ALL"', 'traffic_type    = "REJECT"'),
        ("VPC", "traffic"),
        "all but REJECT",
    ),
    "build_says_nothing": (
        ('status = "ENABLED"', 'status = "DISABLED"'),
        ("build", "output"),
        "DISABLED",
    ),
    "excluded_group": (
        ('NOT IN [\\"/delivery\\"]', 'NOT IN [\\"/aws/lambda/pay\\"]'),
        ("function", "output"),
        "no subscription",
    ),
}


@pci("10.2.1", "10.3.3")
@pytest.mark.parametrize("name", IN_THE_WORKLOAD)
def test_a_source_without_a_way_is_an_orphan(case: Case, name: str) -> None:
    change, (kind, logs), words = IN_THE_WORKLOAD[name]
    orphans = [path for path in case.paths(workload=change).values() if path.problem]
    own = [path for path in orphans if (path.source.kind, path.source.logs) == (kind, logs)]
    assert len(own) == 1, orphans
    assert words in own[0].problem
    # An excluded group is an orphan itself, beside what logs to it; nothing else is.
    assert {path.source.kind for path in orphans} <= {kind, "log group"}


@pci("10.2.1", "10.3.3")
def test_a_firewalls_log_is_followed(case: Case) -> None:
    found = case.paths(name="firewall")
    assert str(found["web ACL", "traffic", "aws_wafv2_web_acl.edge"].lock) == "COMPLIANCE 365 days"


@pci("10.2.1", "10.3.3")
def test_a_firewall_that_logs_nowhere_is_an_orphan(case: Case) -> None:
    change = (
        "aws_wafv2_web_acl.edge.arn",
        '"arn:aws:wafv2:eu-west-1:444444444444:regional/webacl/a/b"',
    )
    path = case.paths(change, name="firewall")["web ACL", "traffic", "aws_wafv2_web_acl.edge"]
    assert "no aws_wafv2_web_acl_logging_configuration" in path.problem


FOR_ALL = {
    "some_lines_only": (
        {"workload": ('FilterPattern  = ""', 'FilterPattern  = "ERROR"')},
        "no sub",
    ),
    "another_account": ({"workload": (ACCOUNT, "999999999999")}, "isn't in the log archive"),
    "another_region": ({"workload": (f"logs:{REGION}", "logs:us-east-1")}, "in eu-west-1"),
    "unknown_destination": ({"workload": ("destination:logs", "destination:log")}, "no such"),
    "nobody_may_write": (
        {"archive": ("aws_cloudwatch_log_destination.logs.name", '"another"')},
        "no destination policy",
    ),
    "no_stream": (
        {"archive": ("aws_kinesis_firehose_delivery_stream.logs.arn", '"arn:aws:kinesis:::s"')},
        "not to one aws_kinesis_firehose_delivery_stream",
    ),
    "bucket_of_somebody": (
        {"archive": ("aws_s3_bucket.logs.arn", '"arn:aws:s3:::somebodys"')},
        "not to one aws_s3_bucket",
    ),
    "unlocked_bucket": (
        {"archive": ("aws_s3_bucket.logs.id", "aws_s3_bucket.other.id")},
        "aren't locked",
    ),
}


@pci("10.3.1", "10.3.2", "10.3.3")
@pytest.mark.parametrize("name", FOR_ALL)
def test_a_broken_way_makes_orphans_of_all(case: Case, name: str) -> None:
    changes, words = FOR_ALL[name]
    unchanged = ("", "")
    found = case.paths(changes.get("workload", unchanged), changes.get("archive", unchanged))
    assert found.keys() == SOURCES
    assert all(words in path.problem for path in found.values()), found


def test_orphans_stand_first_and_say_why(case: Case) -> None:
    change, _, words = IN_THE_WORKLOAD["only_what_was_refused"]
    console = Console(width=160, record=True)
    console.print(table(case.paths(workload=change).values()))
    _, first, second, *_ = console.export_text().splitlines()
    assert first.startswith("VPC")
    assert words in first
    assert "logs, COMPLIANCE 365 days" in second
