"""Records are written when asked, hold nothing sensitive, and stand in for Terraform."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from harness.pytest_terraform import record
from harness.terraform import SENSITIVE

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["pytester"]

RECORD = "topic/tf_resources.json"
MADE_ELSEWHERE = {
    "pytest-terraform": 1,
    "outputs": {"topic_arn": {"value": "arn:aws:sns:eu-west-1:1:desk-notices", "type": "string"}},
    "resources": {"aws_sns_topic": {"notices": {"id": "1", "name": "desk-notices"}}},
}


def without_terraform(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> pytest.RunResult:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HARNESS_TERRAFORM", "/nowhere/terraform")
    return repository.runpytest_inprocess(*arguments)


def test_recorded_by_two_workers_and_replayed(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository.path / "test_topic.py"
    repository.makepyfile(test_again=other.read_text(encoding="utf-8"))
    repository.makeconftest(
        """
        def pytest_terraform_modify_state(tfstate):
            tfstate.update(str(tfstate).replace("555555555555", "REDACTED"))
        """
    )
    recorded = repository.runpytest_subprocess("--tf-record", "-n2", "--dist=loadfile")
    recorded.assert_outcomes(passed=2)

    folder = repository.path / "topic"
    assert {path.name for path in folder.iterdir()} == {"main.tf", "tf_resources.json"}
    text = (repository.path / RECORD).read_text(encoding="utf-8")
    assert "correct horse" not in text
    assert "555555555555" not in text
    document = json.loads(text)
    assert document["resources"]["aws_ssm_parameter"]["password"]["value"] == SENSITIVE
    assert document["outputs"]["password"]["value"] == SENSITIVE
    assert document["outputs"]["topic_arn"]["value"].endswith(":REDACTED:desk-notices")

    replayed = without_terraform(repository, monkeypatch, "--tf-replay")
    replayed.assert_outcomes(passed=2)
    assert (repository.path / RECORD).read_text(encoding="utf-8") == text


def test_record_of_the_package_is_replayed(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository.path / RECORD).write_text(json.dumps(MADE_ELSEWHERE), encoding="utf-8")
    without_terraform(repository, monkeypatch, "--tf-replay").assert_outcomes(passed=1)


def test_decorator_decides_before_the_option(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository.path / RECORD).write_text(json.dumps(MADE_ELSEWHERE), encoding="utf-8")
    for replay, option, outcome in ((True, "-q", "passed"), (False, "--tf-replay", "errors")):
        repository.makepyfile(
            test_topic=f"""
            from harness.pytest_terraform import terraform

            @terraform("topic", replay={replay})
            def test_topic(topic):
                assert topic.terraform is None
            """
        )
        result = without_terraform(repository, monkeypatch, option)
        result.assert_outcomes(**{outcome: 1})


def test_missing_record_is_named(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = without_terraform(repository, monkeypatch, "--tf-replay")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"there is no record */{RECORD}; run the test with --tf-record *"])


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"pytest-terraform": 1}', '{"version": 4, "resources": []}']
)
def test_broken_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / record.FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(record.RecordError, match=r"is no record of pytest-terraform .*--tf-record"):
        record.read(tmp_path)


def test_record_and_replay_exclude_each_other(repository: pytest.Pytester) -> None:
    result = repository.runpytest_inprocess("--tf-record", "--tf-replay")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --tf-record applies folders and --tf-replay doesn't: *"])


def test_text_can_be_changed_as_a_document(tmp_path: Path) -> None:
    def scrub(text: record.RecordText) -> None:
        text.dict = text.dict | {"outputs": {"url": {"value": "scrubbed"}}}

    record.write(tmp_path, {}, scrub)
    assert record.read(tmp_path).outputs == {"url": {"value": "scrubbed"}}


def test_simultaneous_writers_leave_one_whole_record(tmp_path: Path) -> None:
    def write() -> None:
        for _ in range(20):
            record.write(tmp_path, {}, lambda _: None)
            record.read(tmp_path)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [path.name for path in tmp_path.iterdir()] == [record.FILE_NAME]
